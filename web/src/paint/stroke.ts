/**
 * Strokes of one size whatever the resolution: `look/stroke.py`, which says how and why.
 *
 *     result = up(painted) + a · D,    D = Y − up(reduced Y),    Y the photograph's luminance
 */

import { luminanceOf, rgbOf } from "./pixels.js";
import type { Plane, Rgb, Rgba } from "./pixels.js";
import {
  BICUBIC,
  BILINEAR,
  Columns,
  LANCZOS,
  alongRows,
  numbersAlongRows,
  numbersOfRow,
  reducePlane,
  reduceRgba,
  resizeRgb,
  taps,
} from "./resample.js";
import type { Taps } from "./resample.js";
import { SMALLEST_SIDE } from "./options.js";

const BLOCK = 3;
const EPSILON = (0.02 * 255) ** 2;

export type Size = readonly [width: number, height: number];

/** Halves go to the even number, as Python rounds. */
function rounded(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

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

/** How each channel of a painting follows a luminance, for blocks of `BLOCK` × `BLOCK` pixels. */
export function slopes(luminance: Plane, painted: Rgb, share: number): Plane[] {
  const mean = windowMean(reducePlane(luminance, BLOCK));
  const square = windowMean(reducePlane(mapped(luminance, (y) => y * y), BLOCK));
  return [0, 1, 2].map((channel) => {
    const values = mapped(luminance, (_, at) => painted.data[at * 3 + channel]!);
    const product = windowMean(reducePlane(mapped(luminance, (y, at) => y * values.data[at]!), BLOCK));
    const painting = windowMean(reducePlane(values, BLOCK));
    return windowMean(
      mapped(mean, (m, at) => {
        const variance = Math.max(square.data[at]! - m * m, 0);
        return (product.data[at]! - m * painting.data[at]! + EPSILON * share) / (variance + EPSILON);
      }),
    );
  });
}

function mapped(plane: Plane, value: (here: number, at: number) => number): Plane {
  const { data, width, height } = plane;
  const out = new Float32Array(data.length);
  for (let at = 0; at < out.length; at += 1) out[at] = value(data[at]!, at);
  return { data: out, width, height };
}

/** The mean over 3 × 3 values; the border repeats. */
function windowMean(plane: Plane): Plane {
  const { width, height } = plane;
  const down = new Float32Array(width * height);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x += 1) {
      down[y * width + x] = (plane.data[above + x]! + plane.data[y * width + x]! + plane.data[below + x]!) / 3;
    }
  }
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      const sum = down[row + Math.max(0, x - 1)]! + down[row + x]! + down[row + Math.min(width - 1, x + 1)]!;
      out[row + x] = sum / 3;
    }
  }
  return { data: out, width, height };
}

/** Brings a painting of the reduced photograph to the photograph's size, row by row. */
export class Enlarger {
  private readonly painted: Columns;
  private readonly luminance: Plane;
  private readonly luminanceTaps: Taps;
  private readonly slopes: Plane[];
  private readonly slopeTaps: Taps;
  private readonly detail: Float32Array;
  private readonly smooth: Float32Array;
  private readonly slope: Float32Array;

  /**
   * @param seen the reduced photograph.
   * @param painted its painting.
   * @param size of the photograph.
   * @param share of the photograph in `painted`, 0..1: the slope where a window is plain.
   */
  constructor(seen: Rgb, painted: Rgb, [width, height]: Size, share: number) {
    const across = taps(painted.width, painted.width, width, BICUBIC);
    const rows = alongRows(painted.data, painted.height, painted.width, 3, across);
    this.luminanceTaps = taps(painted.height, painted.height, height, BICUBIC);
    this.painted = new Columns(rows, width * 3, this.luminanceTaps);
    const luminance = luminanceOf(seen);
    this.luminance = numbersAlongRows(luminance, across);
    const found = slopes(luminance, painted, share);
    const { width: w, height: h } = found[0]!;
    const slopesAcross = taps(w, painted.width / BLOCK, width, BILINEAR);
    this.slopes = found.map((slope) => numbersAlongRows(slope, slopesAcross));
    this.slopeTaps = taps(h, painted.height / BLOCK, height, BILINEAR);
    [this.detail, this.smooth, this.slope] = [0, 1, 2].map(() => new Float32Array(width)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
  }

  /** Row `y` of the result into `out`, [W, 3], not clipped to 0..255; `photo` is the photograph's row, RGBA. */
  row(y: number, photo: Uint8ClampedArray, out: Float32Array): void {
    const { detail, smooth, slope } = this;
    numbersOfRow(this.luminance, this.luminanceTaps, y, smooth);
    for (let x = 0, at = 0; x < detail.length; x += 1, at += 4) {
      detail[x] = (299 * photo[at]! + 587 * photo[at + 1]! + 114 * photo[at + 2]!) / 1000 - smooth[x]!;
    }
    this.painted.row(y, out);
    for (let channel = 0; channel < 3; channel += 1) {
      numbersOfRow(this.slopes[channel]!, this.slopeTaps, y, slope);
      for (let x = 0, to = channel; x < detail.length; x += 1, to += 3) out[to]! += slope[x]! * detail[x]!;
    }
  }
}
