import { WORDS, titled } from "./words.js";

const $ = (id) => document.getElementById(id);
const bare = new URLSearchParams(location.search).has("bare");
const canvas = $("painting");
const context = canvas.getContext("2d", { alpha: false, desynchronized: true });

let model = { styles: [], colors: [], source: "" };
let state = null;
let wallSeconds = 20;
let own = 0; // milliseconds that this page adds: from an answer's arrival until it is drawn
let pictures = 0; // small pictures are from the moment they were asked for; asking again gets new ones

// ---- the server ----

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

async function change(values) {
  try {
    show(await ask("/change", values));
  } catch (error) {
    say(error.message);
  }
}

// Sliders move faster than the server need know: the newest values go out when the last have arrived.
let pending = null;
let sending = false;
async function slide(values) {
  pending = { ...pending, ...values };
  if (sending) return;
  sending = true;
  while (pending) {
    const values = pending;
    pending = null;
    await change(values);
  }
  sending = false;
}

let silence = 0;
function say(words) {
  $("said").textContent = words;
  clearTimeout(silence);
  silence = setTimeout(() => ($("said").textContent = ""), 5000);
}

// ---- the painting: asked for one by one, so that a slow line gets fewer of them and never old ones ----

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const visible = () => new Promise((done) => {
  if (!document.hidden) return done();
  document.addEventListener("visibilitychange", done, { once: true });
});

let number = 0;
async function watch() {
  for (;;) {
    await visible();
    try {
      const answer = await fetch(`/frame?after=${number}`);
      const arrived = performance.now();
      if (answer.status === 200) {
        number = Number(answer.headers.get("X-Number"));
        const picture = await createImageBitmap(await answer.blob());
        if (canvas.width !== picture.width || canvas.height !== picture.height) {
          canvas.width = picture.width;
          canvas.height = picture.height;
          canvas.style.setProperty("--ratio", String(picture.width / picture.height));
        }
        context.drawImage(picture, 0, 0);
        picture.close();
        own += (performance.now() - arrived - own) / 10;
        document.body.dataset.shown = String(number);
        document.body.dataset.latency = (Number(answer.headers.get("X-Age")) + performance.now() - arrived).toFixed(1);
        if (pictures === 0 && model.styles.length) thumbnails();
      } else if (answer.status !== 204) {
        await pause(1000);
      }
    } catch {
      number = 0; // the program may begin anew
      await pause(1000);
    }
  }
}

async function follow() {
  for (;;) {
    await visible();
    try {
      if (!model.styles.length) build(await ask("/model"));
      show(await ask("/state"));
    } catch {
      status(WORDS.away);
    }
    await pause(1000);
  }
}

// ---- what is shown of the state ----

function status(words) {
  if ($("status").textContent !== words) $("status").textContent = words;
}

let told = "";
function show(now) {
  state = now;
  const choice = now.choice;
  const lost = now.source === "lost";
  status(lost ? WORDS.lost(model.source, now.reason) : now.source === "running" ? "" : WORDS.opening(model.source));
  $("numbers").textContent = now.fps ? WORDS.numbers(now.fps.toFixed(0), now.latency + Math.round(own), ...now.size) : "";
  canvas.setAttribute("aria-label", WORDS.painting(titled(choice.style), model.source));
  const radio = document.querySelector(`#styles input[value="${CSS.escape(choice.style)}"]`);
  if (radio) radio.checked = true;
  for (const control of controls) control.show(choice);
  $("mirror").setAttribute("aria-pressed", String(choice.mirror));
  $("wall").setAttribute("aria-pressed", String(choice.wall > 0));
  if (choice.wall > 0) wallSeconds = choice.wall;
  if (now.problem && now.problem !== told) say(now.problem);
  told = now.problem;
  const recording = now.recording !== null;
  $("record").setAttribute("aria-pressed", String(recording));
  $("record").textContent = recording ? WORDS.stop : WORDS.record;
  $("saved-section").hidden = !now.saved.length;
  if ($("saved").children.length !== now.saved.length) {
    $("saved").replaceChildren(...now.saved.map((name) => {
      const link = Object.assign(document.createElement("a"), { href: `/saved/${encodeURIComponent(name)}`, textContent: name, download: name });
      link.setAttribute("aria-label", WORDS.download(name));
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  }
}

// ---- controls ----

const controls = [];

function row(label, input) {
  const line = Object.assign(document.createElement("label"), { className: "row" });
  line.append(Object.assign(document.createElement("span"), { textContent: label }), input);
  $("look").append(line);
  return line;
}

function slider(name, label, { min = 0, max = 1, step = 0.01, read = (c) => c[name], write = (v) => ({ [name]: v }), words = WORDS.percent, hides = () => false }) {
  const input = Object.assign(document.createElement("input"), { type: "range", min, max, step, id: `c-${name}` });
  const output = document.createElement("output");
  const line = row(label, input);
  line.append(output);
  const tell = () => {
    output.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    tell();
    slide(write(Number(input.value)));
  });
  controls.push({
    show(choice) {
      line.hidden = hides(choice);
      if (document.activeElement === input && sending) return;
      input.value = read(choice);
      tell();
    },
  });
}

function select(name, label, choices) {
  const input = Object.assign(document.createElement("select"), { id: `c-${name}` });
  input.append(...choices.map(([value, words]) => new Option(words, value)));
  input.addEventListener("change", () => change(name === "second" ? { second: input.value, ...(input.value && !state.choice.mix ? { mix: 0.5 } : {}) } : { [name]: input.value }));
  row(label, input);
  controls.push({ show: (choice) => document.activeElement !== input && (input.value = choice[name]) });
}

const FINEST = 1040;

function build(found) {
  model = found;
  $("styles").replaceChildren(...model.styles.map((style) => {
    const label = Object.assign(document.createElement("label"), { className: "style", title: style.credit });
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: style.name });
    input.addEventListener("change", () => change({ style: style.name }));
    const image = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", decoding: "async" });
    label.append(input, image, Object.assign(document.createElement("span"), { textContent: titled(style.name) }));
    return label;
  }));
  select("second", WORDS.second, [["", WORDS.none], ...model.styles.map((style) => [style.name, titled(style.name)])]);
  slider("mix", WORDS.mix, { hides: (choice) => !choice.second });
  slider("strength", WORDS.strength, {});
  slider("stroke", WORDS.stroke, {
    min: 160, max: FINEST, step: 16,
    read: (choice) => (typeof choice.stroke === "number" ? choice.stroke : choice.stroke === "own" ? FINEST : 1024),
    write: (value) => ({ stroke: value >= FINEST ? "own" : value }),
    words: (value) => (value >= FINEST ? WORDS.strokeOwn : WORDS.pixels(value)),
  });
  select("color", WORDS.color, model.colors.map((name) => [name, WORDS.colors[name] ?? name]));
  slider("steady", WORDS.steady, {});
  slider("wall", WORDS.every, {
    min: 5, max: 120, step: 5, words: WORDS.seconds, hides: (choice) => !choice.wall,
  });
}

/** The styles, each as a picture of what the camera saw a moment ago; one after the other, while the painting goes on. */
async function thumbnails() {
  pictures += 1;
  if (bare) return;
  const mine = pictures;
  for (const label of document.querySelectorAll(".style")) {
    if (mine !== pictures) return;
    const image = label.querySelector("img");
    const name = label.querySelector("input").value;
    const { promise, resolve } = Promise.withResolvers?.() ?? { promise: pause(300), resolve: () => {} };
    image.onload = image.onerror = resolve;
    image.loading = "eager";
    image.src = `/thumbnail/${encodeURIComponent(name)}?${pictures}`;
    await promise;
    await pause(60);
  }
}

async function act(path, body, words) {
  try {
    const before = state?.saved.length ?? 0;
    show(await ask(path, body));
    const saved = state.saved.at(-1);
    say(state.saved.length > before ? WORDS.savedAs(saved) : words ?? "");
  } catch (error) {
    say(error.message);
  }
}

const actions = {
  mirror: () => change({ mirror: !state.choice.mirror }),
  wall: () => change({ wall: state.choice.wall > 0 ? 0 : wallSeconds }),
  snapshot: () => act("/snapshot", {}),
  record: () => act("/record", { on: state.recording === null }, WORDS.recorded),
  anew: () => thumbnails(),
  full: () => (document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen()),
};

function step(by) {
  const names = model.styles.map((style) => style.name);
  change({ style: names[(names.indexOf(state.choice.style) + by + names.length) % names.length] });
}

const strength = (by) => slide({ strength: Math.round(100 * Math.min(1, Math.max(0, state.choice.strength + by))) / 100 });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !state) return;
  const inside = event.target.matches?.("input, select");
  const keys = {
    m: actions.mirror, w: actions.wall, s: actions.snapshot, r: actions.record, f: actions.full, p: actions.anew,
    h: () => document.body.classList.toggle("bare"),
  };
  const arrows = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => strength(0.05), ArrowDown: () => strength(-0.05),
  };
  const action = keys[event.key.toLowerCase()] ?? (inside ? undefined : arrows[event.key]);
  if (event.target.matches?.("select") && event.key.length === 1) return; // letters choose in lists
  if (action) {
    event.preventDefault();
    action();
  } else if (!inside && /^[1-9]$/.test(event.key) && model.styles[event.key - 1]) {
    change({ style: model.styles[event.key - 1].name });
  }
});

for (const [id, action] of Object.entries(actions)) {
  $(id).textContent = WORDS[id];
  $(id).addEventListener("click", () => state && action());
}
document.addEventListener("fullscreenchange", () => ($("full").textContent = document.fullscreenElement ? WORDS.leaveFull : WORDS.full));
$("full").hidden = !document.fullscreenEnabled;

// In full screen the pointer and the bar go away when nobody moves.
let stillness = 0;
$("stage").addEventListener("pointermove", () => {
  $("stage").classList.remove("still");
  clearTimeout(stillness);
  stillness = setTimeout(() => $("stage").classList.add("still"), 2500);
});

document.title = WORDS.title;
for (const [id, words] of [["title", WORDS.title], ["styles-title", WORDS.styles], ["look-title", WORDS.look], ["saved-title", WORDS.saved], ["keys-title", WORDS.keys]]) $(id).textContent = words;
$("bar").setAttribute("aria-label", WORDS.controls);
$("keys").append(...WORDS.help.flatMap(([key, words]) => [
  Object.assign(document.createElement("dt"), { textContent: key }),
  Object.assign(document.createElement("dd"), { textContent: words }),
]));
document.body.classList.toggle("bare", bare);

follow();
watch();
