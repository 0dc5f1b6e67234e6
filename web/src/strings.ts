/** Every word that the page says, in one table: copy it to translate the page. `{…}` stands for a value. */

export const STRINGS = {
  title: "Alla Prima",
  tagline: "Your photograph, painted.",
  promise: "On this device. Nothing is uploaded.",
  choose: "Choose a photograph",
  drop: "or drop one here, or paste it",
  dropNow: "Let go to paint it",
  sample: "Try it with a cat",
  starting: "Mixing the colors…",
  another: "Another photograph",

  styles: "Styles",
  mixIn: "Mix in {style}",
  mixOut: "Take {style} out of the mixture",
  mixture: "Mixture",
  share: "Share of {style}",
  credit: "{artist}, {year}",

  brushwork: "Brushwork",
  strength: "Strength",
  stroke: "Strokes",
  strokeAuto: "automatic",
  strokeSize: "{pixels} pixels",
  larger: "large",
  finer: "fine",
  resetStroke: "Automatic strokes",

  colors: "Colors",
  color_style: "The painting's",
  color_photo: "The photograph's",
  color_luminance: "Photograph's, painting's light",
  color_histogram: "Matched",

  part: "Paint a part",
  brush: "Use a brush",
  brushDone: "Done",
  brushHint: "Brush over what stays a photograph. Arrow keys move the brush, space dabs.",
  brushArea: "Mask: the brush's canvas",
  keep: "Keep",
  paintHere: "Paint",
  brushSize: "Brush",
  feather: "Soft edge",
  featherAuto: "automatic",
  pixels: "{number} px",
  invert: "Swap the parts",
  clear: "Clear",
  elsewhere: "Elsewhere",
  thePhotograph: "the photograph",

  bank: "Model",
  fast: "fast",
  fine: "fine, slower",
  chooseModel: "Your own .onnx…",

  stage: "Painting",
  compare: "Before and after",
  compareValue: "{percent} % photograph",
  actual: "1:1",
  fit: "Fit",
  actualLabel: "Show at actual size",
  undo: "Undo",
  redo: "Redo",

  save: "Save",
  download: "Download",
  file: "File",
  format: "Format",
  quality: "Quality",
  copy: "Copy",
  copied: "Copied.",
  saved: "Saved {file}.",
  shareIt: "Share",

  loading: "Opening {file}…",
  painting: "Painting…",
  paintingFull: "Painting all {megapixels} megapixels… {percent} %",
  sheet: "Painting the sheet…",
  painted: "{style}. {seconds} s on this device, {threads}.",
  oneThread: "one thread",
  threads: "{number} threads",
  size: "{width} × {height}",
  offline: "Ready to be used offline.",

  fault_memory: "There is not enough memory for this. Choose larger strokes or a smaller picture.",
  "fault_not-onnx": "{file} is not a readable ONNX model.",
  "fault_no-card": "{file} is an ONNX model, but not a style model: it has no Alla Prima card.",
  fault_newer: "{file} is of a newer format. Update Alla Prima.",
  "fault_not-a-picture": "This browser cannot read {file} as a picture.",
  "fault_too-large": "{file} has more than 50 megapixels, the most that the page paints. The command paints more.",
  "fault_too-small": "{file} is smaller than 16 pixels.",
  "fault_no-encoder": "This browser cannot write that format.",
  fault_copy: "The browser does not allow copying here.",
  fault_failed: "That did not work: {words}",
  fault_start: "The painter could not be loaded. Check the connection and load the page again.",
} as const;

export type Word = keyof typeof STRINGS;

/** A text of the table, with its values. */
export function say(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  return STRINGS[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
