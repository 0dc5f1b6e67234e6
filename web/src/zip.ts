/** Several files as one, as PKWARE's APPNOTE 6.3 has it; nothing is compressed, since pictures are already. */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Version 2.0; names in UTF-8; stored; the first of January 1980, since a time would tell something of the user. */
const COMMON = [20, 0x0800, 0, 0, 0x21] as const;

export interface Entry {
  readonly name: string;
  readonly blob: Blob;
  readonly crc: number;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let at = 0; at < data.length; at += 1) crc = TABLE[(crc ^ data[at]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The files stay where the browser has them; at most four gigabytes in all. */
export function zipped(entries: readonly Entry[]): Blob {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let listed = 0;
  for (const { name, blob, crc } of entries) {
    const title = new TextEncoder().encode(name);
    const [version, flags, method, time, date] = COMMON;
    const fields = [[2, version], [2, flags], [2, method], [2, time], [2, date], [4, crc], [4, blob.size], [4, blob.size], [2, title.length], [2, 0]] as const;
    const head = packed([[4, LOCAL], ...fields]);
    parts.push(head, title, blob);
    const entry = packed([[4, CENTRAL], [2, version], ...fields, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]);
    directory.push(entry, title);
    offset += head.length + title.length + blob.size;
    listed += entry.length + title.length;
  }
  const count = entries.length;
  const end = packed([[4, END], [2, 0], [2, 0], [2, count], [2, count], [4, listed], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Numbers of two or four bytes, the lowest byte first. */
function packed(fields: readonly (readonly [2 | 4, number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}
