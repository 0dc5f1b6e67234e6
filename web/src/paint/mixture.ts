/** The graph's `style` input, as `style_model.py` has it. */

export const PHOTO = 0;
const STRENGTH_POWER = 1.5;

/** The styles' weights scaled to sum to the strength, the rest for the photograph. */
export function mixture(
  names: readonly string[],
  weights: Readonly<Record<string, number>>,
  strength: number,
): Float32Array<ArrayBuffer> {
  const result = new Float64Array(names.length);
  for (const [name, weight] of Object.entries(weights)) {
    const place = names.indexOf(name);
    if (place < 0) throw new Error(`there is no style ${name} in this model`);
    result[place]! += weight;
  }
  const sum = result.reduce((total, weight) => total + weight, 0);
  const out = Float32Array.from(result, (weight) => (weight * strength) / sum);
  out[PHOTO]! += 1 - strength;
  return out;
}

/** How much of the photograph itself is in a picture of that mixture. */
export function shareOfPhoto(given: Float32Array): number {
  return given[PHOTO]! ** STRENGTH_POWER;
}
