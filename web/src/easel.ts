/**
 * When what is painted: a quick preview at once, then a small sheet of all styles, then the painting for the screen, and
 * at last the sheet's tiles as they stay.
 *
 * One request at a time goes to the worker. A change cancels the painting in work; what a slider passes by is never
 * queued.
 */

import { Failed } from "./client.js";
import type { Client } from "./client.js";
import type { Encoding, Order } from "./paint/protocol.js";
import type { Choice } from "./state.js";

/** Pixels on the longer side, of a tile of the sheet at first and in the end, of a preview, and of what is shown. */
const TILES = [112, 192] as const;
const DRAFT = [160, 384] as const;
const SCREEN = 1600;
/** Milliseconds without a change after which a painting is worth the work. */
const REST = 160;
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
  private changed = 0;
  /** What is left of the sheet, at first small, and in the end as it stays. */
  private tiles: [string[], string[]] = [[], []];
  private running: number | null = null;
  private active = false;
  /** Longer side of what is painted; null is the photograph's own. */
  private within: number | null = SCREEN;
  private draft = 256;

  constructor(
    private readonly client: Client,
    private readonly shown: Shown,
  ) {}

  /** A photograph or a model is new. */
  begin(choice: Choice, styles: readonly string[]): void {
    this.tiles = [[...styles], [...styles]];
    this.paint(choice);
  }

  paint(choice: Choice): void {
    this.wanted = choice;
    this.previewDue = true;
    this.paintingDue = true;
    this.changed = performance.now();
    if (this.running !== null) this.client.cancel(this.running);
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
    if (this.previewDue) {
      this.previewDue = false;
      this.shown.busy("preview");
      const draft = this.draft;
      await this.run({ ...choice, within: draft, draft }, (image, seconds) => {
        this.draft = suited(draft, seconds, QUICK, DRAFT);
        this.shown.painting(image, null);
      });
      return true;
    }
    if (this.tiles[0].length > 0) return this.tile(0, choice);
    if (!this.paintingDue) return this.tiles[1].length > 0 && this.tile(1, choice);
    const rest = this.changed + REST - performance.now();
    if (rest > 0) {
      await new Promise((resolve) => setTimeout(resolve, rest));
      return true;
    }
    this.paintingDue = false;
    this.shown.busy("painting");
    await this.run({ ...choice, within: this.within, draft: null }, (image, seconds) => this.shown.painting(image, seconds));
    return true;
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
