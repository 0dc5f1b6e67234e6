/**
 * What of a photograph's metadata stays true of its painting: who, when and with what, and where if asked for, as EXIF.
 * The same as the command keeps (`picture/metadata.py`), but for what stands in XMP or IPTC alone.
 */

import { crc32 } from "../zip.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** Pointers of the first directory to the two others, and the tags of each that are kept. */
const MOMENT = 0x8769;
const PLACE = 0x8825;
/** ImageDescription, Make, Model, DateTime, Artist, Copyright. */
const TEXTS = [0x010e, 0x010f, 0x0110, 0x0132, 0x013b, 0x8298];
/** DateTimeOriginal and -Digitized, OffsetTime and -Original, ExposureTime, FNumber, ISOSpeedRatings, FocalLength. */
const MOMENTS = [0x9003, 0x9004, 0x9010, 0x9011, 0x829a, 0x829d, 0x8827, 0x920a];
/** Bytes of a value by its type, from 1 on. */
const WIDTHS = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
const ASCII = 2;
const LONG = 4;
const LONGEST = 8192;
const MOST_ENTRIES = 200;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly data: Bytes;
}

/** The kept part of a photograph's metadata. */
export interface Metadata {
  /** TIFF's two letters of byte order: II or MM. */
  readonly little: boolean;
  readonly texts: readonly Entry[];
  readonly moment: readonly Entry[];
  readonly place: readonly Entry[];
}

/** Of a JPEG, PNG or WebP; null if it has none, or damaged. */
export function metadataOf(file: Bytes): Metadata | null {
  try {
    const block = blockOf(file);
    return block === null ? null : parsed(block);
  } catch {
    return null; // the pixels are whole all the same
  }
}

/** A picture's file with metadata. */
export function withMetadata(file: Bytes, kept: Metadata, place: boolean): BlobPart[] {
  const block = written({ ...kept, place: place ? kept.place : [] });
  if (block === null) return [file];
  if (file[0] === 0xff && file[1] === 0xd8) {
    const segment = joined([text("Exif\0\0"), block]);
    if (segment.length + 2 > 0xffff) return [file];
    return [file.subarray(0, 2), Uint8Array.of(0xff, 0xe1, (segment.length + 2) >> 8, (segment.length + 2) & 255), segment, file.subarray(2)];
  }
  if (starts(file, 1, "PNG")) return [file.subarray(0, 33), chunkOfPng("eXIf", block), file.subarray(33)];
  return starts(file, 8, "WEBP") ? inWebp(file, block) : [file];
}

function blockOf(file: Bytes): Bytes | null {
  const view = viewOf(file);
  if (view.getUint16(0) === 0xffd8) {
    for (let at = 2; at + 10 <= file.length && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
      if (view.getUint8(at + 1) === 0xda) return null; // the picture itself begins
      if (view.getUint8(at + 1) === 0xe1 && starts(file, at + 4, "Exif\0\0")) return file.subarray(at + 10, at + 2 + view.getUint16(at + 2));
    }
  } else if (starts(file, 1, "PNG")) {
    for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
      if (starts(file, at + 4, "eXIf")) return file.subarray(at + 8, at + 8 + view.getUint32(at));
    }
  } else if (starts(file, 0, "RIFF") && starts(file, 8, "WEBP")) {
    for (let at = 12; at + 8 <= file.length; at += 8 + 2 * Math.ceil(view.getUint32(at + 4, true) / 2)) {
      if (!starts(file, at, "EXIF")) continue;
      const block = file.subarray(at + 8, at + 8 + view.getUint32(at + 4, true));
      return starts(block, 0, "Exif\0\0") ? block.subarray(6) : block;
    }
  }
  return null;
}

function parsed(block: Bytes): Metadata {
  const view = viewOf(block);
  const little = starts(block, 0, "II");
  if (!little && !starts(block, 0, "MM")) throw new Error("no EXIF");
  const first = directory(view.getUint32(4, little));
  const below = (pointer: number): Entry[] => {
    const entry = first.find(({ tag, type }) => tag === pointer && type === LONG);
    return entry === undefined ? [] : directory(viewOf(entry.data).getUint32(0, little));
  };
  return {
    little,
    texts: first.filter(({ tag, type, count }) => TEXTS.includes(tag) && type === ASCII && count <= LONGEST),
    moment: below(MOMENT).filter(({ tag }) => MOMENTS.includes(tag)),
    place: below(PLACE),
  };

  function directory(start: number): Entry[] {
    const entries: Entry[] = [];
    const number = Math.min(MOST_ENTRIES, view.getUint16(start, little));
    for (let at = start + 2; at < start + 2 + 12 * number; at += 12) {
      const [tag, type, count] = [view.getUint16(at, little), view.getUint16(at + 2, little), view.getUint32(at + 4, little)];
      const size = (WIDTHS[type] ?? 0) * count;
      if (size === 0 || size > LONGEST) continue;
      const from = size <= 4 ? at + 8 : view.getUint32(at + 8, little);
      if (from + size <= block.length) entries.push({ tag, type, count, data: block.slice(from, from + size) });
    }
    return entries;
  }
}

/** As a block of TIFF; null if there is nothing to say. */
function written({ little, texts, moment, place }: Metadata): Bytes | null {
  const [moments, places] = [sorted(moment), sorted(place)];
  if (texts.length + moments.length + places.length === 0) return null;
  const pointers = [...(moments.length > 0 ? [MOMENT] : []), ...(places.length > 0 ? [PLACE] : [])];
  const first = sorted([...texts, ...pointers.map((tag) => ({ tag, type: LONG, count: 1, data: new Uint8Array(4) }))]);
  const lengthOf = (entries: readonly Entry[]): number => entries.reduce((sum, { data }) => sum + (data.length > 4 ? 2 * Math.ceil(data.length / 2) : 0), 6 + 12 * entries.length);
  const momentAt = 8 + lengthOf(first);
  const placeAt = momentAt + (moments.length > 0 ? lengthOf(moments) : 0);
  const out = new Uint8Array(placeAt + (places.length > 0 ? lengthOf(places) : 0));
  const view = viewOf(out);
  out.set(text(little ? "II" : "MM"));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  for (const { tag, data } of first) {
    if (tag === MOMENT || tag === PLACE) viewOf(data).setUint32(0, tag === MOMENT ? momentAt : placeAt, little);
  }
  write(first, 8);
  if (moments.length > 0) write(moments, momentAt);
  if (places.length > 0) write(places, placeAt);
  return out;

  function write(entries: readonly Entry[], start: number): void {
    view.setUint16(start, entries.length, little);
    let beyond = start + 6 + 12 * entries.length;
    for (const [number, { tag, type, count, data }] of entries.entries()) {
      const at = start + 2 + 12 * number;
      view.setUint16(at, tag, little);
      view.setUint16(at + 2, type, little);
      view.setUint32(at + 4, count, little);
      if (data.length <= 4) out.set(data, at + 8);
      else {
        view.setUint32(at + 8, beyond, little);
        out.set(data, beyond);
        beyond += 2 * Math.ceil(data.length / 2);
      }
    }
  }
}

function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((one, other) => one.tag - other.tag);
}

/** A simple WebP becomes an extended one, which says its size and what is in it. */
function inWebp(file: Bytes, block: Bytes): BlobPart[] {
  const EXIF = 0x08;
  const ALPHA = 0x10;
  const chunks: Bytes[] = [];
  const view = viewOf(file);
  let header: Bytes | null = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = view.getUint32(at + 4, true);
    const chunk = file.slice(at, at + 8 + size + (size & 1));
    if (starts(chunk, 0, "VP8X")) header = chunk;
    else chunks.push(chunk);
    at += chunk.length;
  }
  header ??= headerOf(chunks[0]!);
  header[8]! |= EXIF;
  const padded = joined([block, new Uint8Array(block.length & 1)]);
  const body = joined([header, ...chunks, chunkHead("EXIF", block.length), padded]);
  return [text("RIFF"), numberBytes(body.length + 4), text("WEBP"), body];

  function headerOf(picture: Bytes): Bytes {
    const made = joined([chunkHead("VP8X", 10), new Uint8Array(10)]);
    const [at, to] = [viewOf(picture), viewOf(made)];
    let [width, height] = [0, 0];
    if (starts(picture, 0, "VP8L")) {
      const bits = at.getUint32(9, true);
      [width, height] = [bits & 0x3fff, (bits >>> 14) & 0x3fff];
      if ((bits >>> 28) & 1) made[8]! |= ALPHA;
    } else [width, height] = [(at.getUint16(14, true) & 0x3fff) - 1, (at.getUint16(16, true) & 0x3fff) - 1];
    to.setUint16(12, width, true);
    to.setUint16(15, height, true);
    return made;
  }
}

function chunkHead(name: string, size: number): Bytes {
  return joined([text(name), numberBytes(size)]);
}

function numberBytes(value: number): Bytes {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value, true);
  return out;
}

function chunkOfPng(name: string, data: Bytes): Bytes {
  const named = joined([text(name), data]);
  const out = new Uint8Array(named.length + 8);
  out.set(named, 4);
  viewOf(out).setUint32(0, data.length);
  viewOf(out).setUint32(out.length - 4, crc32(named));
  return out;
}

function joined(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function text(words: string): Bytes {
  return Uint8Array.from(words, (letter) => letter.charCodeAt(0));
}

function starts(data: Bytes, at: number, words: string): boolean {
  return [...words].every((letter, number) => data[at + number] === letter.charCodeAt(0));
}

function viewOf(data: Bytes): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
