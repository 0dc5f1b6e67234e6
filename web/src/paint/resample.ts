/**
 * Pillow's resampling, bit for bit where pixels are bytes: `Image.resize` and `Image.reduce` (Resample.c, Reduce.c).
 *
 * Bytes are weighed with whole numbers of 22 binary places, first along the rows, then along the columns, and rounded
 * after each; floats are summed in double precision and rounded to single after each.
 */

import type { Gray, Rgb, Rgba } from "./pixels.js";

interface Kernel {
  readonly support: number;
  weight(x: number): number;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

export const BILINEAR: Kernel = {
  support: 1,
  weight: (x) => Math.max(0, 1 - Math.abs(x)),
};

export const BICUBIC: Kernel = {
  support: 2,
  weight: (x) => {
    const a = -0.5;
    const d = Math.abs(x);
    if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
  },
};

export const LANCZOS: Kernel = {
  support: 3,
  weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/** For each place of a row that is made: the first place that it takes from, how many, and with which weights. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
  readonly most: number;
}

/** Bytes are weighed with so many binary places; their sums fit in 32 bits. */
const BITS = 22;

/**
 * @param size of what is resampled, in pixels along this axis.
 * @param end where the part of it ends that is taken, from 0; a fraction of a pixel is allowed.
 * @param made how many places it becomes.
 */
export function taps(size: number, end: number, made: number, kernel: Kernel): Taps {
  const scale = Math.fround(end) / made;
  const stretch = Math.max(scale, 1);
  const support = kernel.support * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(made);
  const count = new Int32Array(made);
  const weights = new Float64Array(made * most);
  for (let place = 0; place < made; place += 1) {
    const center = (place + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const number = Math.min(size, Math.trunc(center + support + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < number; k += 1) {
      const weight = kernel.weight((k + from - center + 0.5) / stretch);
      weights[place * most + k] = weight;
      sum += weight;
    }
    if (sum !== 0) for (let k = 0; k < number; k += 1) weights[place * most + k]! /= sum;
    first[place] = from;
    count[place] = number;
  }
  return { first, count, weights, most };
}

/** The weights as whole numbers, for bytes. */
function whole(given: Taps): Int32Array {
  return Int32Array.from(given.weights, (weight) => Math.trunc(weight * 2 ** BITS + (weight < 0 ? -0.5 : 0.5)));
}

/** Rows of bytes with another width: [rows, size, channels] -> [rows, made, channels]. */
export function alongRows(
  data: Uint8Array<ArrayBuffer>,
  rows: number,
  size: number,
  channels: number,
  given: Taps,
): Uint8Array<ArrayBuffer> {
  const weights = whole(given);
  const made = given.first.length;
  const out = new Uint8ClampedArray(rows * made * channels);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const start = row * size * channels;
    for (let place = 0; place < made; place += 1) {
      const from = start + given.first[place]! * channels;
      const number = given.count[place]!;
      const base = place * given.most;
      for (let channel = 0; channel < channels; channel += 1, to += 1) {
        let sum = 1 << (BITS - 1);
        for (let k = 0, at = from + channel; k < number; k += 1, at += channels) {
          sum = (sum + data[at]! * weights[base + k]!) | 0;
        }
        out[to] = sum >> BITS;
      }
    }
  }
  return new Uint8Array(out.buffer);
}

/** One row of what `alongRows` made, at a place along the columns; `values` is how many bytes a row has. */
export class Columns {
  private readonly weights: Int32Array;

  constructor(
    private readonly data: Uint8Array<ArrayBuffer>,
    private readonly values: number,
    private readonly given: Taps,
  ) {
    this.weights = whole(given);
  }

  /** Writes into `out` from `to` on. */
  row(place: number, out: Uint8ClampedArray | Uint8Array | Float32Array, to = 0): void {
    const { data, values, weights, given } = this;
    const number = given.count[place]!;
    const base = place * given.most;
    const from = given.first[place]! * values;
    for (let x = 0; x < values; x += 1) {
      let sum = 1 << (BITS - 1);
      for (let k = 0, at = from + x; k < number; k += 1, at += values) sum = (sum + data[at]! * weights[base + k]!) | 0;
      const byte = sum >> BITS;
      out[to + x] = byte < 0 ? 0 : byte > 255 ? 255 : byte;
    }
  }
}

/** As `alongRows` of one channel, neither rounded to bytes nor cut off: Pillow's way with numbers. */
export function sumsAlongRows(data: Uint8Array, rows: number, size: number, given: Taps): Float32Array<ArrayBuffer> {
  const made = given.first.length;
  const out = new Float32Array(rows * made);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let place = 0; place < made; place += 1, to += 1) {
      let sum = 0;
      const from = row * size + given.first[place]!;
      for (let k = 0; k < given.count[place]!; k += 1) sum += data[from + k]! * given.weights[place * given.most + k]!;
      out[to] = sum;
    }
  }
  return out;
}

/** Halves go to the even number, as Python rounds. */
export function rounded(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function resized(
  data: Uint8Array<ArrayBuffer>,
  [width, height]: readonly [number, number],
  channels: number,
  [wide, high]: readonly [number, number],
  kernel: Kernel,
): Uint8Array<ArrayBuffer> {
  const rows = wide === width ? data : alongRows(data, height, width, channels, taps(width, width, wide, kernel));
  if (high === height) return rows;
  const columns = new Columns(rows, wide * channels, taps(height, height, high, kernel));
  const out = new Uint8Array(high * wide * channels);
  for (let row = 0; row < high; row += 1) columns.row(row, out, row * wide * channels);
  return out;
}

export function resizeRgb(picture: Rgb, width: number, height: number, kernel: Kernel): Rgb {
  const data = resized(picture.data, [picture.width, picture.height], 3, [width, height], kernel);
  return { data, width, height };
}

export function resizeGray(picture: Gray, width: number, height: number, kernel: Kernel): Gray {
  const data = resized(picture.data, [picture.width, picture.height], 1, [width, height], kernel);
  return { data, width, height };
}

/** The means of blocks of `factor` × `factor` pixels, without alpha; those at the end are smaller. */
export function reduceRgba(picture: Rgba, factor: number): Rgb {
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const out = new Uint8Array(width * height * 3);
  for (let row = 0, to = 0; row < height; row += 1) {
    const bottom = Math.min(picture.height, (row + 1) * factor);
    for (let column = 0; column < width; column += 1, to += 3) {
      const right = Math.min(picture.width, (column + 1) * factor);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = row * factor; y < bottom; y += 1) {
        let at = (y * picture.width + column * factor) * 4;
        for (let x = column * factor; x < right; x += 1, at += 4) {
          red += picture.data[at]!;
          green += picture.data[at + 1]!;
          blue += picture.data[at + 2]!;
        }
      }
      const count = (bottom - row * factor) * (right - column * factor);
      const multiplier = Math.floor(2 ** 24 / count);
      const half = Math.floor(count / 2);
      out[to] = Math.floor(((red + half) * multiplier) / 2 ** 24);
      out[to + 1] = Math.floor(((green + half) * multiplier) / 2 ** 24);
      out[to + 2] = Math.floor(((blue + half) * multiplier) / 2 ** 24);
    }
  }
  return { data: out, width, height };
}
