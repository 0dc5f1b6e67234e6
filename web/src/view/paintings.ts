/** The paintings that the gallery's styles were learned from, as one picture of six columns. */

declare const __PAINTINGS__: string;

const NAMES = [
  "great_wave", "starry_night", "the_scream", "composition_vii", "udnie", "irises",
  "metzinger_portrait", "the_kiss", "shipwreck", "red_and_blue_horse", "japanese_bridge", "cossacks",
  "edtaonisl", "water_lilies", "the_dream", "when_will_you_marry", "flower_girl", "grande_jatte",
] as const;
const COLUMNS = 6;
const ROWS = 3;

/** Puts a painting behind an element; a style that is not of the gallery has none. */
export function showPainting(element: HTMLElement, name: string): void {
  const at = (NAMES as readonly string[]).indexOf(name);
  if (at < 0) return;
  const [column, row] = [at % COLUMNS, Math.floor(at / COLUMNS)];
  element.style.backgroundImage = `url("${new URL(__PAINTINGS__, document.baseURI).href}")`;
  element.style.backgroundSize = `${100 * COLUMNS}% ${100 * ROWS}%`;
  element.style.backgroundPosition = `${(100 * column) / (COLUMNS - 1)}% ${(100 * row) / (ROWS - 1)}%`;
}

/** A wall of them, for the eye alone. */
export function wall(): HTMLElement {
  const found = document.createElement("div");
  found.className = "wall";
  found.setAttribute("aria-hidden", "true");
  for (const name of NAMES) {
    const one = document.createElement("span");
    showPainting(one, name);
    found.append(one);
  }
  return found;
}
