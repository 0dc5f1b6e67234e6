// Every word that the page says.
export const WORDS = {
  title: "Alla Prima live",
  painting: (style, source) => `${source}, painted in ${style}`,
  styles: "Style",
  look: "Look",
  saved: "Saved",
  keys: "Keys",
  controls: "Painting",
  mirror: "Mirror",
  wall: "Wall",
  snapshot: "Snapshot",
  record: "Record",
  stop: "Stop",
  anew: "New pictures",
  full: "Full screen",
  leaveFull: "Leave full screen",
  second: "Second style",
  none: "None",
  mix: "Mixture",
  strength: "Strength",
  stroke: "Stroke",
  strokeOwn: "Finest",
  color: "Color",
  colors: { style: "The style's", photo: "The photograph's", luminance: "The photograph's hues", histogram: "Matched" },
  steady: "Steadiness",
  every: "Seconds a style",
  pixels: (n) => `${n} px`,
  percent: (n) => `${Math.round(n * 100)} %`,
  seconds: (n) => `${n} s`,
  numbers: (fps, latency, width, height) => `${fps} fps · ${latency} ms · ${width} × ${height}`,
  opening: (source) => `Opening ${source} …`,
  lost: (source, reason) => `${source} is gone (${reason}). Trying again …`,
  away: "The program has ended. This page waits for it.",
  recorded: "Recording",
  savedAs: (name) => `Saved ${name}`,
  download: (name) => `Download ${name}`,
  help: [
    ["1 – 9", "Choose a style"],
    ["← →", "Style before, style after"],
    ["↑ ↓", "Strength"],
    ["M", "Mirror"],
    ["W", "Wall: fade from style to style"],
    ["S", "Snapshot"],
    ["R", "Record, stop"],
    ["F", "Full screen"],
    ["P", "New pictures of the styles"],
    ["H", "Hide or show the controls"],
  ],
};

const SMALL = new Set(["and", "of", "the", "de"]);

/** red_and_blue_horse -> Red and Blue Horse, composition_vii -> Composition VII */
export const titled = (name) => name.split("_").map((word, place) => {
  if (/^[ivx]+$/.test(word)) return word.toUpperCase();
  return place && SMALL.has(word) ? word : word.charAt(0).toUpperCase() + word.slice(1);
}).join(" ");
