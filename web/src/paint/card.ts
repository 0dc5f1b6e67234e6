/** What a style model says of itself: the property `allaprima.card` of an ONNX file, read from its bytes. */

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

/** Number and bytes of each field of a protobuf message that holds bytes. */
function* fields(message: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let result = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at];
      if (byte === undefined || scale > 2 ** 63) throw new RangeError("cut off");
      at += 1;
      result += (byte & 127) * scale;
      if (byte < 128) return result;
    }
  };
  while (at < message.length) {
    const key = varint();
    const kind = key % 8;
    let value: Uint8Array = new Uint8Array();
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const size = varint();
      value = message.subarray(at, at + size);
      at += size;
    } else throw new RangeError("unknown kind");
    if (at > message.length) throw new RangeError("cut off");
    yield [Math.floor(key / 8), value];
  }
}
