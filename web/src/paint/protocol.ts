/** What the page and its worker say to each other. */

import type { Look } from "./options.js";
import type { Style } from "./card.js";
import type { Engine, GpuVerdict } from "./network.js";
import type { Gray, Rgba } from "./pixels.js";

/** How a painting is wanted. */
export interface Order {
  readonly look: Look;
  readonly mask: Gray | null;
  /** Longer side of the result in pixels; null is the photograph's own size. */
  readonly within: number | null;
  /** Longer side, at most, at which the network sees the picture, for a preview; null is as the look says. */
  readonly draft: number | null;
}

export interface Encoding {
  readonly type: "image/png" | "image/jpeg" | "image/webp";
  /** 1 to 100. */
  readonly quality: number;
  /** Whether the metadata says where the photograph was taken. */
  readonly place: boolean;
}

/** A photograph that is open: its size, how it looks, and whether it says where it was taken. */
export interface Opened {
  readonly width: number;
  readonly height: number;
  readonly shown: ImageBitmap;
  /** A small copy, for previews. */
  readonly small: Rgba;
  readonly place: boolean;
}

/** Each request and its answer. */
export interface Requests {
  start: { ask: { runtime: string; threads: number | null }; answer: { threads: number } };
  model: {
    ask: ({ url: string } | { bytes: Uint8Array<ArrayBuffer> }) & { engine: Engine | null };
    answer: { styles: readonly Style[]; engine: Engine; gpu: GpuVerdict };
  };
  open: { ask: { file: Blob } | { pixels: Rgba }; answer: Opened };
  paint: { ask: Order; answer: { image: ImageBitmap; seconds: number } };
  pixels: { ask: Order; answer: Rgba };
  /** A picture of many: decoded, painted and encoded, beside the photograph in hand. */
  one: { ask: { file: Blob; look: Look } & Encoding; answer: { blob: Blob; crc: number } };
  /** A frame of a camera, painted at no more than so many pixels on its longer side. */
  frame: { ask: { frame: ImageBitmap; look: Look; longest: number }; answer: { image: ImageBitmap; seconds: number } };
  encode: { ask: Order & Encoding; answer: { blob: Blob } };
}

export type Kind = keyof Requests;

/** To the worker; `cancel` names a request that nobody waits for any more. */
export type Message = { [K in Kind]: { id: number; kind: K; ask: Requests[K]["ask"] } }[Kind] | { cancel: number };

export type Fault =
  | "cancelled"
  | "memory"
  | "not-onnx"
  | "no-card"
  | "newer"
  | "not-a-picture"
  | "too-large"
  | "too-small"
  | "no-encoder"
  | "failed";

/** From the worker. */
export type Reply =
  | { id: number; answer: unknown }
  | { id: number; fault: Fault; words: string }
  | { id: number; share: number };
