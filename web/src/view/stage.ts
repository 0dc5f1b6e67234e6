/** The painting, the photograph beneath it, and the line between them. */

import { h, showBitmap } from "../dom.js";
import { say } from "../strings.js";

export class Stage {
  readonly painted = h("canvas", { class: "painted", role: "img", "aria-label": say("stage") });
  private readonly photo = h("canvas", { class: "photo", "aria-hidden": "true" });
  private readonly compare = h("input", { type: "range", min: 0, max: 100, step: 1, value: 0, class: "compare" });
  readonly easel = h(
    "div",
    { class: "easel" },
    this.painted,
    this.photo,
    h("div", { class: "line", "aria-hidden": "true" }, h("span", { class: "knob" })),
    this.compare,
  );
  private readonly bar = h("div", { class: "working", hidden: true });
  readonly element = h("div", { class: "stage" }, h("div", { class: "room" }, this.easel), this.bar);

  constructor() {
    this.compare.setAttribute("aria-label", say("compare"));
    this.compare.addEventListener("input", () => this.split());
    this.split();
  }

  /** Another photograph. */
  open(image: ImageBitmap, width: number, height: number): void {
    this.easel.style.setProperty("--width", String(width));
    this.easel.style.setProperty("--height", String(height));
    showBitmap(this.photo, image);
    this.painted.width = 0;
    this.compare.value = "0";
    this.element.classList.add("waiting");
    this.split();
  }

  show(image: ImageBitmap): void {
    this.element.classList.remove("waiting");
    showBitmap(this.painted, image);
  }

  /** Frames of a camera, which have no photograph beneath them. */
  live(now: boolean): void {
    this.element.classList.toggle("live", now);
  }

  working(now: boolean): void {
    this.bar.hidden = !now;
  }

  actualSize(now: boolean): void {
    this.easel.style.setProperty("--dense", String(devicePixelRatio));
    this.element.classList.toggle("actual", now);
  }

  private split(): void {
    this.easel.style.setProperty("--split", `${this.compare.value}%`);
    this.compare.setAttribute("aria-valuetext", say("compareValue", { percent: this.compare.value }));
  }
}
