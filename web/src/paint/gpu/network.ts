/**
 * The networks `fast` and `fine` on a GPU, by WebGPU: `training/networks.py`, class `Slim`.
 *
 * Weights are the trained ones; nothing is folded, since arithmetic is cheap here and passes are not.
 */

import { PHOTO, shareOfPhoto } from "../mixture.js";
import type { Mixture } from "../painting.js";
import type { Rgb } from "../pixels.js";
import { ACROSS, CELL, DOWN, GROUPS, LUMA, ROW } from "./kernels.js";
import { adding, applying, convolution, gathering, joining, lastConvolution, lighting, luminance } from "./kernels.js";
import type { Layer } from "./kernels.js";
import { weightsOf } from "./weights.js";
import type { Tensor, Weights } from "./weights.js";

const STRIDE = 4;
const TINY = 1e-6;
/** Bytes of `Sizes` in the kernels. */
const SIZES = 32;

/** WebGPU's flags, which TypeScript knows no values of. */
const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;
const MAP_READ = 1;

/** A kernel that is ready, and what it is bound to besides pictures. */
interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly weights: GPUBuffer | null;
}

interface Norm {
  readonly channels: number;
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly epsilon: number;
  readonly gather: GPUComputePipeline;
  readonly join: GPUComputePipeline;
  readonly style: GPUBuffer;
  readonly parts: GPUBuffer;
  readonly affine: GPUBuffer;
}

/** What a run of one size does: groups of bindings, ready to be dispatched. */
interface Plan {
  readonly key: string;
  readonly bytes: GPUBuffer;
  readonly result: GPUBuffer;
  readonly reading: GPUBuffer;
  readonly share: GPUBuffer;
  readonly shareData: ArrayBuffer;
  readonly dispatches: (readonly [GPUComputePipeline, GPUBindGroup, number, number])[];
  readonly buffers: GPUBuffer[];
}

export class GpuNetwork {
  private plan: Plan | null = null;

  private constructor(
    private readonly device: GPUDevice,
    private readonly width: number,
    private readonly blocks: number,
    private readonly steps: ReadonlyMap<string, Step>,
    private readonly norms: ReadonlyMap<string, Norm>,
    /** What is left of the painting's light where the photograph is black. */
    private readonly shadows: number,
  ) {}

  /** Null if there is no GPU; "unknown" if the model has weights that these kernels do not know, or lacks some. */
  static async of(model: Uint8Array): Promise<GpuNetwork | "unknown" | null> {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null || adapter === undefined) return null;
    const weights = weightsOf(model);
    const kernel = weights.tensors.get("down1.conv.weight")?.shape;
    if (kernel?.length !== 4 || kernel[2] !== 5 || !isKnown(weights)) return "unknown";
    const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
    const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });
    return build(device, weights, kernel[0]!);

    async function build(device: GPUDevice, { tensors, epsilons }: Weights, width: number): Promise<GpuNetwork> {
      let blocks = 0;
      while (tensors.has(`blocks.${blocks}.first.conv.weight`)) blocks += 1;
      const steps = new Map<string, Step>();
      const norms = new Map<string, Norm>();
      const pipelines = new Map<string, Promise<GPUComputePipeline>>();
      const made = (code: string): Promise<GPUComputePipeline> => {
        const compute = { module: device.createShaderModule({ code }), entryPoint: "main" };
        const found = pipelines.get(code) ?? device.createComputePipelineAsync({ layout: "auto", compute });
        pipelines.set(code, found);
        return found;
      };
      const layer = async (name: string, one: Layer, kernels = convolution): Promise<void> => {
        const weights = buffer(device, arranged(tensors, name, one), USAGE.STORAGE);
        steps.set(name, { pipeline: await made(kernels(one)), weights });
      };
      const norm = async (name: string, channels: number): Promise<void> => {
        const epsilon = epsilons[norms.size];
        if (epsilon === undefined) throw new Error("a norm is missing");
        const storage = (size: number): GPUBuffer => device.createBuffer({ size, usage: USAGE.STORAGE | USAGE.COPY_DST });
        norms.set(name, {
          channels,
          epsilon,
          scale: tensors.get(`${name}.scale`)!,
          shift: tensors.get(`${name}.shift`)!,
          gather: await made(gathering(channels)),
          join: await made(joining(channels)),
          style: storage(8 * channels),
          parts: storage(8 * channels * GROUPS),
          affine: storage(8 * channels),
        });
      };
      const base = { stride: 1, bias: false, doubled: false } as const;
      const deep = 2 * width;
      await layer("down1.conv", { ...base, from: "bytes", inputs: 3, outputs: width, kernel: 5, stride: 2 });
      await norm("down1.norm", width);
      await layer("down2.conv", { ...base, from: "norm", inputs: width, outputs: deep, kernel: 3, stride: 2 });
      await norm("down2.norm", deep);
      for (let block = 0; block < blocks; block += 1) {
        await layer(`blocks.${block}.first.conv`, { ...base, from: "plain", inputs: deep, outputs: deep, kernel: 3 });
        await norm(`blocks.${block}.first.norm`, deep);
        await layer(`blocks.${block}.second.conv`, { ...base, from: "norm", inputs: deep, outputs: deep, kernel: 3 });
        await norm(`blocks.${block}.second.norm`, deep);
      }
      await layer("up.narrow", { ...base, from: "plain", inputs: deep, outputs: width, kernel: 1, bias: true });
      await layer("up.mix.conv", { ...base, from: "plain", doubled: true, inputs: width, outputs: width, kernel: 3 });
      await norm("up.mix.norm", width);
      await layer("last.conv", { ...base, from: "norm", doubled: true, inputs: width, outputs: 3, kernel: 3, bias: true }, lastConvolution);
      steps.set("apply", { pipeline: await made(applying(deep)), weights: null });
      steps.set("add", { pipeline: await made(adding(deep)), weights: null });
      steps.set("luminance", { pipeline: await made(luminance()), weights: null });
      steps.set("lighting", { pipeline: await made(lighting()), weights: null });
      return new GpuNetwork(device, width, blocks, steps, norms, tensors.get("shade.darkest")?.data[0] ?? 1);
    }
  }

  /** Called when the GPU is gone, as after its driver has crashed. */
  get lost(): Promise<unknown> {
    return this.device.lost;
  }

  async run(picture: Rgb, style: Mixture): Promise<Rgb> {
    const { data, width, height } = picture;
    const plan = this.planFor(width, height);
    const { queue } = this.device;
    const packed = new Uint32Array(width * height);
    for (let at = 0, from = 0; at < packed.length; at += 1, from += 3) {
      packed[at] = data[from]! | (data[from + 1]! << 8) | (data[from + 2]! << 16);
    }
    queue.writeBuffer(plan.bytes, 0, packed);
    const total = style.reduce((sum, weight) => sum + weight, 0);
    const mixed = style.map((weight) => weight / total);
    this.setStyle(mixed);
    new DataView(plan.shareData).setFloat32(24, 1 - shareOfPhoto(mixed), true);
    queue.writeBuffer(plan.share, 0, plan.shareData);
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const [pipeline, bindings, x, y] of plan.dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    encoder.copyBufferToBuffer(plan.result, 0, plan.reading, 0, plan.result.size);
    queue.submit([encoder.finish()]);
    await plan.reading.mapAsync(MAP_READ);
    const bytes = new Uint8Array(plan.reading.getMappedRange());
    const out = new Uint8Array(width * height * 3);
    for (let to = 0, from = 0; to < out.length; to += 3, from += 4) {
      out[to] = bytes[from]!;
      out[to + 1] = bytes[from + 1]!;
      out[to + 2] = bytes[from + 2]!;
    }
    plan.reading.unmap();
    return { data: out, width, height };
  }

  release(): void {
    this.device.destroy();
  }

  /** Each norm's scale and shift for a mixture: its styles as if at full strength, and the change of a lower one. */
  private setStyle(mixed: Float32Array): void {
    const photo = mixed[PHOTO]!;
    const full = mixed.map((weight, entry) => (entry === PHOTO ? 0 : weight / Math.max(1 - photo, TINY)));
    for (const { channels, scale, shift, style } of this.norms.values()) {
      const values = new Float32Array(2 * channels);
      [scale, shift].forEach(({ data }, which) => {
        for (let part = 0; part < 2; part += 1) {
          for (let entry = 0; entry < full.length; entry += 1) {
            const weight = full[entry]! * (part === 0 ? 1 : photo);
            if (weight === 0) continue;
            const from = (part * full.length + entry) * channels;
            for (let c = 0; c < channels; c += 1) values[which * channels + c]! += weight * data[from + c]!;
          }
        }
      });
      this.device.queue.writeBuffer(style, 0, values);
    }
  }

  private planFor(width: number, height: number): Plan {
    const key = `${width} ${height}`;
    if (this.plan?.key !== key) {
      for (const one of this.plan?.buffers ?? []) one.destroy();
      this.plan = this.planned(key, width, height);
    }
    return this.plan;
  }

  private planned(key: string, realWidth: number, realHeight: number): Plan {
    const { device, width } = this;
    const deep = 2 * width;
    const buffers: GPUBuffer[] = [];
    const dispatches: Plan["dispatches"] = [];
    const kept = (one: GPUBuffer): GPUBuffer => {
      buffers.push(one);
      return one;
    };
    const storage = (size: number, more = 0): GPUBuffer => kept(device.createBuffer({ size, usage: USAGE.STORAGE | more }));
    const sizesData = (inside: number[], epsilon: number, share = 0): ArrayBuffer => {
      const view = new DataView(new ArrayBuffer(SIZES));
      [...inside, realWidth, realHeight].forEach((value, at) => view.setUint32(4 * at, value, true));
      view.setFloat32(24, share, true);
      view.setFloat32(28, epsilon, true);
      return view.buffer;
    };
    const sizes = (w: number, h: number, ow = w, oh = h, epsilon = 0): GPUBuffer =>
      kept(buffer(device, new Uint8Array(sizesData([w, h, ow, oh], epsilon)), USAGE.UNIFORM));
    const dispatch = (pipeline: GPUComputePipeline, bound: Record<number, GPUBuffer>, x: number, y = 1): void => {
      const entries = Object.entries(bound).map(([binding, one]) => ({ binding: Number(binding), resource: { buffer: one } }));
      dispatches.push([pipeline, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }), x, y]);
    };
    const convolve = (name: string, bound: Record<number, GPUBuffer>, [w, h, ow, oh]: readonly number[]): void => {
      const { pipeline, weights } = this.steps.get(name)!;
      const groups = [Math.ceil(ow! / ACROSS), Math.ceil(oh! / DOWN)] as const;
      dispatch(pipeline, { 0: bound[0] ?? sizes(w!, h!, ow!, oh!), 2: weights!, ...bound }, ...groups);
    };
    const normalize = (name: string, source: GPUBuffer, w: number, h: number): GPUBuffer => {
      const { gather, join, channels, parts, style, affine, epsilon } = this.norms.get(name)!;
      const uniform = sizes(w, h, w, h, epsilon);
      dispatch(gather, { 0: uniform, 1: source, 2: parts }, GROUPS, channels / 4);
      dispatch(join, { 0: uniform, 1: parts, 2: style, 3: affine }, 1);
      return affine;
    };
    const each = (name: string, source: GPUBuffer, affine: GPUBuffer, result: GPUBuffer, w: number, h: number): void => {
      const groups = Math.ceil((w * h * deep) / 4 / 64);
      const bound = { 0: sizes(w, h), 1: source, 2: affine, 3: result };
      dispatch(this.steps.get(name)!.pipeline, bound, Math.min(groups, ROW), Math.ceil(groups / ROW));
    };

    const [w, h] = [Math.ceil(realWidth / STRIDE) * STRIDE, Math.ceil(realHeight / STRIDE) * STRIDE];
    const [hw, hh, qw, qh] = [w / 2, h / 2, w / 4, h / 4];
    const picture = 4 * realWidth * realHeight;
    const bytes = storage(picture, USAGE.COPY_DST);
    const result = storage(picture, USAGE.COPY_SRC);
    const half = storage(4 * width * hw * hh);
    const [first, second, around] = [0, 1, 2].map(() => storage(4 * deep * qw * qh)) as [GPUBuffer, GPUBuffer, GPUBuffer];
    const quarter = [qw, qh, qw, qh];

    convolve("down1.conv", { 1: bytes, 3: half }, [w, h, hw, hh]);
    const down1 = normalize("down1.norm", half, hw, hh);
    convolve("down2.conv", { 1: half, 3: first, 4: down1 }, [hw, hh, qw, qh]);
    each("apply", first, normalize("down2.norm", first, qw, qh), around, qw, qh);
    for (let block = 0; block < this.blocks; block += 1) {
      convolve(`blocks.${block}.first.conv`, { 1: around, 3: first }, quarter);
      const inner = normalize(`blocks.${block}.first.norm`, first, qw, qh);
      convolve(`blocks.${block}.second.conv`, { 1: first, 3: second, 4: inner }, quarter);
      each("add", second, normalize(`blocks.${block}.second.norm`, second, qw, qh), around, qw, qh);
    }
    convolve("up.narrow", { 1: around, 3: first }, quarter);
    convolve("up.mix.conv", { 1: first, 3: half }, [hw, hh, hw, hh]);
    const mix = normalize("up.mix.norm", half, hw, hh);
    const [cells, light] = [storage(4 * qw * qh), storage(4 * qw * qh)];
    const inCells = kept(buffer(device, new Uint8Array(sizesData([w, h, w / CELL, h / CELL], 0, this.shadows)), USAGE.UNIFORM));
    const groups = [Math.ceil(qw / ACROSS), Math.ceil(qh / DOWN)] as const;
    dispatch(this.steps.get("luminance")!.pipeline, { 0: inCells, 1: bytes, 2: cells }, ...groups);
    dispatch(this.steps.get("lighting")!.pipeline, { 0: inCells, 1: cells, 2: light }, ...groups);
    const shareData = sizesData([w, h, realWidth, realHeight], 0);
    const share = kept(buffer(device, new Uint8Array(shareData), USAGE.UNIFORM | USAGE.COPY_DST));
    convolve("last.conv", { 0: share, 1: half, 3: result, 4: mix, 5: bytes, 6: light }, [w, h, realWidth, realHeight]);
    const reading = kept(device.createBuffer({ size: picture, usage: USAGE.COPY_DST | USAGE.MAP_READ }));
    return { key, bytes, result, reading, share, shareData, dispatches, buffers };
  }
}

/** Whether a model has the weights of this network, all and nothing else: what is not known cannot be left out. */
function isKnown({ tensors, epsilons }: Weights): boolean {
  const convolutions = ["down1.conv", "down2.conv", "up.mix.conv", "up.narrow", "last.conv"];
  const norms = ["down1.norm", "down2.norm", "up.mix.norm"];
  for (let block = 0; tensors.has(`blocks.${block}.first.conv.weight`); block += 1) {
    for (const half of ["first", "second"]) {
      convolutions.push(`blocks.${block}.${half}.conv`);
      norms.push(`blocks.${block}.${half}.norm`);
    }
  }
  const weights = convolutions.map((name) => `${name}.weight`);
  const styles = norms.flatMap((name) => [`${name}.scale`, `${name}.shift`]);
  const needed = [...weights, ...styles, "up.narrow.bias", "last.conv.bias"];
  const known = new Set([...needed, "shade.darkest", "shade.luma"]);
  const whole = needed.every((name) => tensors.has(name)) && epsilons.length === norms.length;
  return whole && isLuminance(tensors.get("shade.luma")) && [...tensors.keys()].every((name) => known.has(name));
}

/** Whether a convolution gives the mean luminance of a cell, as the kernel has it; or there is none. */
function isLuminance(luma: Tensor | undefined): boolean {
  if (luma === undefined) return true;
  const cell = CELL ** 2;
  const same = luma.data.every((value, at) => Math.abs(value - LUMA[Math.floor(at / cell)]! / cell) < TINY);
  return luma.shape.join() === [1, LUMA.length, CELL, CELL].join() && luma.data.length === LUMA.length * cell && same;
}

/** A buffer with something in it. */
function buffer(device: GPUDevice, data: Float32Array | Uint8Array, usage: number): GPUBuffer {
  const made = device.createBuffer({ size: data.byteLength, usage, mappedAtCreation: true });
  new Uint8Array(made.getMappedRange()).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  made.unmap();
  return made;
}

/** A convolution's weights [outputs, inputs, k, k] as [k · k, inputs, outputs], four outputs together, then its bias. */
function arranged(tensors: ReadonlyMap<string, Tensor>, name: string, layer: Layer): Float32Array {
  const { inputs, outputs, kernel, bias } = layer;
  const { data, shape } = tensors.get(`${name}.weight`)!;
  if (shape.join() !== [outputs, inputs, kernel, kernel].join()) throw new Error(`${name} has another shape`);
  const padded = 4 * Math.ceil(outputs / 4);
  const taps = kernel * kernel;
  const out = new Float32Array((taps * inputs + (bias ? 1 : 0)) * padded);
  for (let o = 0; o < outputs; o += 1) {
    for (let i = 0; i < inputs; i += 1) {
      for (let tap = 0; tap < taps; tap += 1) out[(tap * inputs + i) * padded + o] = data[(o * inputs + i) * taps + tap]!;
    }
  }
  if (bias) out.set(tensors.get(`${name}.bias`)!.data, taps * inputs * padded);
  return out;
}
