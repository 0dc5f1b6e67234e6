/** The sheet: the user's photograph in every style. One style is chosen by a click; up to three make a mixture. */

import { h, showBitmap, slider } from "../dom.js";
import type { Style } from "../paint/card.js";
import type { State } from "../state.js";
import { say } from "../strings.js";
import { showPainting } from "./paintings.js";

const MOST = 3;

/** A style's title as far as it is known. */
export function titleOf(style: Style): string {
  return style.title || style.name.replaceAll("_", " ");
}

interface Tile {
  readonly element: HTMLElement;
  readonly choose: HTMLButtonElement;
  readonly add: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
}

export class Sheet {
  private readonly list = h("ul", { class: "sheet", role: "list" });
  private readonly weights = h("div", { class: "weights" });
  readonly element = h("section", { class: "styles", "aria-label": say("styles") }, this.list, this.weights);
  private tiles = new Map<string, Tile>();
  private styles: readonly Style[] = [];
  private sliders = new Map<string, ReturnType<typeof slider>>();

  constructor(private readonly state: State) {
    state.listen(() => this.update());
  }

  /** The styles of a model, without the photograph itself. */
  setStyles(styles: readonly Style[]): void {
    this.styles = styles;
    this.tiles = new Map(styles.map((style) => [style.name, this.tile(style)]));
    this.list.replaceChildren(...[...this.tiles.values()].map((tile) => tile.element));
    this.update();
  }

  show(name: string, image: ImageBitmap): void {
    const tile = this.tiles.get(name);
    if (tile === undefined) return image.close();
    showBitmap(tile.canvas, image);
    tile.element.classList.add("painted");
  }

  /** Before another photograph's tiles come. */
  forget(): void {
    for (const { element, canvas } of this.tiles.values()) {
      element.classList.remove("painted");
      canvas.width = 4; // which empties it
    }
  }

  titles(names: readonly string[]): string {
    return names.map((name) => titleOf(this.styles.find((style) => style.name === name)!)).join(" + ");
  }

  private tile(style: Style): Tile {
    const { name } = style;
    const title = titleOf(style);
    const credit = style.artist ? say("credit", { artist: style.artist, year: style.year }) : "";
    const canvas = h("canvas", { width: 4, height: 3, "aria-hidden": "true" });
    showPainting(canvas, name);
    const choose = h(
      "button",
      { type: "button", class: "tile", "aria-pressed": "false", title: credit || false, onclick: () => this.choose(name) },
      canvas,
      h("span", { class: "name" }, title),
    );
    const add = h("button", { type: "button", class: "add", onclick: () => this.toggle(name) });
    return { element: h("li", {}, choose, add), choose, add, canvas };
  }

  private choose(name: string): void {
    this.state.change({ style: { [name]: 1 } });
  }

  private toggle(name: string): void {
    const { [name]: own, ...others } = this.state.now.look.style;
    if (own === undefined) this.state.change({ style: { ...others, [name]: 0.5 } });
    else if (Object.keys(others).length > 0) this.state.change({ style: others });
  }

  private update(): void {
    const { style } = this.state.now.look;
    const names = Object.keys(style);
    for (const [name, { choose, add }] of this.tiles) {
      const chosen = name in style;
      const title = this.titles([name]);
      choose.setAttribute("aria-pressed", String(chosen));
      add.textContent = chosen ? "−" : "+";
      add.setAttribute("aria-label", say(chosen ? "mixOut" : "mixIn", { style: title }));
      add.hidden = chosen ? names.length < 2 : names.length >= MOST;
    }
    this.updateWeights(names.length > 1 ? names : []);
  }

  private updateWeights(names: readonly string[]): void {
    if (names.join() !== [...this.sliders.keys()].join()) {
      this.sliders = new Map(names.map((name) => [name, this.weight(name)]));
      this.weights.replaceChildren(...[...this.sliders.values()].map(({ element }) => element));
    }
    const { style } = this.state.now.look;
    for (const [name, one] of this.sliders) one.set(style[name]!);
  }

  private weight(name: string): ReturnType<typeof slider> {
    return slider(
      this.titles([name]),
      [0.05, 1, 0.05],
      (value) => {
        const { style } = this.state.now.look;
        const rest = Object.entries(style).reduce((sum, [other, weight]) => sum + (other === name ? 0 : weight), 0);
        return `${Math.round((100 * value) / (value + rest))} %`;
      },
      (value, done) => this.state.change({ style: { ...this.state.now.look.style, [name]: value } }, done),
    );
  }
}
