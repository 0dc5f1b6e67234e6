/** How the choices of a look come together over the network's result: `look/painting.py`. */

import { recoloring } from "./color.js";
import type { Recolor } from "./color.js";
import { fitted } from "./mask.js";
import { PHOTO, mixture, shareOfPhoto } from "./mixture.js";
import { STROKE } from "./options.js";
import type { Color, Look } from "./options.js";
import type { Gray, Rgb, Rgba } from "./pixels.js";
import { Enlarger, reducedSize } from "./stroke.js";
import type { Size } from "./stroke.js";

export type Mixture = Float32Array<ArrayBuffer>;
export type Network = (picture: Rgb, style: Mixture) => Promise<Rgb>;

/** Rows between two looks at whether anybody still waits for the result. */
const ROWS = 64;

/** The size of what the network sees of a picture, or null if that is the picture itself. */
export function seenSize(size: Size, look: Look): Size | null {
  return reducedSize(size, look.stroke === "auto" ? STROKE : look.stroke);
}

/**
 * Paint one picture.
 *
 * @param photo the picture, or a copy of another size, at whose size the result comes.
 * @param seen what the network sees of it; of another size than `photo`, the painting is enlarged.
 * @param pause is awaited now and then, with how much is done, and may throw if the result is no longer wanted.
 */
export async function paint(
  photo: Rgba,
  seen: Rgb,
  look: Look,
  mask: Gray | null,
  names: readonly string[],
  network: Network,
  pause: (share: number) => Promise<void> = async () => {},
): Promise<Rgba> {
  const { width, height } = photo;
  const enlarged = seen.width !== width || seen.height !== height;
  const layers: (Layer | null)[] = [];
  for (const style of mask === null ? [look.style] : [look.style, look.mask_style]) {
    const mixed = style === null ? null : mixture(names, style, look.strength);
    if (mixed === null || mixed[PHOTO] === 1) layers.push(null);
    else {
      await pause(0);
      const painted = await network(seen, mixed);
      layers.push(new Layer(photo, seen, painted, shareOfPhoto(mixed), look.color, enlarged));
    }
  }
  const laid = mask === null ? null : fitted(mask, [width, height], look.feather, look.invert_mask);
  const out = new Uint8ClampedArray(width * height * 4);
  const over = new Float32Array(width * 3);
  const under = new Float32Array(width * 3);
  for (let y = 0; y < height; y += 1) {
    if (y % ROWS === 0) await pause(y / height);
    const start = y * width * 4;
    const row = photo.data.subarray(start, start + width * 4);
    layerRow(layers[0]!, y, row, over);
    if (laid !== null) {
      layerRow(layers[1]!, y, row, under);
      blend(laid.data.subarray(y * width, (y + 1) * width), over, under);
    }
    for (let from = 0, to = start; from < over.length; from += 3, to += 4) {
      out[to] = over[from]!;
      out[to + 1] = over[from + 1]!;
      out[to + 2] = over[from + 2]!;
      out[to + 3] = photo.data[to + 3]!;
    }
  }
  return { data: out, width, height };
}

function layerRow(layer: Layer | null, y: number, photo: Uint8ClampedArray, out: Float32Array): void {
  if (layer !== null) layer.row(y, photo, out);
  else {
    for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
      out[to] = photo[from]!;
      out[to + 1] = photo[from + 1]!;
      out[to + 2] = photo[from + 2]!;
    }
  }
}

/** `over` where the mask is white, `under` where it is black; into `over`. */
function blend(mask: Uint8Array, over: Float32Array, under: Float32Array): void {
  for (let x = 0, at = 0; x < mask.length; x += 1) {
    const share = mask[x]! / 255;
    for (let channel = 0; channel < 3; channel += 1, at += 1) {
      over[at] = share * over[at]! + (1 - share) * under[at]!;
    }
  }
}

/** One painting of a photograph, at the photograph's size and in the colors wanted. */
class Layer {
  private readonly enlarger: Enlarger | null;
  private readonly recolor: Recolor;

  constructor(photo: Rgba, seen: Rgb, private readonly painted: Rgb, share: number, color: Color, enlarged: boolean) {
    this.enlarger = enlarged ? new Enlarger(seen, painted, [photo.width, photo.height], share) : null;
    this.recolor = recoloring(color, painted, seen);
  }

  row(y: number, photo: Uint8ClampedArray, out: Float32Array): void {
    if (this.enlarger === null) out.set(this.painted.data.subarray(y * out.length, (y + 1) * out.length));
    else this.enlarger.row(y, photo, out);
    this.recolor(out, photo);
  }
}
