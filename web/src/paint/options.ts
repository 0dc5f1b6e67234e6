/** Names and limits of the options of painting; a test holds them against `allaprima/options.py`. */

export const COLORS = ["style", "photo", "luminance", "histogram"] as const;
export type Color = (typeof COLORS)[number];

/** Pixels on the longer side: larger pictures are painted at this size unless told otherwise. */
export const STROKE = 1024;
export const SMALLEST_SIDE = 16;
export const DEFAULT_QUALITY = 92;
/** Of a mask: how wide its soft edge is by default, of the picture's shorter side. */
export const FEATHER = 0.01;

/** "auto", or the longer side in pixels at which the network sees the picture. */
export type Stroke = "auto" | number;

/** Everything that a user chooses about a painting. */
export interface Look {
  /** Weights by style; at least one is above 0. */
  readonly style: Readonly<Record<string, number>>;
  readonly strength: number;
  readonly stroke: Stroke;
  readonly color: Color;
  /** Width of the mask's soft edge in pixels of the picture; null is `FEATHER` of the shorter side. */
  readonly feather: number | null;
  readonly invert_mask: boolean;
  /** The style where the mask is black; null is the photograph. */
  readonly mask_style: Readonly<Record<string, number>> | null;
}
