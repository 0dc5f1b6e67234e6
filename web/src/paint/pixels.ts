/** Pictures as plain bytes, without anything of the browser. */

/** RGBA, four bytes a pixel, row after row, not premultiplied: what a canvas gives and takes. */
export interface Rgba {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** RGB, three bytes a pixel: what the network gives and takes. */
export interface Rgb {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** One byte a pixel: a mask, 255 for the style, or a luminance. */
export interface Gray {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** The colors without alpha. */
export function rgbOf(picture: Rgba): Rgb {
  const { data, width, height } = picture;
  const out = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
  }
  return { data: out, width, height };
}

/** Opaque RGBA. */
export function rgbaOf(picture: Rgb): Rgba {
  const { data, width, height } = picture;
  const out = new Uint8ClampedArray(width * height * 4);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
    out[to + 3] = 255;
  }
  return { data: out, width, height };
}

/** Luminance of BT.601 as Pillow's `convert("L")` has it. */
export function luminanceAt(data: Uint8Array | Uint8ClampedArray, at: number): number {
  return (19595 * data[at]! + 38470 * data[at + 1]! + 7471 * data[at + 2]! + 0x8000) >> 16;
}

export function luminanceOf(picture: Rgb): Gray {
  const { data, width, height } = picture;
  const out = new Uint8Array(width * height);
  for (let from = 0, to = 0; to < out.length; from += 3, to += 1) out[to] = luminanceAt(data, from);
  return { data: out, width, height };
}

/**
 * Give fully transparent pixels the mean visible color, in place.
 *
 * What lies there is arbitrary, often black, and would leak into the norms' statistics (`picture/srgb.py`).
 */
export function fillInvisible(picture: Rgba): void {
  const { data } = picture;
  const total = [0, 0, 0];
  let visible = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]! > 0) {
      visible += 1;
      for (let c = 0; c < 3; c += 1) total[c]! += data[at + c]!;
    }
  }
  if (visible === 0 || visible * 4 === data.length) return;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) for (let c = 0; c < 3; c += 1) data[at + c] = total[c]! / visible;
  }
}
