/** The wire format of ONNX files, one level deep: protobuf.dev/programming-guides/encoding. */

/** Number and bytes of each field of a message, and its value if it is a whole number; floats are four bytes. */
export function* fields(message: Uint8Array): Generator<[number, Uint8Array, number?]> {
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
    let whole: number | undefined;
    if (kind === 0) whole = varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) {
      value = message.subarray(at, at + 4);
      at += 4;
    }
    else if (kind === 2) {
      const size = varint();
      value = message.subarray(at, at + size);
      at += size;
    } else throw new RangeError("unknown kind");
    if (at > message.length) throw new RangeError("cut off");
    yield [Math.floor(key / 8), value, whole];
  }
}
