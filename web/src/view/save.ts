/** The painting at the photograph's own size, as a file or on the clipboard. */

import { h, slider } from "../dom.js";
import { DEFAULT_QUALITY } from "../paint/options.js";
import type { Encoding } from "../paint/protocol.js";
import { say } from "../strings.js";

const TYPES = { jpg: "image/jpeg", png: "image/png", webp: "image/webp" } as const;
type Suffix = keyof typeof TYPES;

export interface Source {
  /** The painting's file; `progress` hears how much is done. */
  encode(encoding: Encoding, progress: (share: number) => void): Promise<Blob>;
  /** Of the file, without its ending. */
  name(): string;
  busy(share: number | null): void;
  done(words: string): void;
  fault(error: unknown): void;
}

export class Save {
  private readonly format = h("select", { id: "format", onchange: () => this.update() }, ...Object.keys(TYPES).map((suffix) => h("option", { value: suffix }, suffix.toUpperCase())));
  private quality = DEFAULT_QUALITY;
  private readonly slider = slider(say("quality"), [40, 100, 1], String, (value) => {
    this.quality = value;
  });
  private readonly download = h("button", { type: "button", class: "main", onclick: () => this.run(() => this.save()) }, say("download"));
  private readonly copy = h("button", { type: "button", onclick: () => this.run(() => this.toClipboard()) }, say("copy"));
  private readonly share = h("button", { type: "button", onclick: () => this.run(() => this.hand()) }, say("shareIt"));
  private readonly keep = h("input", { type: "checkbox" });
  private readonly place = h("label", { class: "check", hidden: true }, this.keep, say("place"));
  readonly settings = h("section", { class: "group" }, h("h2", {}, say("file")), this.slider.element, this.place);
  readonly element = h(
    "section",
    { class: "save", "aria-label": say("save") },
    h(
      "div",
      { class: "buttons" },
      this.download,
      h("label", { for: "format", class: "unseen" }, say("format")),
      this.format,
      this.copy,
      this.share,
    ),
  );
  private running = false;

  constructor(private readonly source: Source) {
    this.slider.set(this.quality);
    this.copy.hidden = typeof ClipboardItem === "undefined";
    const probe = new File([], "painting.png", { type: "image/png" });
    this.share.hidden = navigator.canShare?.({ files: [probe] }) !== true;
    this.update();
  }

  /** As the user wants files. */
  get encoding(): Encoding & { readonly suffix: Suffix } {
    const suffix = this.format.value as Suffix;
    return { suffix, type: TYPES[suffix], quality: this.quality, place: this.keep.checked };
  }

  /** Of another photograph: whether it may say where it was taken, which is told only if the user wants that. */
  setPlace(known: boolean): void {
    this.keep.checked = false;
    this.place.hidden = !known;
    this.update();
  }

  private update(): void {
    this.slider.element.hidden = this.format.value === "png"; // which loses nothing
    this.settings.hidden = this.slider.element.hidden && this.place.hidden;
  }

  private async run(act: () => Promise<string | null>): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      const words = await act();
      if (words !== null) this.source.done(words);
    } catch (error) {
      this.source.fault(error);
    } finally {
      this.running = false;
      this.element.removeAttribute("aria-busy");
      this.source.busy(null);
    }
  }

  private encode(suffix: Suffix): Promise<Blob> {
    return this.source.encode({ type: TYPES[suffix], quality: this.quality, place: this.keep.checked }, (share) => this.source.busy(share));
  }

  private async file(): Promise<File> {
    const suffix = this.format.value as Suffix;
    const blob = await this.encode(suffix);
    return new File([blob], `${this.source.name()}.${suffix}`, { type: blob.type });
  }

  private async save(): Promise<string> {
    const file = await this.file();
    offer(file);
    return say("saved", { file: file.name });
  }

  private async toClipboard(): Promise<string> {
    // Safari allows it only if the item is made at the click, before the picture is.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": this.encode("png") })]);
    return say("copied");
  }

  private async hand(): Promise<null> {
    const file = await this.file();
    try {
      await navigator.share({ files: [file] });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    }
    return null;
  }
}

/** Give a file to the user as a download. */
export function offer(file: File): void {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
