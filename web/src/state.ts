/** What the user has chosen, and the way back. */

import type { Look } from "./paint/options.js";
import type { Gray } from "./paint/pixels.js";

export interface Choice {
  readonly look: Look;
  /** Null paints everywhere. */
  readonly mask: Gray | null;
}

/** Masks are the largest part of a step: some 30 megabytes in all. */
const MOST_STEPS = 40;

export class State {
  private past: Choice[] = [];
  private future: Choice[] = [];
  /** The choice before a slider began to move. */
  private before: Choice | null = null;
  private readonly listeners: ((choice: Choice) => void)[] = [];

  constructor(private choice: Choice) {}

  get now(): Choice {
    return this.choice;
  }

  /** Whether a slider still moves. */
  get held(): boolean {
    return this.before !== null;
  }

  get canUndo(): boolean {
    return this.past.length > 0 || this.before !== null;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  listen(listener: (choice: Choice) => void): void {
    this.listeners.push(listener);
  }

  /** @param done whether this is a step of its own, not a moment of a slider that still moves. */
  change(look: Partial<Look>, done = true, mask: Gray | null = this.choice.mask): void {
    this.before ??= this.choice;
    this.choice = { look: { ...this.choice.look, ...look }, mask };
    if (done) this.settle();
    this.tell();
  }

  undo(): void {
    this.settle();
    this.go(this.past, this.future);
  }

  redo(): void {
    this.go(this.future, this.past);
  }

  /** Another model or photograph: nothing to go back to. */
  restart(choice: Choice): void {
    this.past = [];
    this.future = [];
    this.before = null;
    this.choice = choice;
    this.tell();
  }

  private settle(): void {
    if (this.before === null) return;
    this.past = [...this.past.slice(1 - MOST_STEPS), this.before];
    this.future = [];
    this.before = null;
  }

  private go(from: Choice[], to: Choice[]): void {
    const next = from.pop();
    if (next === undefined) return;
    to.push(this.choice);
    this.choice = next;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this.choice);
  }
}
