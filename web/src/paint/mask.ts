/** Which part of a picture is painted: `look/mask.py`. The blur is Pillow's `GaussianBlur` (BoxBlur.c), bit for bit. */

import type { Gray } from "./pixels.js";
import { BILINEAR, resizeGray } from "./resample.js";
import { FEATHER } from "./options.js";
import type { Size } from "./stroke.js";

const PASSES = 3;

/** The mask as it is laid over a picture. */
export function fitted(mask: Gray, [width, height]: Size, feather: number | null, invert: boolean): Gray {
  const sized = resizeGray(mask, width, height, BILINEAR);
  const radius = (feather ?? FEATHER * Math.min(height, width)) / 2;
  const data = radius > 0 ? blurred(sized, radius) : sized.data;
  return { data: invert ? data.map((value) => 255 - value) : data, width, height };
}

/** Three box blurs whose variance is the Gaussian's. */
function blurred({ data, width, height }: Gray, deviation: number): Uint8Array<ArrayBuffer> {
  const variance = deviation ** 2 / PASSES;
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const rest = ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) ** 2));
  const radius = Math.fround(whole + rest);
  const out = data.slice();
  const line = new Uint8Array(Math.max(width, height));
  for (let y = 0; y < height; y += 1) blurLine(out, y * width, 1, width, radius, line);
  for (let x = 0; x < width; x += 1) blurLine(out, x, width, height, radius, line);
  return out;
}

/** In place; beyond the ends the last value repeats. */
function blurLine(
  data: Uint8Array,
  start: number,
  step: number,
  size: number,
  radius: number,
  line: Uint8Array,
): void {
  const whole = Math.trunc(radius);
  const weight = Math.trunc(2 ** 24 / (radius * 2 + 1));
  const outer = Math.trunc((2 ** 24 - (whole * 2 + 1) * weight) / 2);
  const last = size - 1;
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (let k = 0, at = start; k < size; k += 1, at += step) line[k] = data[at]!;
    let sum = 0;
    for (let k = -whole - 1; k < whole; k += 1) sum += line[k < 0 ? 0 : k > last ? last : k]!;
    for (let k = 0, at = start; k < size; k += 1, at += step) {
      const left = k - whole - 1;
      const right = k + whole;
      const dropped = line[left < 0 ? 0 : left]!;
      const added = line[right > last ? last : right]!;
      const beyond = line[right + 1 > last ? last : right + 1]!;
      sum += added - dropped;
      data[at] = Math.floor((sum * weight + (dropped + beyond) * outer + 2 ** 23) / 2 ** 24);
    }
  }
}
