/**
 * The network's kernels in WGSL, one text for each layer, with its channels unrolled.
 *
 * Pictures between layers are `vec4f`, four channels each, pixel after pixel: index (y · width + x) · (channels / 4) + c.
 * A norm is never a pass of its own: its scale and shift, and the ReLU behind it, are applied where the next layer reads.
 */

export const ACROSS = 8;
export const DOWN = 8;
/** Threads of a workgroup that gathers a norm's statistics, and how many workgroups there are for four channels. */
export const GATHERERS = 64;
export const GROUPS = 32;

/** How a layer's input is read. */
export interface Reading {
  /** Pictures of bytes; as it stands; or through the norm and the ReLU of the layer before. */
  readonly from: "bytes" | "plain" | "norm";
  /** Each pixel counts for 2 × 2. */
  readonly doubled: boolean;
}

export interface Layer extends Reading {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly bias: boolean;
}

const SIZES = `
struct Sizes { width: u32, height: u32, out_width: u32, out_height: u32, real_width: u32, real_height: u32, share: f32, epsilon: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
fn mirrored(at: i32, size: i32) -> u32 {
  let folded = abs(at);
  return u32(select(folded, 2 * (size - 1) - folded, folded >= size));
}
`;

/** Where a layer reads: `seen_at(y, x, c)` gives four channels. */
function reader({ from, doubled, inputs }: Layer): string {
  const half = doubled ? " / 2" : "";
  if (from === "bytes") {
    return `
@group(0) @binding(1) var<storage, read> source: array<u32>;
fn seen_at(y: u32, x: u32, c: u32) -> vec4f {
  let row = mirrored(i32(y), i32(sizes.real_height));
  let column = mirrored(i32(x), i32(sizes.real_width));
  return unpack4x8unorm(source[row * sizes.real_width + column]);
}`;
  }
  const place = `source[((y${half}) * (sizes.width${half}) + x${half}) * ${inputs / 4}u + c]`;
  const affine = `
@group(0) @binding(4) var<storage, read> affine: array<vec4f>;`;
  return `
@group(0) @binding(1) var<storage, read> source: array<vec4f>;${from === "norm" ? affine : ""}
fn seen_at(y: u32, x: u32, c: u32) -> vec4f {
  ${from === "norm" ? `return max(${place} * affine[2 * c] + affine[2 * c + 1], vec4f());` : `return ${place};`}
}`;
}

/** A convolution of a picture that is mirrored beyond its border; `sizes.width` is that of the (doubled) input. */
export function convolution(layer: Layer): string {
  const { inputs, outputs, kernel, stride, bias, from } = layer;
  const groups = Math.ceil(outputs / 4);
  const depth = Math.ceil(inputs / 4);
  const each = [...Array(groups).keys()];
  const start = (o: number): string => (bias ? `weights[${kernel * kernel * inputs * groups + o}]` : "vec4f()");
  const channels = from === "bytes" ? 3 : 4;
  const sums = [...Array(channels).keys()].flatMap((i) =>
    each.map((o) => `      sum${o} += v.${"xyzw"[i]} * weights[base + ${i * groups + o}u];`),
  );
  return `${SIZES}${reader(layer)}
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(${ACROSS}, ${DOWN})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.out_width || id.y >= sizes.out_height) { return; }
${each.map((o) => `  var sum${o} = ${start(o)};`).join("\n")}
  for (var ky = 0; ky < ${kernel}; ky++) {
    let y = mirrored(i32(id.y) * ${stride} + ky - ${kernel >> 1}, i32(sizes.height));
    for (var kx = 0; kx < ${kernel}; kx++) {
      let x = mirrored(i32(id.x) * ${stride} + kx - ${kernel >> 1}, i32(sizes.width));
      for (var c = 0u; c < ${depth}u; c++) {
        let v = seen_at(y, x, c);
        let base = (u32(ky * ${kernel} + kx) * ${inputs}u + 4 * c) * ${groups}u;
${sums.join("\n")}
      }
    }
  }
  let to = (id.y * sizes.out_width + id.x) * ${groups}u;
${each.map((o) => `  result[to + ${o}] = sum${o};`).join("\n")}
}`;
}

/** Side of the cells in which the light of a photograph is measured, and how many of them count along each axis. */
export const CELL = 4;
const CELLS = 5;
/** Weights of red, green and blue in luminance. */
export const LUMA = [0.299, 0.587, 0.114] as const;
/** From this luminance on, nothing is made darker. */
const KNEE = 0.3;

/** The mean luminance of each cell of the photograph; `sizes.out_width` is in cells (`training/shade.py`). */
export function luminance(): string {
  return `${SIZES}
@group(0) @binding(1) var<storage, read> photo: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(${ACROSS}, ${DOWN})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.out_width || id.y >= sizes.out_height) { return; }
  var sum = 0.0;
  for (var y = 0u; y < ${CELL}; y++) {
    let row = mirrored(i32(id.y * ${CELL} + y), i32(sizes.real_height)) * sizes.real_width;
    for (var x = 0u; x < ${CELL}; x++) {
      let color = unpack4x8unorm(photo[row + mirrored(i32(id.x * ${CELL} + x), i32(sizes.real_width))]);
      sum += dot(color.xyz, vec3f(${LUMA.join()}));
    }
  }
  result[id.y * sizes.out_width + id.x] = sum / ${CELL * CELL};
}`;
}

/** What is left of the painting's light, cell by cell; `sizes.share` is what is left where the photograph is black. */
export function lighting(): string {
  const reach = CELLS >> 1;
  return `${SIZES}
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(${ACROSS}, ${DOWN})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let last = vec2i(i32(sizes.out_width) - 1, i32(sizes.out_height) - 1);
  if (i32(id.x) > last.x || i32(id.y) > last.y) { return; }
  var sum = 0.0;
  for (var y = -${reach}; y <= ${reach}; y++) {
    for (var x = -${reach}; x <= ${reach}; x++) {
      let at = vec2u(clamp(vec2i(id.xy) + vec2i(x, y), vec2i(), last));
      sum += source[at.y * sizes.out_width + at.x];
    }
  }
  result[id.y * sizes.out_width + id.x] = sizes.share + (1.0 - sizes.share) * min(sum / ${CELLS * CELLS} / ${KNEE}, 1.0);
}`;
}

/** The last one: its three channels through tanh, laid over the photograph, rounded to bytes. */
export function lastConvolution(layer: Layer): string {
  const text = convolution(layer);
  return text
    .replace("@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;", `
@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(5) var<storage, read> photo: array<u32>;
@group(0) @binding(6) var<storage, read> light: array<f32>;
fn light_at(x: u32, y: u32) -> f32 {
  let last = vec2i(i32(sizes.width / ${CELL}) - 1, i32(sizes.height / ${CELL}) - 1);
  let place = (vec2f(f32(x / 2), f32(y / 2)) + 0.5) / 2.0 - 0.5;
  let corner = vec2i(floor(place));
  let low = vec2u(clamp(corner, vec2i(), last));
  let high = vec2u(clamp(corner + 1, vec2i(), last));
  let row = u32(last.x) + 1;
  let share = fract(place);
  let above = mix(light[low.y * row + low.x], light[low.y * row + high.x], share.x);
  let below = mix(light[high.y * row + low.x], light[high.y * row + high.x], share.x);
  return mix(above, below, share.y);
}`)
    .replace(/ {2}let to = [\s\S]*$/, `
  if (id.x >= sizes.real_width || id.y >= sizes.real_height) { return; }
  let place = id.y * sizes.real_width + id.x;
  let painted = tanh(clamp(sum0.xyz, vec3f(-15), vec3f(15)));
  let seen = 255.0 * unpack4x8unorm(photo[place]).xyz;
  let scale = 127.5 * sizes.share * light_at(id.x, id.y);
  let mixed = painted * scale + (scale + 0.5) + seen * (1.0 - sizes.share);
  let bytes = vec3u(clamp(mixed, vec3f(), vec3f(255)));
  result[place] = bytes.x | (bytes.y << 8) | (bytes.z << 16) | (255u << 24);
}`);
}

/**
 * Mean and sum of squared differences of each channel over a part of the pixels (`sizes.width` × `sizes.height`).
 *
 * Differences are from the part's first pixel, so that nothing cancels.
 */
export function gathering(channels: number): string {
  const depth = channels / 4;
  return `${SIZES}
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parts: array<vec4f>;
var<workgroup> sums: array<vec4f, ${GATHERERS}>;
var<workgroup> squares: array<vec4f, ${GATHERERS}>;
@compute @workgroup_size(${GATHERERS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let pixels = sizes.width * sizes.height;
  let begin = group.x * pixels / ${GROUPS}u;
  let end = (group.x + 1) * pixels / ${GROUPS}u;
  let first = source[min(begin, pixels - 1) * ${depth}u + group.y];
  var sum = vec4f();
  var square = vec4f();
  for (var at = begin + local.x; at < end; at += ${GATHERERS}u) {
    let difference = source[at * ${depth}u + group.y] - first;
    sum += difference;
    square += difference * difference;
  }
  sums[local.x] = sum;
  squares[local.x] = square;
  for (var step = ${GATHERERS / 2}u; step > 0; step /= 2) {
    workgroupBarrier();
    if (local.x < step) {
      sums[local.x] += sums[local.x + step];
      squares[local.x] += squares[local.x + step];
    }
  }
  if (local.x == 0) {
    let count = max(f32(end - begin), 1.0);
    let to = 2 * (group.y * ${GROUPS}u + group.x);
    parts[to] = first + sums[0] / count;
    parts[to + 1] = squares[0] - sums[0] * sums[0] / count;
  }
}`;
}

/** The parts together (Chan, Golub & LeVeque 1979), and from them each channel's scale and shift. */
export function joining(channels: number): string {
  const depth = channels / 4;
  return `${SIZES}
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read> style: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> affine: array<vec4f>;
@compute @workgroup_size(${depth})
fn main(@builtin(local_invocation_id) local: vec3u) {
  let c = local.x;
  let pixels = sizes.width * sizes.height;
  var count = 0.0;
  var mean = vec4f();
  var squares = vec4f();
  for (var part = 0u; part < ${GROUPS}u; part++) {
    let more = f32((part + 1) * pixels / ${GROUPS}u - part * pixels / ${GROUPS}u);
    if (more == 0) { continue; }
    let place = 2 * (c * ${GROUPS}u + part);
    let apart = parts[place] - mean;
    let both = count + more;
    mean += apart * (more / both);
    squares += parts[place + 1] + apart * apart * (count * more / both);
    count = both;
  }
  let scale = style[c] / sqrt(squares / count + sizes.epsilon);
  affine[2 * c] = scale;
  affine[2 * c + 1] = style[${depth}u + c] - mean * scale;
}`;
}

/** A norm and its ReLU as a picture of its own, where a residual block begins. */
export function applying(channels: number): string {
  return elementwise(channels, "result[id.x] = max(source[id.x] * affine[2 * c] + affine[2 * c + 1], vec4f());");
}

/** The end of a residual block: what went around it and its second norm. */
export function adding(channels: number): string {
  return elementwise(channels, "result[id.x] += source[id.x] * affine[2 * c] + affine[2 * c + 1];");
}

/** Many vectors in a row of workgroups, and rows of them, since one row may hold too few. */
export const ROW = 2 ** 15;

function elementwise(channels: number, body: string): string {
  const depth = channels / 4;
  return `${SIZES}
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let id = vec2u((group.y * ${ROW}u + group.x) * 64 + local.x, 0);
  if (id.x >= sizes.width * sizes.height * ${depth}u) { return; }
  let c = id.x % ${depth}u;
  ${body}
}`;
}
