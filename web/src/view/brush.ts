/** The mask, brushed over the painting: 255 where the style is, 0 where it is not. */

import { h } from "../dom.js";
import type { Gray } from "../paint/pixels.js";
import { say } from "../strings.js";

/** Pixels on the mask's longer side, at most. */
const LONGEST = 1024;
/** What a press of an arrow key moves the brush by, of the longer side. */
const STRIDE = 0.02;

export class Brush {
  private readonly canvas = h("canvas", { class: "brush", tabindex: 0, role: "application" });
  private readonly ring = h("span", { class: "ring", "aria-hidden": "true" });
  readonly element = h("div", { class: "masking", hidden: true }, this.canvas, this.ring);
  private readonly context: CanvasRenderingContext2D;
  /** Of the longer side of the picture. */
  size = 0.12;
  keeps = true;
  private at: readonly [number, number] = [0.5, 0.5];
  private drawing = false;

  /** @param done is told the mask after each stroke. */
  constructor(private readonly done: (mask: Gray | null) => void) {
    this.context = this.canvas.getContext("2d", { willReadFrequently: true })!;
    this.canvas.setAttribute("aria-label", `${say("brushArea")}. ${say("brushHint")}`);
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => this.up());
    this.canvas.addEventListener("pointercancel", () => this.up());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** A photograph of another size. */
  open(width: number, height: number): void {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
  }

  /** Show a mask that is not of the brush's making, as after an undo. */
  set(mask: Gray | null): void {
    const { width, height } = this.canvas;
    const image = new ImageData(width, height);
    if (mask !== null && mask.width === width && mask.height === height) {
      for (let at = 0; at < mask.data.length; at += 1) image.data[at * 4 + 3] = 255 - mask.data[at]!;
    }
    this.context.putImageData(image, 0, 0);
  }

  private get mask(): Gray | null {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    const out = new Uint8Array(width * height);
    let plain = true;
    for (let at = 0; at < out.length; at += 1) {
      out[at] = 255 - data[at * 4 + 3]!;
      if (out[at] !== 255) plain = false;
    }
    return plain ? null : { data: out, width, height };
  }

  private place(event: PointerEvent): readonly [number, number] {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.at = this.place(event);
    this.stroke(this.at, this.at);
    this.showRing();
  }

  private move(event: PointerEvent): void {
    const to = this.place(event);
    if (this.drawing) this.stroke(this.at, to);
    this.at = to;
    this.showRing();
  }

  private up(): void {
    if (!this.drawing) return;
    this.drawing = false;
    this.done(this.mask);
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step !== undefined) {
      const { width, height } = this.canvas;
      const stride = STRIDE * Math.max(width, height);
      const bound = (x: number): number => Math.min(1, Math.max(0, x));
      this.at = [bound(this.at[0] + (step[0]! * stride) / width), bound(this.at[1] + (step[1]! * stride) / height)];
      this.showRing();
    } else if (event.key === " ") {
      this.stroke(this.at, this.at);
      this.done(this.mask);
    } else return;
    event.preventDefault();
  }

  private stroke(from: readonly [number, number], to: readonly [number, number]): void {
    const { context, canvas } = this;
    context.globalCompositeOperation = this.keeps ? "source-over" : "destination-out";
    context.lineCap = "round";
    context.lineWidth = this.size * Math.max(canvas.width, canvas.height);
    context.beginPath();
    context.moveTo(from[0] * canvas.width, from[1] * canvas.height);
    context.lineTo(to[0] * canvas.width, to[1] * canvas.height + 0.01);
    context.stroke();
  }

  /** Where the brush is, and how large. */
  showRing(): void {
    const { width, height } = this.canvas;
    this.ring.style.left = `${this.at[0] * 100}%`;
    this.ring.style.top = `${this.at[1] * 100}%`;
    this.ring.style.width = `${((this.size * Math.max(width, height)) / width) * 100}%`;
  }
}
