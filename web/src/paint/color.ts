/** A photograph's colors in a painting: `color.py`, which says how and why. */

import type { Rgb } from "./pixels.js";
import type { Color } from "./options.js";

const RED = 0.299;
const GREEN = 0.587;
const BLUE = 0.114;

type Matrix = number[][];

/** Mean and covariance of a picture's colors. */
export interface Moments {
  readonly mean: number[];
  readonly covariance: Matrix;
}

export function momentsOf({ data }: Rgb): Moments {
  const count = data.length / 3;
  const sum = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) for (let c = 0; c < 3; c += 1) sum[c]! += data[at + c]!;
  const mean = sum.map((one) => one / count);
  const [mr, mg, mb] = mean as [number, number, number];
  const six = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < data.length; at += 3) {
    const r = data[at]! - mr;
    const g = data[at + 1]! - mg;
    const b = data[at + 2]! - mb;
    six[0]! += r * r;
    six[1]! += r * g;
    six[2]! += r * b;
    six[3]! += g * g;
    six[4]! += g * b;
    six[5]! += b * b;
  }
  const [rr, rg, rb, gg, gb, bb] = six.map((one) => one / count) as [number, number, number, number, number, number];
  return { mean, covariance: [[rr, rg, rb], [rg, gg, gb], [rb, gb, bb]] };
}

function luminanceMoments({ mean, covariance }: Moments): [number, number] {
  const weights = [RED, GREEN, BLUE];
  let variance = 0;
  for (let i = 0; i < 3; i += 1) for (let j = 0; j < 3; j += 1) variance += weights[i]! * covariance[i]![j]! * weights[j]!;
  return [weights.reduce((sum, weight, c) => sum + weight * mean[c]!, 0), Math.max(0, variance)];
}

/** Scale and shift that give one picture's luminance the mean and contrast of another's. */
export function luminanceMap(source: Moments, target: Moments): [number, number] {
  const [mean, variance] = luminanceMoments(source);
  const [wantedMean, wantedVariance] = luminanceMoments(target);
  const trace = source.covariance.reduce((sum, row, i) => sum + row[i]!, 0);
  const varies = variance > 1e-12 * Math.max(trace, 1e-6);
  const scale = varies ? Math.sqrt(wantedVariance / variance) : 0;
  return [scale, wantedMean - scale * mean];
}

/** A [3, 3] and b [3] of x -> A x + b, which give one picture's colors the mean and covariance of another's. */
export function colorMap(source: Moments, target: Moments): [Matrix, number[]] {
  const matrix = product(power(target.covariance, 0.5), power(source.covariance, -0.5));
  const offset = target.mean.map(
    (mean, i) => mean - matrix[i]!.reduce((sum, value, j) => sum + value * source.mean[j]!, 0),
  );
  return [matrix, offset];
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

/** A symmetric positive semidefinite matrix to a power; its null space stays one. */
function power(matrix: Matrix, exponent: number): Matrix {
  const [values, vectors] = eigen(matrix);
  const least = 1e-9 * Math.max(...values, 1e-12);
  const powers = values.map((value) => (value > least ? value ** exponent : 0));
  return [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => powers.reduce((sum, one, k) => sum + vectors[i]![k]! * one * vectors[j]![k]!, 0)),
  );
}

/** Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations. */
function eigen(given: Matrix): [number[], Matrix] {
  let a = given.map((row) => [...row]);
  let vectors: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  for (let sweep = 0; sweep < 30; sweep += 1) {
    for (const [p, q] of [[0, 1], [0, 2], [1, 2]] as const) {
      const off = a[p]![q]!;
      if (off === 0) continue;
      const theta = (a[q]![q]! - a[p]![p]!) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
      const cos = 1 / Math.hypot(t, 1);
      const sin = t * cos;
      const turn: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
      turn[p]![p] = cos;
      turn[q]![q] = cos;
      turn[p]![q] = sin;
      turn[q]![p] = -sin;
      const back = turn.map((_, i) => turn.map((row) => row[i]!));
      a = product(product(back, a), turn);
      a[p]![q] = 0;
      a[q]![p] = 0;
      vectors = product(vectors, turn);
    }
  }
  return [[a[0]![0]!, a[1]![1]!, a[2]![2]!], vectors];
}

/** Gives a row of a painting, [W, 3], other colors in place; `photo` is the photograph's row, RGBA. */
export type Recolor = (row: Float32Array, photo: Uint8ClampedArray) => void;

/** By the whole painting and the whole photograph, or reduced copies of them. */
export function recoloring(color: Color, painted: Rgb, photo: Rgb): Recolor {
  if (color === "histogram") return matched(...colorMap(momentsOf(painted), momentsOf(photo)));
  if (color === "photo") return withLuminance(...luminanceMap(momentsOf(painted), momentsOf(photo)));
  if (color === "luminance") return withLuminance(1, 0);
  return () => {};
}

function matched([r, g, b]: Matrix, [dr, dg, db]: number[]): Recolor {
  return (row) => {
    for (let at = 0; at < row.length; at += 3) {
      const [x, y, z] = [row[at]!, row[at + 1]!, row[at + 2]!];
      row[at] = r![0]! * x + r![1]! * y + r![2]! * z + dr!;
      row[at + 1] = g![0]! * x + g![1]! * y + g![2]! * z + dg!;
      row[at + 2] = b![0]! * x + b![1]! * y + b![2]! * z + db!;
    }
  };
}

/** In YIQ, a change of Y alone adds the same to red, green and blue. */
function withLuminance(scale: number, shift: number): Recolor {
  return (row, photo) => {
    for (let at = 0, from = 0; at < row.length; at += 3, from += 4) {
      const painted = RED * row[at]! + GREEN * row[at + 1]! + BLUE * row[at + 2]!;
      const own = RED * photo[from]! + GREEN * photo[from + 1]! + BLUE * photo[from + 2]!;
      const change = scale * painted + shift - own;
      row[at] = photo[from]! + change;
      row[at + 1] = photo[from + 1]! + change;
      row[at + 2] = photo[from + 2]! + change;
    }
  };
}
