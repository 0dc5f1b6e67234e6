/**
 * Strokes of one size whatever the resolution: `look/stroke.py`, which says how and why.
 *
 *     result = up(painted) + a · D,    D = Y − up(reduced Y),    Y the photograph's luminance
 */

import { BITS, CUBIC, Enlarged, LINEAR, MIDDLE, dropBits } from "./enlarging.js";
import { SMALLEST_SIDE } from "./options.js";
import { luminanceAt, luminanceOf, rgbOf } from "./pixels.js";
import type { Gray, Rgb, Rgba } from "./pixels.js";
import { LANCZOS, reduceRgba, resizeRgb, rounded } from "./resample.js";

const BLOCK = 3;
const EPSILON = (0.02 * 255) ** 2;

export type Size = readonly [width: number, height: number];

/** What the network sees of a picture, or null if the picture stays as it is. */
export function reducedSize([width, height]: Size, longest: number): Size | null {
  const scale = longest / Math.max(width, height);
  if (scale >= 0.8) return null;
  return [Math.max(SMALLEST_SIDE, rounded(width * scale)), Math.max(SMALLEST_SIDE, rounded(height * scale))];
}

/** Whole multiples are averaged: all of it by a whole number, otherwise to twice the size wanted; the rest is Lanczos. */
export function reduce(photo: Rgba, [width, height]: Size): Rgb {
  const whole = Math.floor(photo.height / height);
  if (photo.height === height * whole && photo.width === width * whole) return reduceRgba(photo, whole);
  const factor = Math.min(Math.floor(photo.height / (2 * height)), Math.floor(photo.width / (2 * width)));
  return resizeRgb(factor > 1 ? reduceRgba(photo, factor) : rgbOf(photo), width, height, LANCZOS);
}

/** One number for each block of `BLOCK` × `BLOCK` pixels. */
interface Blocks {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** How each channel of a painting follows a luminance. */
function slopes(luminance: Gray, painted: Rgb, share: number): Blocks[] {
  const light = (at: number): number => luminance.data[at]!;
  const mean = windowMean(blockMean(luminance, light));
  const square = windowMean(blockMean(luminance, (at) => light(at) ** 2));
  const [gain, most] = [Math.fround(EPSILON * share), Math.fround(EPSILON)];
  return [0, 1, 2].map((channel) => {
    const color = (at: number): number => painted.data[at * 3 + channel]!;
    const painting = windowMean(blockMean(luminance, color));
    const product = windowMean(blockMean(luminance, (at) => light(at) * color(at)));
    const { width, height } = mean;
    const data = mean.data.map((m, at) => {
      const variance = Math.max(minus(square.data[at]!, m, m), 0);
      return Math.fround(minus(product.data[at]!, painting.data[at]!, m) + gain) / Math.fround(variance + most);
    });
    return windowMean({ data, width, height });
  });
}

/** a − b · c in single precision, as Python has it. */
function minus(a: number, b: number, c: number): number {
  return Math.fround(a - Math.fround(b * c));
}

/** The mean of a value over whole blocks; the border repeats. */
function blockMean({ width: w, height: h }: Gray, value: (at: number) => number): Blocks {
  const [width, height] = [Math.ceil(w / BLOCK), Math.ceil(h / BLOCK)];
  const data = new Float32Array(width * height);
  for (let row = 0, to = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, to += 1) {
      let sum = 0;
      for (let k = 0; k < BLOCK * BLOCK; k += 1) {
        const y = Math.min(h - 1, row * BLOCK + Math.floor(k / BLOCK));
        sum += value(y * w + Math.min(w - 1, column * BLOCK + (k % BLOCK)));
      }
      data[to] = sum / (BLOCK * BLOCK);
    }
  }
  return { data, width, height };
}

/** The mean over 3 × 3 values; the border repeats. */
function windowMean({ data, width, height }: Blocks): Blocks {
  const down = new Float32Array(width * height);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x += 1) {
      down[y * width + x] = Math.fround(data[above + x]! + data[y * width + x]!) + data[below + x]!;
    }
  }
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      const two = Math.fround(down[row + Math.max(0, x - 1)]! + down[row + x]!);
      out[row + x] = Math.fround(two + down[row + Math.min(width - 1, x + 1)]!) / 9;
    }
  }
  return { data: out, width, height };
}

/** Brings a painting of the reduced photograph to the photograph's size, row by row. */
export class Enlarger {
  private readonly colors: Enlarged;
  private readonly luminance: Enlarged;
  private readonly slopes: Enlarged;
  /** After the point in a slope: with them it fits in a byte, and times detail in 16 bits. */
  private readonly bits: number;
  /** Rows of the slopes for so many of the result: between rows of the small picture they change little. */
  private readonly heights: readonly [slopes: number, result: number];
  private readonly color: Int16Array;
  private readonly smooth: Int16Array;
  private readonly slope: Int16Array;
  private slopesFrom = -1;

  /**
   * @param seen the reduced photograph.
   * @param painted its painting.
   * @param size of the photograph.
   * @param share of the photograph in `painted`, 0..1: the slope where a window is plain.
   */
  constructor(seen: Rgb, painted: Rgb, size: Size, share: number) {
    const [width, height] = size;
    const small = [painted.width, painted.height] as const;
    const luminance = luminanceOf(seen);
    this.colors = new Enlarged({ ...painted, channels: 3 }, small, size, CUBIC);
    this.luminance = new Enlarged({ ...luminance, channels: 1 }, small, size, CUBIC, 1, true);
    const found = slopes(luminance, painted, share);
    const most = found.reduce((so, { data }) => data.reduce((far, one) => Math.max(far, Math.abs(one)), so), 1);
    this.bits = Math.floor(Math.log2(127 / most));
    const { width: across, height: down } = found[0]!;
    const data = new Uint8Array(across * down * 3);
    found.forEach((slope, channel) => {
      for (let at = 0; at < slope.data.length; at += 1) {
        data[at * 3 + channel] = rounded(slope.data[at]! * 2 ** this.bits) + MIDDLE;
      }
    });
    const rows = height % painted.height === 0 ? painted.height : height;
    this.slopes = new Enlarged({ data, width: across, height: down, channels: 3 }, small, [width, rows], LINEAR, BLOCK);
    this.heights = [rows, height];
    [this.color, this.smooth, this.slope] = [new Int16Array(width * 3), new Int16Array(width), new Int16Array(width * 3)];
  }

  /** Row `y` of the result into `out`, [W, 3]; `photo` is the photograph's row, RGBA. */
  row(y: number, photo: Uint8ClampedArray, out: Float32Array): void {
    const { color, smooth, slope } = this;
    const bits = this.bits - 1; // one less leaves room for the sum in Python's 16 bits
    const half = (MIDDLE << bits) + (1 << (bits - 1));
    this.colors.row(y, color);
    this.luminance.row(y, smooth);
    const from = Math.floor((y * this.heights[0]) / this.heights[1]);
    if (from !== this.slopesFrom) this.slopes.row(from, slope);
    this.slopesFrom = from;
    for (let x = 0, at = 0; x < smooth.length; x += 1) {
      const there = luminanceAt(photo, x * 4) - dropBits(smooth[x]!, BITS) - MIDDLE;
      const detail = there < -255 ? -255 : there > 255 ? 255 : there; // more comes from the kernel's overshoot
      for (let channel = 0; channel < 3; channel += 1, at += 1) {
        const change = (dropBits(slope[at]!, BITS) * detail) >> 1;
        const value = ((color[at]! >> (BITS - bits)) + change + half) >> bits;
        out[at] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}
