/** What a style model says of itself: the property `allaprima.card` of an ONNX file, read from its bytes. */

import { fields } from "./protobuf.js";

export interface Style {
  readonly name: string;
  readonly artist: string;
  readonly title: string;
  readonly year: string;
}

export class ModelFault extends Error {}

const CARD_KEY = "allaprima.card";
const FORMAT = 1;
const GRAPH = 7;
const METADATA = 14;

/** The bank's styles in order, the photograph itself first. */
export function stylesOf(model: Uint8Array): Style[] {
  let text: string | undefined;
  try {
    const all = [...fields(model)];
    if (all.filter(([number]) => number === GRAPH).length !== 1) throw new RangeError("no graph");
    for (const [, entry] of all.filter(([number]) => number === METADATA)) {
      const pair = new Map([...fields(entry)].map(([number, value]) => [number, new TextDecoder().decode(value)]));
      if (pair.get(1) === CARD_KEY) text = pair.get(2);
    }
  } catch {
    throw new ModelFault("not-onnx");
  }
  if (text === undefined) throw new ModelFault("no-card");
  try {
    const card = JSON.parse(text) as { format: number; styles: Record<string, string>[] };
    if (card.format > FORMAT) throw new ModelFault("newer");
    const styles = card.styles.map(({ name, artist = "", title = "", year = "" }) => {
      if (typeof name !== "string") throw new ModelFault("no-card");
      return { name, artist, title, year };
    });
    if (styles.length < 2) throw new ModelFault("no-card");
    return styles;
  } catch (error) {
    throw error instanceof ModelFault ? error : new ModelFault("no-card");
  }
}
