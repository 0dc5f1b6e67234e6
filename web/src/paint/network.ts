/** What runs the network: ONNX Runtime's WebAssembly build, or the GPU. */

import * as ort from "onnxruntime-web/wasm";

import { stylesOf } from "./card.js";
import type { Style } from "./card.js";
import { GpuNetwork } from "./gpu/network.js";
import { PHOTO } from "./mixture.js";
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

export type Engine = "wasm" | "webgpu";

/**
 * What became of the GPU: it paints; there is none; there are no kernels for this network; what it paints is wrong; it is
 * slower; or nobody wanted it.
 */
export type GpuVerdict = "paints" | "none" | "unknown" | "differs" | "slower" | "unasked";

/** Threads that wait for one another sleep: where something else computes, spinning makes all many times slower. */
const QUIET = { session: { intra_op: { allow_spinning: "0" } } };

/** Side of the picture on which the GPU must agree with WebAssembly, and of the one on which both are timed. */
const CHECKED = 61;
const TIMED = 256;

/** A style model that is loaded. */
export class Model {
  private constructor(
    readonly styles: readonly Style[],
    private readonly session: ort.InferenceSession,
    private gpu: GpuNetwork | null = null,
    private judged: GpuVerdict = "unasked",
  ) {}

  /**
   * @param wanted an engine, if the choice is not to be made here: the GPU, if there is one, it is right and faster.
   */
  static async of(bytes: Uint8Array<ArrayBuffer>, wanted: Engine | null): Promise<Model> {
    const styles = stylesOf(bytes);
    // Plans of memory for each size of picture save no time and take half as much again.
    const session = await ort.InferenceSession.create(bytes, { enableMemPattern: false, extra: QUIET });
    const model = new Model(styles, session);
    if (wanted !== "wasm") model.judged = await model.tryGpu(bytes, wanted === "webgpu");
    return model;
  }

  get names(): string[] {
    return this.styles.map((style) => style.name);
  }

  get engine(): Engine {
    return this.gpu === null ? "wasm" : "webgpu";
  }

  get verdict(): GpuVerdict {
    return this.judged;
  }

  async run(picture: Rgb, style: Mixture): Promise<Rgb> {
    if (this.gpu !== null) {
      try {
        return await this.gpu.run(picture, style);
      } catch {
        this.gpu = null; // its driver has crashed, or the picture is too large for it
      }
    }
    return this.runHere(picture, style);
  }

  async release(): Promise<void> {
    this.gpu?.release();
    await this.session.release();
  }

  private async runHere({ data, width, height }: Rgb, style: Mixture): Promise<Rgb> {
    const image = new ort.Tensor("uint8", data, [1, height, width, 3]);
    const { stylized } = await this.session.run({ image, style: new ort.Tensor("float32", style, [style.length]) });
    return { data: stylized!.data as Uint8Array<ArrayBuffer>, width, height };
  }

  /** Take the GPU if it paints the same, and faster unless it is wanted anyway. */
  private async tryGpu(bytes: Uint8Array, anyway: boolean): Promise<GpuVerdict> {
    try {
      const gpu = await GpuNetwork.of(bytes);
      if (gpu === null) return "none";
      if (gpu === "unknown") return "unknown";
      const style = Float32Array.from(this.styles, (_, entry) => (entry === PHOTO ? 0.2 : entry === 1 ? 0.5 : entry === 2 ? 0.3 : 0));
      const small = pattern(CHECKED);
      const right = alike(await gpu.run(small, style), await this.runHere(small, style));
      if (right && (anyway || (await this.faster(gpu, style)))) {
        this.gpu = gpu;
        void gpu.lost.then(() => (this.gpu = null));
        return "paints";
      }
      gpu.release();
      return right ? "slower" : "differs";
    } catch {
      this.gpu = null; // a device that says it can, and cannot
      return "differs";
    }
  }

  private async faster(gpu: GpuNetwork, style: Mixture): Promise<boolean> {
    const picture = pattern(TIMED);
    const seconds = async (paint: () => Promise<unknown>): Promise<number> => {
      await paint();
      const begin = performance.now();
      await paint();
      return performance.now() - begin;
    };
    const there = await seconds(() => gpu.run(picture, style));
    return there < (await seconds(() => this.runHere(picture, style)));
  }
}

/** A picture of edges and slopes. */
function pattern(side: number): Rgb {
  const data = new Uint8Array(side * side * 3).map((_, at) => {
    const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
    return at % 3 === 0 ? (255 * x) / side : at % 3 === 1 ? (x * y) % 256 : (x >> 3) % 2 === (y >> 3) % 2 ? 230 : 20;
  });
  return { data, width: side, height: side };
}

/** No value differs by more than 2 of 255, and few by more than 1. */
function alike(one: Rgb, other: Rgb): boolean {
  let several = 0;
  for (let at = 0; at < one.data.length; at += 1) {
    const difference = Math.abs(one.data[at]! - other.data[at]!);
    if (difference > 2) return false;
    if (difference > 1) several += 1;
  }
  return several <= one.data.length / 100;
}
