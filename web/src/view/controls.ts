/** Everything that can be chosen but the style. */

import { h, slider } from "../dom.js";
import { COLORS, SMALLEST_SIDE, STROKE } from "../paint/options.js";
import type { Color } from "../paint/options.js";
import type { Style } from "../paint/card.js";
import type { State } from "../state.js";
import { say } from "../strings.js";
import type { Brush } from "./brush.js";
import { titleOf } from "./styles.js";

/** Strokes that the slider offers, in pixels that the network sees; more would not fit into a tab's memory. */
const STROKES = [128, 192, 256, 384, 512, 768, 1024, 1280, 1536].filter((pixels) => pixels >= SMALLEST_SIDE);
/** Of the shorter side, in percent. */
const FEATHERS: readonly [number, number, number] = [0, 10, 0.5];
/** No file has this name. */
const CHOOSE = "/";

export interface Banks {
  /** One of those that are offered, or null for a file of the user's. */
  choose(bank: string | null): void;
}

export class Controls {
  private readonly strength = slider(
    say("strength"),
    [0, 1, 0.01],
    (value) => `${Math.round(value * 100)} %`,
    (strength, done) => this.state.change({ strength }, done),
  );
  private readonly stroke = slider(
    say("stroke"),
    [0, STROKES.length - 1, 1],
    (at) => {
      const { stroke } = this.state.now.look;
      return stroke === "auto" ? say("strokeAuto") : say("strokeSize", { pixels: STROKES[at]! });
    },
    (at, done) => {
      this.state.change({ stroke: STROKES[at]! }, done);
    },
  );
  private readonly automatic = h("button", { type: "button", class: "quiet", onclick: () => this.state.change({ stroke: "auto" }) }, say("resetStroke"));
  private readonly colors = COLORS.map((color) => this.color(color));
  private readonly feather = slider(
    say("feather"),
    FEATHERS,
    (value) => (this.state.now.look.feather === null ? say("featherAuto") : say("pixels", { number: Math.round(this.featherOf(value)) })),
    (value, done) => this.state.change({ feather: this.featherOf(value) }, done),
  );
  private readonly invert = h("input", { type: "checkbox", onchange: () => this.state.change({ invert_mask: this.invert.checked }) });
  private readonly elsewhere = h("select", { id: "elsewhere", onchange: () => this.chooseElsewhere() });
  private readonly masked = h("div", { class: "masked" });
  private readonly tools = h("div", { class: "tools", hidden: true });
  private readonly brushing = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.brush(!this.open) }, say("brush"));
  private readonly bank = h("select", { id: "bank", onchange: () => this.chooseBank() });
  private readonly keep = this.tool(true);
  private readonly paintHere = this.tool(false);
  private open = false;
  private offered: readonly string[] = [];
  private side = 1000;
  readonly element: HTMLElement;

  constructor(
    private readonly state: State,
    private readonly brushOf: Brush,
    private readonly banks: Banks,
  ) {
    const size = slider(say("brushSize"), [0.02, 0.4, 0.01], (value) => `${Math.round(value * 100)} %`, (value) => {
      brushOf.size = value;
      brushOf.showRing();
    });
    size.set(brushOf.size);
    const clear = h("button", { type: "button", class: "quiet", onclick: () => state.change({ invert_mask: false, mask_style: null, feather: null }, true, null) }, say("clear"));
    this.tools.append(
      h("p", { class: "hint" }, say("brushHint")),
      h("div", { class: "segments", role: "group", "aria-label": say("brush") }, this.keep, this.paintHere),
      size.element,
    );
    this.masked.append(
      this.feather.element,
      h("label", { class: "check" }, this.invert, say("invert")),
      h("div", { class: "field" }, h("label", { for: "elsewhere" }, say("elsewhere")), this.elsewhere),
      clear,
    );
    this.element = h(
      "div",
      { class: "controls" },
      section(say("brushwork"), this.strength.element, this.stroke.element, this.automatic),
      section(say("colors"), h("div", { class: "choices", role: "radiogroup", "aria-label": say("colors") }, ...this.colors.map(({ label }) => label))),
      section(say("part"), this.brushing, this.tools, this.masked),
      section(say("bank"), h("div", { class: "field" }, h("label", { for: "bank", class: "unseen" }, say("bank")), this.bank)),
    );
    for (const one of [this.stroke.element, this.automatic, this.brushing.parentElement!]) one.classList.add("still");
    state.listen(() => this.update());
    this.update();
  }

  setStyles(styles: readonly Style[]): void {
    this.elsewhere.replaceChildren(
      h("option", { value: "" }, say("thePhotograph")),
      ...styles.map((style) => h("option", { value: style.name }, titleOf(style))),
    );
    this.update();
  }

  /** The banks that are offered. */
  setBanks(names: readonly string[], chosen: string): void {
    this.offered = names;
    this.setBank(chosen);
  }

  /** Which bank is loaded, or the name of the user's own file. */
  setBank(chosen: string): void {
    const names = this.offered.includes(chosen) ? this.offered : [...this.offered, chosen];
    const word = (name: string): string => (name === "fast" || name === "fine" ? say(name) : name);
    this.bank.replaceChildren(
      ...names.map((name) => h("option", { value: name }, word(name))),
      h("option", { value: CHOOSE }, say("chooseModel")),
    );
    this.bank.value = chosen;
  }

  /** A photograph of another size. */
  setSize(width: number, height: number): void {
    this.side = Math.min(width, height);
    this.brush(false);
  }

  brush(open: boolean): void {
    this.open = open;
    this.brushing.setAttribute("aria-pressed", String(open));
    this.brushing.textContent = say(open ? "brushDone" : "brush");
    this.tools.hidden = !open;
    this.brushOf.element.hidden = !open;
    this.brushOf.showRing();
  }

  private featherOf(percent: number): number {
    return (percent / 100) * this.side;
  }

  private tool(keeps: boolean): HTMLButtonElement {
    return h(
      "button",
      {
        type: "button",
        "aria-pressed": String(keeps),
        onclick: () => {
          this.brushOf.keeps = keeps;
          this.keep.setAttribute("aria-pressed", String(keeps));
          this.paintHere.setAttribute("aria-pressed", String(!keeps));
        },
      },
      say(keeps ? "keep" : "paintHere"),
    );
  }

  private color(color: Color): { readonly label: HTMLElement; readonly input: HTMLInputElement } {
    const input = h("input", { type: "radio", name: "color", value: color, onchange: () => this.state.change({ color }) });
    return { input, label: h("label", {}, input, h("span", {}, say(`color_${color}`))) };
  }

  private chooseElsewhere(): void {
    const { value } = this.elsewhere;
    this.state.change({ mask_style: value === "" ? null : { [value]: 1 } });
  }

  private chooseBank(): void {
    const { value } = this.bank;
    this.banks.choose(value === CHOOSE ? null : value);
  }

  private update(): void {
    const { look, mask } = this.state.now;
    this.strength.set(look.strength);
    const stroke = look.stroke === "auto" ? STROKE : look.stroke;
    this.stroke.set(STROKES.indexOf(stroke));
    this.automatic.hidden = look.stroke === "auto";
    for (const { input } of this.colors) input.checked = input.value === look.color;
    this.feather.set(look.feather === null ? 1 : (100 * look.feather) / this.side);
    this.invert.checked = look.invert_mask;
    this.elsewhere.value = Object.keys(look.mask_style ?? {})[0] ?? "";
    this.masked.hidden = mask === null;
  }
}

function section(heading: string, ...children: Node[]): HTMLElement {
  return h("section", { class: "group" }, h("h2", {}, heading), ...children);
}
