/** Many photographs in one look: painted one after the other, given back as a zip. */

import { Failed } from "../client.js";
import type { Client } from "../client.js";
import { h } from "../dom.js";
import type { Look } from "../paint/options.js";
import type { Encoding } from "../paint/protocol.js";
import { say } from "../strings.js";
import type { Word } from "../strings.js";
import { zipped } from "../zip.js";
import type { Entry } from "../zip.js";
import { offer } from "./save.js";

export interface Job {
  look(): Look;
  encoding(): Encoding & { readonly suffix: string };
  nameOf(file: File): string;
  busy(now: boolean): void;
}

export class Many {
  private readonly button = h("button", { type: "button", onclick: () => void this.toggle() });
  private readonly words = h("p", { class: "hint", role: "status" });
  private readonly faults = h("ul", { class: "faults" });
  readonly element = h("section", { class: "group", hidden: true }, h("h2", {}, say("many")), this.button, this.words, this.faults);
  private files: readonly File[] = [];
  private stopped = true;

  constructor(
    private readonly client: Client,
    private readonly job: Job,
  ) {}

  /** The photographs that were handed over together. */
  set(files: readonly File[]): void {
    this.stopped = true;
    this.files = files;
    this.element.hidden = files.length < 2;
    this.words.textContent = "";
    this.faults.replaceChildren();
    this.label();
  }

  private label(): void {
    this.button.textContent = this.stopped ? say("manyPaint", { number: this.files.length }) : say("manyStop");
  }

  private async toggle(): Promise<void> {
    this.stopped = !this.stopped;
    this.label();
    if (!this.stopped) await this.paint();
  }

  private async paint(): Promise<void> {
    const [files, look, { suffix, ...encoding }] = [this.files, this.job.look(), this.job.encoding()];
    const entries: Entry[] = [];
    this.faults.replaceChildren();
    this.job.busy(true);
    for (const [number, file] of files.entries()) {
      if (this.stopped || files !== this.files) break;
      this.words.textContent = say("manyBusy", { number: number + 1, all: files.length });
      try {
        const answer = await this.client.ask("one", { file, look, ...encoding }).answer;
        entries.push({ name: unused(`${this.job.nameOf(file)}.${suffix}`, entries), ...answer });
      } catch (error) {
        const fault = error instanceof Failed ? error.fault : "failed";
        this.faults.append(h("li", {}, say(`fault_${fault}` as Word, { file: file.name, words: String(error) })));
      }
    }
    this.job.busy(false);
    if (files !== this.files) return;
    this.stopped = true;
    this.label();
    this.words.textContent = say("manyDone", { number: entries.length, all: files.length });
    if (entries.length > 0) offer(new File([zipped(entries)], "paintings.zip", { type: "application/zip" }));
  }
}

/** A name that no entry has yet: photo.jpg, photo-2.jpg, … */
function unused(name: string, entries: readonly Entry[]): string {
  const [, stem, suffix] = /^(.*)(\.\w+)$/s.exec(name)!;
  let found = name;
  for (let number = 2; entries.some((entry) => entry.name === found); number += 1) found = `${stem}-${number}${suffix}`;
  return found;
}
