/** Making elements. */

type Child = Node | string | null;
type Handler = (event: never) => void;
type Given = Readonly<Record<string, string | number | boolean | null | undefined | Handler>>;

/** An element; what begins with `on` is a listener, false and null leave an attribute out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  given: Given = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

let count = 0;

/** A number range with its label and its value in words. */
export function slider(
  label: string,
  [least, most, step]: readonly [number, number, number],
  shown: (value: number) => string,
  changed: (value: number, done: boolean) => void,
): { readonly element: HTMLElement; set(value: number): void } {
  count += 1;
  const id = `slider-${count}`;
  const input = h("input", { id, type: "range", min: least, max: most, step });
  const output = h("span", { class: "value", "aria-hidden": "true" }); // a slider says its value itself
  const show = (): void => {
    const words = shown(input.valueAsNumber);
    output.textContent = words;
    input.setAttribute("aria-valuetext", words);
    input.style.setProperty("--part", String((input.valueAsNumber - least) / (most - least)));
  };
  input.addEventListener("input", () => {
    show();
    changed(input.valueAsNumber, false);
  });
  input.addEventListener("change", () => changed(input.valueAsNumber, true));
  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, label), output, input),
    set(value) {
      input.valueAsNumber = value;
      show();
    },
  };
}

/** Draws a bitmap, which the canvas takes over. */
export function showBitmap(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(bitmap);
}
