/** Pictures enlarged row by row, in whole numbers of 16 bits: `look/enlarging.py`, number for number. */

import { BICUBIC, BILINEAR, alongRows, rounded, sumsAlongRows, taps } from "./resample.js";
import type { Size } from "./stroke.js";

/** Of a byte; values less it have a sign. */
export const MIDDLE = 128;
/** After the point in a weight. */
export const BITS = 7;

interface Kernel {
  /** How much a pixel counts at a distance, in pixels. */
  readonly weight: (distance: number) => number;
  readonly reach: number;
  readonly pillow: typeof BICUBIC;
}

export const LINEAR: Kernel = { weight: (d) => Math.max(1 - d, 0), reach: 1, pillow: BILINEAR };
export const CUBIC: Kernel = {
  weight: (d) => (d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0),
  reach: 2,
  pillow: BICUBIC,
};

/** What is enlarged: bytes of some channels. */
export interface Bytes {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** For each place along an axis: `each` places that it is made of, and their weights. */
interface Places {
  readonly each: number;
  readonly from: Int32Array;
  readonly weights: Int16Array;
}

/** A picture at a larger size. */
export class Enlarged {
  /** Less `MIDDLE`, [its rows, W · channels]. */
  private readonly wide: Int16Array;
  private readonly values: number;
  private readonly rows: Places;

  /**
   * @param small [w, h], what becomes `size`.
   * @param block the image's pixels stand for blocks of so many pixels of the small picture, and the last ones may reach
   *   beyond it.
   * @param beyond whether values less than 0 and greater than 255, which `CUBIC` makes of edges, stay between columns
   *   and rows; of one channel.
   */
  constructor(image: Bytes, [w, h]: Size, [width, height]: Size, kernel: Kernel, block = 1, beyond = false) {
    const { data, channels } = image;
    this.values = width * channels;
    if (height % h === 0 && width % w === 0) {
      this.wide = widened(image, byWholeFactor(kernel, image.width, (width / w) * block, width), beyond);
      this.rows = byWholeFactor(kernel, image.height, (height / h) * block, height);
    } else {
      const across = taps(image.width, w / block, width, kernel.pillow);
      const found = beyond
        ? sumsAlongRows(data, image.height, image.width, across).map(rounded)
        : alongRows(data, image.height, image.width, channels, across);
      this.wide = new Int16Array(found.length);
      for (let at = 0; at < found.length; at += 1) this.wide[at] = found[at]! - MIDDLE;
      this.rows = byAnyFactor(kernel, image.height, h / block, height);
    }
  }

  /** Row `y`, less `MIDDLE` and with `BITS` after the point. */
  row(y: number, out: Int16Array): void {
    const { wide, values } = this;
    const { each, from, weights } = this.rows;
    out.fill(0);
    for (let k = 0, at = y * each; k < each; k += 1, at += 1) {
      const weight = weights[at]!;
      const start = from[at]! * values;
      if (weight !== 0) for (let x = 0; x < values; x += 1) out[x]! += wide[start + x]! * weight;
    }
  }
}

/** Round to a value with so many bits less. */
export function dropBits(value: number, bits: number): number {
  return (value + (1 << (bits - 1))) >> bits;
}

function widened({ data, width, height, channels }: Bytes, places: Places, beyond: boolean): Int16Array {
  const { each, from, weights } = places;
  const made = from.length / each;
  const out = new Int16Array(height * made * channels);
  for (let row = 0, to = 0; row < height; row += 1) {
    const start = row * width * channels;
    for (let place = 0; place < made; place += 1) {
      for (let channel = 0; channel < channels; channel += 1, to += 1) {
        let sum = 0;
        for (let at = place * each; at < (place + 1) * each; at += 1) {
          sum += (data[start + from[at]! * channels + channel]! - MIDDLE) * weights[at]!;
        }
        const value = dropBits(sum, BITS);
        out[to] = beyond ? value : Math.max(-MIDDLE, Math.min(MIDDLE - 1, value));
      }
    }
  }
  return out;
}

/** Every pixel becomes `factor`, as far as `made` reaches; beyond the ends the last one repeats. */
function byWholeFactor(kernel: Kernel, size: number, factor: number, made: number): Places {
  const each = 2 * kernel.reach;
  const phases = Array.from({ length: factor }, (_, phase) => {
    const [first, exact] = neighbors(kernel, (phase + 0.5) / factor);
    return [first, whole(exact)] as const;
  });
  const [from, weights] = [new Int32Array(made * each), new Int16Array(made * each)];
  for (let place = 0; place < made; place += 1) {
    const [first, own] = phases[place % factor]!;
    const begin = Math.floor(place / factor) + first;
    for (let k = 0; k < each; k += 1) from[place * each + k] = within(begin + k, size);
    weights.set(own, place * each);
  }
  return { each, from, weights };
}

/** `length` pixels become `made`; what lies beyond the ends has no weight. */
function byAnyFactor(kernel: Kernel, size: number, length: number, made: number): Places {
  const each = 2 * kernel.reach;
  const [from, weights] = [new Int32Array(made * each), new Int16Array(made * each)];
  for (let place = 0; place < made; place += 1) {
    const [first, exact] = neighbors(kernel, (place + 0.5) * (length / made));
    for (let k = 0; k < each; k += 1) {
      from[place * each + k] = within(first + k, size);
      if (from[place * each + k] !== first + k) exact[k] = 0;
    }
    weights.set(whole(exact), place * each);
  }
  return { each, from, weights };
}

function within(place: number, size: number): number {
  return Math.max(0, Math.min(size - 1, place));
}

/** The first of the pixels that a place is made of, and the weights of all. */
function neighbors({ weight, reach }: Kernel, center: number): [first: number, weights: number[]] {
  const first = Math.floor(center - reach + 0.5);
  return [first, Array.from({ length: 2 * reach }, (_, k) => weight(Math.abs(first + k + 0.5 - center)))];
}

/** The nearest whole numbers that sum to 1, with `BITS` after the point. */
function whole(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, one) => total + one, 0);
  const exact = weights.map((one) => one * (2 ** BITS / sum));
  const result = exact.map(rounded);
  result[exact.indexOf(Math.max(...exact))]! += 2 ** BITS - result.reduce((total, one) => total + one, 0);
  return result;
}
