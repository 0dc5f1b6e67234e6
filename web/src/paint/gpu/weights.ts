/** The trained weights of a style model, as they lie in its ONNX file. */

import { fields } from "../protobuf.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export interface Weights {
  /** By name, without the prefix. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of the norms, in the order in which they run. */
  readonly epsilons: readonly number[];
}

/** Numbers of the fields of ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto. */
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5 };
const NODE = { kind: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, float: 2 };
const TENSOR = { dimensions: 1, name: 8, raw: 9 };
const PREFIX = "network.";

export function weightsOf(model: Uint8Array): Weights {
  const tensors = new Map<string, Tensor>();
  const epsilons: number[] = [];
  const graph = all(model, MODEL.graph)[0] ?? new Uint8Array();
  for (const [number, value] of fields(graph)) {
    if (number === GRAPH.initializer) {
      const name = text(value, TENSOR.name);
      const raw = all(value, TENSOR.raw)[0];
      if (!name.startsWith(PREFIX)) continue;
      const data = raw !== undefined && raw.length % 4 === 0 ? new Float32Array(raw.slice().buffer) : new Float32Array();
      tensors.set(name.slice(PREFIX.length), { shape: shapeOf(value), data }); // what is written otherwise is not known
    } else if (number === GRAPH.node && text(value, NODE.kind) === "InstanceNormalization") {
      const found = all(value, NODE.attribute).find((one) => text(one, ATTRIBUTE.name) === "epsilon");
      const bytes = found === undefined ? undefined : all(found, ATTRIBUTE.float)[0];
      epsilons.push(bytes === undefined ? 1e-5 : new DataView(bytes.slice().buffer).getFloat32(0, true));
    }
  }
  return { tensors, epsilons };
}

function all(message: Uint8Array, wanted: number): Uint8Array[] {
  return [...fields(message)].filter(([number]) => number === wanted).map(([, value]) => value);
}

function text(message: Uint8Array, wanted: number): string {
  return new TextDecoder().decode(all(message, wanted)[0] ?? new Uint8Array());
}

/** Each dimension as a number of its own, or all of them packed into bytes. */
function shapeOf(message: Uint8Array): number[] {
  return [...fields(message)].filter(([number]) => number === TENSOR.dimensions).flatMap(([, value, whole]) => {
    if (whole !== undefined) return [whole];
    const found: number[] = [];
    for (let at = 0, scale = 1, sum = 0; at < value.length; at += 1) {
      sum += (value[at]! & 127) * scale;
      scale *= 128;
      if (value[at]! < 128) {
        found.push(sum);
        [scale, sum] = [1, 0];
      }
    }
    return found;
  });
}
