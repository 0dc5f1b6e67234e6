/**
 * When what is painted: a quick preview at once, then a small sheet of all styles, then the painting for the screen, and
 * at last the sheet's tiles as they stay.
 *
 * One request at a time goes to a worker. A change cancels the painting in work; what a slider passes by is never
 * queued. As soon as there is a second worker, it makes the previews.
 */

import { Failed } from "./client.js";
import type { Client } from "./client.js";
import type { Encoding, Order } from "./paint/protocol.js";
import type { Sketcher } from "./sketcher.js";
import type { Choice } from "./state.js";

/** Pixels on the longer side, of a tile of the sheet at first and in the end, of a preview, and of what is shown. */
const TILES = [112, 192] as const;
const DRAFT = [160, 384] as const;
const SCREEN = 1600;
/** Milliseconds without a change after which a painting is worth the work; longer while a slider is held. */
const REST = 160;
const HELD = 700;
/** Seconds that a preview may take; slower devices get smaller ones. */
const QUICK = 0.08;

export interface Shown {
  tile(name: string, image: ImageBitmap): void;
  painting(image: ImageBitmap, seconds: number | null): void;
  busy(what: "preview" | "sheet" | "painting" | null): void;
  fault(error: Failed): void;
}

export class Easel {
  private wanted: Choice | null = null;
  private previewDue = false;
  private paintingDue = false;
  private due = 0;
  private wake: () => void = () => {};
  /** What is left of the sheet, at first small, and in the end as it stays. */
  private tiles: [string[], string[]] = [[], []];
  private running: number | null = null;
  private active = false;
  /** Longer side of what is painted; null is the photograph's own. */
  private within: number | null = SCREEN;
  private draft = 256;
  private sketching = false;
  /** Makes the previews if it is ready. */
  sketcher: Sketcher | null = null;

  constructor(
    private readonly client: Client,
    private readonly shown: Shown,
  ) {}

  /** A photograph or a model is new. */
  begin(choice: Choice, styles: readonly string[]): void {
    this.tiles = [[...styles], [...styles]];
    this.paint(choice);
  }

  /** @param held whether it is of a slider that still moves: the network cannot be stopped in the middle. */
  paint(choice: Choice, held = false): void {
    this.wanted = choice;
    this.previewDue = true;
    this.paintingDue = true;
    this.due = performance.now() + (held ? HELD : REST);
    if (this.running !== null) this.client.cancel(this.running);
    this.wake();
    void this.sketch();
    void this.work();
  }

  /** Paint at the photograph's own size from now on, or for the screen. */
  atFullSize(full: boolean): void {
    this.within = full ? null : SCREEN;
    this.paintingDue = this.wanted !== null;
    void this.work();
  }

  /** Nothing more is painted. */
  stop(): void {
    this.tiles = [[], []];
    this.wanted = null;
    this.previewDue = false;
    this.paintingDue = false;
    if (this.running !== null) this.client.cancel(this.running);
  }

  encode(choice: Choice, encoding: Encoding, progress: (share: number) => void): Promise<Blob> {
    const order: Order & Encoding = { ...choice, ...encoding, within: null, draft: null };
    return this.client.ask("encode", order, progress).answer.then(({ blob }) => blob);
  }

  private async work(): Promise<void> {
    if (this.active) return;
    this.active = true;
    try {
      while (await this.step());
    } finally {
      this.active = false;
      this.shown.busy(null);
    }
  }

  /** The most urgent piece of work; whether there was any. */
  private async step(): Promise<boolean> {
    const choice = this.wanted;
    if (choice === null) return false;
    if (this.previewDue && !this.sketching) {
      this.shown.busy("preview");
      const order = this.preview(choice);
      await this.run(order, (image, seconds) => this.showPreview(image, seconds, order));
      return true;
    }
    if (this.tiles[0].length > 0) return this.tile(0, choice);
    if (!this.paintingDue) return this.tiles[1].length > 0 && this.tile(1, choice);
    const rest = this.due - performance.now();
    if (rest > 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve; // what changes meanwhile is shown at once
        setTimeout(resolve, rest);
      });
      return true;
    }
    this.paintingDue = false;
    this.shown.busy("painting");
    await this.run({ ...choice, within: this.within, draft: null }, (image, seconds) => {
      if (this.wanted === choice) this.shown.painting(image, seconds);
      else image.close(); // a newer preview may be shown already
    });
    return true;
  }

  /** Previews by the second worker, until none is due. */
  private async sketch(): Promise<void> {
    if (this.sketching) return;
    this.sketching = true;
    while (this.previewDue && this.wanted !== null && this.sketcher?.ready) {
      const choice = this.wanted;
      const order = this.preview(choice);
      try {
        const { image, seconds } = await this.sketcher.paint(order);
        if (this.wanted === null || this.sketcher?.ready !== true) image.close();
        else this.showPreview(image, seconds, order);
      } catch {
        this.sketcher = null; // the other worker says what is wrong
        this.previewDue = true;
      }
    }
    this.sketching = false;
    if (this.previewDue) void this.work();
  }

  private preview(choice: Choice): Order {
    this.previewDue = false;
    return { ...choice, within: this.draft, draft: this.draft };
  }

  private showPreview(image: ImageBitmap, seconds: number, { draft }: Order): void {
    this.draft = suited(draft!, seconds, QUICK, DRAFT);
    this.shown.painting(image, null);
  }

  /** Paint the next tile of the sheet, small or as it stays. */
  private async tile(pass: 0 | 1, { look }: Choice): Promise<true> {
    const [name] = this.tiles[pass];
    const longest = TILES[pass];
    this.shown.busy("sheet");
    const alone = { ...look, style: { [name!]: 1 }, strength: 1, color: "style" as const };
    const order = { look: alone, mask: null, within: longest, draft: longest };
    const done = await this.run(order, (image) => this.shown.tile(name!, image));
    if (done) this.tiles[pass] = this.tiles[pass].filter((one) => one !== name);
    return true;
  }

  /** Whether it was painted. */
  private async run(order: Order, show: (image: ImageBitmap, seconds: number) => void): Promise<boolean> {
    const { id, answer } = this.client.ask("paint", order);
    this.running = id;
    try {
      const { image, seconds } = await answer;
      show(image, seconds);
      return true;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (error.fault !== "cancelled") {
        this.stop();
        this.shown.fault(error);
      }
      return false;
    } finally {
      this.running = null;
    }
  }
}

/** The longer side, in steps of 32 pixels, of what takes as long as it may, after one that took so long. */
export function suited(
  longest: number,
  seconds: number,
  wanted: number,
  [least, most]: readonly [number, number],
): number {
  const next = 32 * Math.round((longest * Math.sqrt(wanted / Math.max(seconds, 0.01))) / 32);
  return Math.min(most, Math.max(least, next, longest - 96), longest + 32);
}
