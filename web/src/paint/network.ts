/** ONNX Runtime's WebAssembly build. */

import * as ort from "onnxruntime-web/wasm";

import { stylesOf } from "./card.js";
import type { Style } from "./card.js";
import type { Mixture } from "./painting.js";
import type { Rgb } from "./pixels.js";

const GZIP = [0x1f, 0x8b];
/** More than four threads gain little at these sizes, and each has a stack of its own. */
const MOST_THREADS = 4;

/** Several threads need shared memory, which a page has that is isolated; on iOS its reservation ends the tab. */
export function threadsHere(): number {
  const apple = /iPhone|iPad|iPod/.test(navigator.userAgent);
  return self.crossOriginIsolated && !apple ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/** Loads the runtime once. It lies compressed, so that the download is small on any host. */
export async function startRuntime(url: string, threads: number): Promise<void> {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  ort.env.wasm.wasmBinary = await unpacked(await fetched(url));
}

export async function fetched(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function unpacked(data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  if (data[0] !== GZIP[0] || data[1] !== GZIP[1]) return data.buffer; // some hosts unpack it themselves
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** A style model that is loaded. */
export class Model {
  private constructor(
    readonly styles: readonly Style[],
    private readonly session: ort.InferenceSession,
  ) {}

  static async of(bytes: Uint8Array<ArrayBuffer>): Promise<Model> {
    const styles = stylesOf(bytes);
    // Plans of memory for each size of picture save no time and take half as much again.
    const session = await ort.InferenceSession.create(bytes, { enableMemPattern: false });
    return new Model(styles, session);
  }

  get names(): string[] {
    return this.styles.map((style) => style.name);
  }

  async run(picture: Rgb, style: Mixture): Promise<Rgb> {
    const { data, width, height } = picture;
    const image = new ort.Tensor("uint8", data, [1, height, width, 3]);
    const { stylized } = await this.session.run({ image, style: new ort.Tensor("float32", style, [style.length]) });
    return { data: stylized!.data as Uint8Array<ArrayBuffer>, width, height };
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
