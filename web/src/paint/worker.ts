/** Decodes, paints and encodes, so that the page never waits. One request after the other. */

import { ModelFault } from "./card.js";
import { metadataOf, withMetadata } from "./exif.js";
import type { Metadata } from "./exif.js";
import { Model, fetched, startRuntime, threadsHere } from "./network.js";
import type { Mixture } from "./painting.js";
import { paint, seenSize } from "./painting.js";
import { SMALLEST_SIDE } from "./options.js";
import { fillInvisible, rgbOf, rgbaOf } from "./pixels.js";
import type { Gray, Rgb, Rgba } from "./pixels.js";
import type { Encoding, Fault, Kind, Message, Order, Reply, Requests } from "./protocol.js";
import { crc32 } from "../zip.js";
import { reduce, reducedSize } from "./stroke.js";
import type { Size } from "./stroke.js";

/** A picture of more pixels does not fit into the memory that a tab gets. */
const MOST_PIXELS = 50_000_000;
/** How many results of the network are kept, for changes that need none, such as of color. */
const KEPT = 4;

class Stopped extends Error {
  constructor(readonly fault: Fault) {
    super(fault);
  }
}

/** The photograph in hand, and copies of it. */
class Photo {
  private readonly copies = new Map<string, Rgb>();
  private readonly results = new Map<string, Promise<Rgb>>();

  constructor(
    readonly whole: Rgba,
    readonly metadata: Metadata | null,
  ) {}

  get size(): Size {
    return [this.whole.width, this.whole.height];
  }

  /** A reduced copy; null is the picture itself. */
  copy(size: Size | null): Rgb {
    const key = String(size);
    const found = this.copies.get(key) ?? (size === null ? rgbOf(this.whole) : reduce(this.whole, size));
    keep(this.copies, key, found);
    return found;
  }

  /** As `copy`, with alpha if the picture has it. */
  shown(longest: number | null): Rgba {
    const size = longest === null ? null : reducedSize(this.size, longest);
    if (size === null) return this.whole;
    const copy = rgbaOf(this.copy(size));
    const [width, height] = size;
    for (let y = 0, to = 3; y < height; y += 1) {
      const row = Math.floor(((y + 0.5) * this.whole.height) / height) * this.whole.width;
      for (let x = 0; x < width; x += 1, to += 4) {
        copy.data[to] = this.whole.data[(row + Math.floor(((x + 0.5) * this.whole.width) / width)) * 4 + 3]!;
      }
    }
    return copy;
  }

  painted(model: Model, seen: Rgb, style: Mixture): Promise<Rgb> {
    const key = `${seen.width} ${seen.height} ${style.join(" ")}`;
    const found = this.results.get(key) ?? model.run(seen, style);
    keep(this.results, key, found);
    found.catch(() => this.results.delete(key));
    return found;
  }

  /** After another model is loaded. */
  forget(): void {
    this.results.clear();
  }
}

/** The last few of a map; the one that is asked for is the newest. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= KEPT) break;
    map.delete(oldest);
  }
}

let model: Model | null = null;
let photo: Photo | null = null;
const cancelled = new Set<number>();

async function start({ runtime, threads }: Requests["start"]["ask"]): Promise<Requests["start"]["answer"]> {
  const number = threads ?? threadsHere();
  await startRuntime(runtime, number);
  return { threads: number };
}

async function loadModel(ask: Requests["model"]["ask"]): Promise<Requests["model"]["answer"]> {
  const bytes = "url" in ask ? await fetched(ask.url) : ask.bytes;
  const loaded = await Model.of(bytes, ask.engine);
  await model?.release();
  model = loaded;
  photo?.forget();
  return { styles: loaded.styles, engine: loaded.engine, gpu: loaded.verdict };
}

async function open(ask: Requests["open"]["ask"]): Promise<Requests["open"]["answer"]> {
  const pixels = "pixels" in ask ? ask.pixels : await decoded(ask.file);
  fillInvisible(pixels);
  photo = new Photo(pixels, "pixels" in ask ? null : await metadataIn(ask.file));
  const place = (photo.metadata?.place.length ?? 0) > 0;
  const [shown, small] = [photo.shown(SHOWN), photo.shown(SMALL)];
  return { width: pixels.width, height: pixels.height, shown: await bitmapOf(shown), small, place };
}

async function metadataIn(file: Blob): Promise<Metadata | null> {
  return metadataOf(new Uint8Array(await file.arrayBuffer()));
}

async function decoded(file: Blob): Promise<Rgba> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new Stopped("not-a-picture");
  });
  const { width, height } = bitmap;
  try {
    if (width * height > MOST_PIXELS) throw new Stopped("too-large");
    if (Math.min(width, height) < SMALLEST_SIDE) throw new Stopped("too-small");
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Stopped("memory");
    context.drawImage(bitmap, 0, 0);
    return { data: context.getImageData(0, 0, width, height).data, width, height };
  } finally {
    bitmap.close();
  }
}

/** Longer side in pixels of what is shown on the screen, and of the copy for previews. */
const SHOWN = 1600;
const SMALL = 384;

async function painting(order: Order, id: number, here: Photo | null = photo): Promise<Rgba> {
  if (model === null || here === null) throw new Stopped("failed");
  const { names } = model;
  const loaded = model;
  const size = order.draft === null ? null : reducedSize(here.size, order.draft);
  const own = seenSize(here.size, order.look);
  const least = size !== null && (own === null || Math.max(...size) < Math.max(...own)) ? size : own;
  const seen = here.copy(least);
  const within = order.within === null ? null : Math.max(order.within, ...(least ?? here.size));
  return paint(here.shown(within), seen, order.look, order.mask as Gray | null, names, (picture, style) =>
    here.painted(loaded, picture, style), (share) => pause(id, share));
}

/** Lets other messages in, and stops if one of them cancels this request. */
async function pause(id: number, share: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
  if (cancelled.has(id)) throw new Stopped("cancelled");
  say({ id, share });
}

function bitmapOf({ data, width, height }: Rgba): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(data, width, height));
}

/** A picture of many; nothing of it is kept. */
async function one({ file, look, type, quality, place }: Requests["one"]["ask"], id: number): Promise<Requests["one"]["answer"]> {
  const pixels = await decoded(file);
  fillInvisible(pixels);
  const order = { look, mask: null, within: null, draft: null };
  const kept = await metadataIn(file);
  const blob = await encoded(await painting(order, id, new Photo(pixels, kept)), { type, quality, place }, kept);
  return { blob, crc: crc32(new Uint8Array(await blob.arrayBuffer())) };
}

/** Frames are drawn here, to get at their bytes. */
const scratch = new OffscreenCanvas(1, 1);
const frames = scratch.getContext("2d", { willReadFrequently: true });

async function frame({ frame: bitmap, look, longest }: Requests["frame"]["ask"]): Promise<ImageBitmap> {
  if (model === null || frames === null) throw new Stopped("failed");
  const [width, height] = reducedSize([bitmap.width, bitmap.height], longest) ?? [bitmap.width, bitmap.height];
  if (scratch.width !== width || scratch.height !== height) {
    scratch.width = width;
    scratch.height = height;
  }
  frames.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const picture = { data: frames.getImageData(0, 0, width, height).data, width, height };
  const loaded = model;
  return bitmapOf(await paint(picture, rgbOf(picture), look, null, model.names, (seen, style) => loaded.run(seen, style)));
}

async function encoded(picture: Rgba, order: Encoding, kept: Metadata | null): Promise<Blob> {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Stopped("memory");
  context.putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
  if (order.type === "image/jpeg") {
    context.globalCompositeOperation = "destination-over"; // transparency lies on white where there is none
    context.fillStyle = "white";
    context.fillRect(0, 0, picture.width, picture.height);
  }
  const blob = await canvas.convertToBlob({ type: order.type, quality: order.quality / 100 });
  if (blob.type !== order.type) throw new Stopped("no-encoder");
  if (kept === null) return blob;
  return new Blob(withMetadata(new Uint8Array(await blob.arrayBuffer()), kept, order.place), { type: order.type });
}

async function answer(message: Extract<Message, { kind: Kind }>): Promise<[unknown, Transferable[]]> {
  const { id } = message;
  switch (message.kind) {
    case "start":
      return [await start(message.ask), []];
    case "model":
      return [await loadModel(message.ask), []];
    case "open": {
      const opened = await open(message.ask);
      return [opened, [opened.shown]];
    }
    case "paint": {
      const begin = performance.now();
      const image = await bitmapOf(await painting(message.ask, id));
      return [{ image, seconds: secondsSince(begin) }, [image]];
    }
    case "pixels": {
      const { data, width, height } = await painting(message.ask, id);
      return [{ data, width, height }, [data.buffer]];
    }
    case "encode":
      return [{ blob: await encoded(await painting(message.ask, id), message.ask, photo?.metadata ?? null) }, []];
    case "one":
      return [await one(message.ask, id), []];
    case "frame": {
      const begin = performance.now();
      const image = await frame(message.ask);
      return [{ image, seconds: secondsSince(begin) }, [image]];
    }
  }
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000;
}

function say(reply: Reply, transfer: Transferable[] = []): void {
  self.postMessage(reply, { transfer });
}

function faultOf(error: unknown): Fault {
  if (error instanceof Stopped) return error.fault;
  if (error instanceof ModelFault) return error.message as Fault;
  return /alloc|memory|out of bounds/i.test(String(error)) ? "memory" : "failed";
}

let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Message>) => {
  if ("cancel" in data) {
    cancelled.add(data.cancel);
    return;
  }
  queue = queue.then(async () => {
    try {
      if (cancelled.has(data.id)) throw new Stopped("cancelled");
      const [result, transfer] = await answer(data);
      say({ id: data.id, answer: result }, transfer);
    } catch (error) {
      say({ id: data.id, fault: faultOf(error), words: String(error) });
    } finally {
      cancelled.delete(data.id);
    }
  });
};
