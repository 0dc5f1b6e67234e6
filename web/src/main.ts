/** The page: what belongs to what. */

import { Camera } from "./camera.js";
import { Client, Failed } from "./client.js";
import { h } from "./dom.js";
import { Easel } from "./easel.js";
import type { Style } from "./paint/card.js";
import type { Engine, GpuVerdict } from "./paint/network.js";
import type { Look } from "./paint/options.js";
import type { Rgba } from "./paint/pixels.js";
import { Recorder } from "./recorder.js";
import { Sketcher } from "./sketcher.js";
import type { ModelSource } from "./sketcher.js";
import { State } from "./state.js";
import { say } from "./strings.js";
import type { Word } from "./strings.js";
import { Brush } from "./view/brush.js";
import { Controls } from "./view/controls.js";
import { wall } from "./view/paintings.js";
import { Many } from "./view/many.js";
import { Save, offer } from "./view/save.js";
import { Stage } from "./view/stage.js";
import { Sheet } from "./view/styles.js";

declare const __WORKER__: string;
declare const __RUNTIME__: string;
declare const __SAMPLE__: string;

/** A style model that the server, or the host of the page, offers. */
interface Bank {
  readonly name: string;
  readonly file: string;
}

const START: Look = {
  style: { photo: 1 },
  strength: 1,
  stroke: "auto",
  color: "style",
  feather: null,
  invert_mask: false,
  mask_style: null,
};

const address = (name: string): string => new URL(name, document.baseURI).href;
const isModel = (file: File): boolean => file.name.toLowerCase().endsWith(".onnx");

class Studio {
  private readonly client = new Client(address(__WORKER__));
  private readonly state = new State({ look: START, mask: null });
  private readonly stage = new Stage();
  private readonly sheet = new Sheet(this.state);
  private readonly brush = new Brush((mask) => this.state.change({}, true, mask));
  private readonly controls = new Controls(this.state, this.brush, { choose: (bank) => this.chooseBank(bank) });
  private readonly easel = new Easel(this.client, {
    tile: (name, image) => this.sheet.show(name, image),
    painting: (image, seconds) => this.showPainting(image, seconds),
    busy: (what) => this.stage.working(what === "painting" || what === "sheet"),
    fault: (error) => this.fault(error, this.fileName),
  });
  private readonly save = new Save({
    encode: (encoding, progress) => this.easel.encode(this.state.now, encoding, progress),
    name: () => this.resultName(),
    busy: (share) => this.busySaving(share),
    done: (words) => this.tell(words),
    fault: (error) => this.fault(error, this.fileName),
  });

  private readonly many = new Many(this.client, {
    look: () => this.state.now.look,
    encoding: () => this.save.encoding,
    nameOf: (file) => this.resultName(file.name),
    busy: (now) => this.stage.working(now),
  });
  private readonly camera = new Camera(this.client, {
    opened: (first, width, height) => this.showCamera(first, width, height),
    frame: (image, rate, pixels) => this.showFrame(image, rate, pixels),
    look: () => this.state.now.look,
    fault: (error) => this.cameraFault(error),
  });
  private readonly recorder = new Recorder();
  private sketcher: Sketcher | null = null;
  private readonly recording = h("button", { type: "button", hidden: !Recorder.exists, onclick: () => void this.record() }, say("record"));
  private readonly shooting = h(
    "div",
    { class: "buttons", hidden: true },
    h("button", { type: "button", class: "main", onclick: () => void this.shoot() }, say("snapshot")),
    h("button", { type: "button", onclick: () => void this.openCamera(true) }, say("turnCamera")),
    this.recording,
    h("button", { type: "button", class: "quiet", onclick: () => this.closeCamera() }, say("close")),
  );

  private readonly picker = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, onchange: () => this.take(this.picker.files) });
  private readonly modelPicker = h("input", { type: "file", accept: ".onnx", hidden: true, onchange: () => this.take(this.modelPicker.files) });
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly alert = h("span", { role: "alert" });
  private readonly faultBar = h("div", { class: "fault", hidden: true }, this.alert, h("button", { type: "button", class: "quiet", onclick: () => this.forgive() }, say("close")));
  private readonly undo = h("button", { type: "button", class: "quiet", onclick: () => this.state.undo() }, say("undo"));
  private readonly redo = h("button", { type: "button", class: "quiet", onclick: () => this.state.redo() }, say("redo"));
  private readonly actual = h("button", { type: "button", class: "quiet", "aria-pressed": "false", "aria-label": say("actualLabel"), onclick: () => this.zoom() }, say("actual"));
  private readonly welcome = h(
    "div",
    { class: "welcome" },
    h("p", { class: "tagline" }, say("tagline")),
    h("p", { class: "promise" }, say("promise")),
    h("button", { type: "button", class: "main", onclick: () => this.picker.click() }, say("choose")),
    h("p", { class: "hint" }, say("drop")),
    h(
      "div",
      { class: "ways" },
      h("button", { type: "button", class: "quiet", hidden: !Camera.exists, onclick: () => void this.openCamera() }, say("camera")),
      h("button", { type: "button", class: "quiet", onclick: () => void this.openSample() }, say("sample")),
    ),
    wall(),
  );
  private readonly work = h(
    "div",
    { class: "work", hidden: true },
    h("div", { class: "left" }, this.stage.element, h("div", { class: "below" }, this.undo, this.redo, this.actual, this.shooting, this.status)),
    h("div", { class: "panel" }, this.sheet.element, this.controls.element, this.many.element, this.save.settings, this.save.element),
  );
  private readonly another = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.picker.click() }, say("another"));

  private ready: Promise<void>;
  private threads = 1;
  private engine: Engine = "wasm";
  private gpu: GpuVerdict = "unasked";
  private styles: readonly Style[] = [];
  private fileName = "";
  private size: readonly [number, number] = [0, 0];
  private zoomed = false;
  private model: ModelSource | null = null;
  private small: Rgba | null = null;
  private banks: readonly Bank[] = [];
  private bank = "";
  private told = 0;

  constructor(root: HTMLElement) {
    this.stage.easel.append(this.brush.element);
    root.append(
      h("header", {}, h("h1", { class: "brand" }, say("title")), this.another),
      h("main", {}, this.faultBar, this.welcome, this.work),
      this.picker,
      this.modelPicker,
    );
    this.state.listen(() => this.update());
    this.listen();
    this.ready = this.start();
    this.ready.catch(() => this.fault(null, "", "fault_start"));
  }

  private async start(): Promise<void> {
    const threads = new URLSearchParams(location.search).get("threads");
    ({ threads: this.threads } = await this.client.ask("start", {
      runtime: address(__RUNTIME__),
      threads: threads === null ? null : Number(threads),
    }).answer);
    this.banks = (await (await fetch(address("models/models.json"))).json()) as Bank[];
    const [first] = this.banks;
    this.bank = first!.name;
    this.controls.setBanks(this.banks.map(({ name }) => name), this.bank);
    await this.load({ url: address(first!.file) });
  }

  private async load(model: ModelSource): Promise<void> {
    const given = new URLSearchParams(location.search).get("engine");
    const engine = given === "wasm" || given === "webgpu" ? given : null;
    const { styles, engine: taken, gpu } = await this.client.ask("model", { ...model, engine }).answer;
    this.model = model;
    this.engine = taken;
    this.gpu = gpu;
    this.brief();
    this.styles = styles.slice(1);
    this.sheet.setStyles(this.styles);
    this.controls.setStyles(this.styles);
    const known = Object.keys(this.state.now.look.style).every((name) => this.styles.some((style) => style.name === name));
    const style = known ? this.state.now.look.style : { [this.styles[0]!.name]: 1 };
    this.state.restart({ look: { ...this.state.now.look, style, mask_style: null }, mask: this.state.now.mask });
    if (this.fileName !== "") this.begin();
  }

  private async open(file: File, beside: readonly File[] = []): Promise<void> {
    this.forgive();
    if (this.camera.running) this.closeCamera();
    this.easel.stop();
    this.tell(say("loading", { file: file.name }));
    try {
      const { width, height, shown, small, place } = await this.client.ask("open", { file }).answer;
      this.fileName = file.name;
      this.size = [width, height];
      this.small = small;
      this.brief();
      this.beginWork(shown, width, height);
      this.many.set(beside);
      this.save.setPlace(place || beside.length > 1);
      this.tell(say("starting"));
      this.state.restart({ look: { ...this.state.now.look, feather: null, invert_mask: false, mask_style: null }, mask: null });
      await this.ready;
      this.begin();
    } catch (error) {
      this.fault(error, file.name);
      if (this.fileName !== "") this.easel.paint(this.state.now);
    }
  }

  private beginWork(shown: ImageBitmap, width: number, height: number): void {
    this.welcome.hidden = true;
    this.work.hidden = false;
    this.another.hidden = false;
    document.body.classList.add("at-work");
    this.zoom(false);
    this.stage.open(shown, width, height);
    this.brush.open(width, height);
    this.controls.setSize(width, height);
    this.sheet.forget();
  }

  private async openCamera(other = false): Promise<void> {
    this.forgive();
    try {
      await this.ready;
      this.easel.stop();
      await (other ? this.camera.turn() : this.camera.start());
    } catch (error) {
      this.cameraFault(error);
    }
  }

  private showCamera(first: ImageBitmap, width: number, height: number): void {
    this.fileName = "";
    this.many.set([]);
    this.beginWork(first, width, height);
    this.setLive(true);
  }

  private setLive(live: boolean): void {
    this.stage.live(live);
    for (const one of [this.undo, this.redo, this.actual, this.save.element, this.save.settings]) one.hidden = live;
    this.shooting.hidden = !live;
    this.work.classList.toggle("shooting", live);
  }

  private showFrame(image: ImageBitmap, rate: number, pixels: number): void {
    this.stage.show(image);
    const now = performance.now();
    if (now - this.told < 1000) return; // nobody reads faster
    this.told = now;
    this.tell(say("live", { rate: Math.round(rate), pixels, threads: this.engineInWords() }));
  }

  private async shoot(): Promise<void> {
    const blob = await this.camera.snapshot();
    await this.open(new File([blob], "snapshot.png", { type: blob.type }));
  }

  private async record(): Promise<void> {
    if (!this.recorder.running) this.recorder.start(this.stage.painted);
    else {
      const { blob, suffix } = await this.recorder.stop();
      offer(new File([blob], `painting.${suffix}`, { type: blob.type }));
    }
    this.recording.textContent = say(this.recorder.running ? "recordEnd" : "record");
    this.recording.setAttribute("aria-pressed", String(this.recorder.running));
  }

  /** Back to the first page, or on to a photograph. */
  private closeCamera(): void {
    if (this.recorder.running) void this.record();
    this.camera.stop();
    this.setLive(false);
    this.work.hidden = true;
    this.another.hidden = true;
    this.welcome.hidden = false;
    document.body.classList.remove("at-work");
    this.tell("");
  }

  private cameraFault(error: unknown): void {
    if (this.shooting.hidden === false) this.closeCamera();
    this.fault(error, "", "fault_camera");
  }

  private begin(): void {
    this.easel.begin(this.state.now, this.styles.map(({ name }) => name));
  }

  /** A second worker for previews, where one with several threads paints: a GPU is quick, and one thread means little memory. */
  private employSketcher(): void {
    if (this.sketcher !== null || this.engine !== "wasm" || this.threads === 1) return;
    this.sketcher = new Sketcher(address(__WORKER__), address(__RUNTIME__));
    this.brief();
  }

  /** Before anything is painted with another model, or of another photograph. */
  private brief(): void {
    this.easel.sketcher = this.engine === "wasm" ? this.sketcher : null;
    if (this.model !== null && this.small !== null) void this.easel.sketcher?.tell(this.model, this.small);
  }

  private async openSample(): Promise<void> {
    const blob = await (await fetch(address(__SAMPLE__))).blob();
    await this.open(new File([blob], "chelsea.jpg", { type: "image/jpeg" }));
  }

  private take(files: FileList | null): void {
    const all = [...(files ?? [])];
    const [file] = all;
    const pictures = all.filter((one) => !isModel(one));
    if (file !== undefined) void (isModel(file) ? this.openModel(file) : this.open(file, pictures));
    this.picker.value = "";
    this.modelPicker.value = "";
  }

  private async openModel(file: File): Promise<void> {
    await this.changeModel({ bytes: new Uint8Array(await file.arrayBuffer()) }, file.name);
  }

  private chooseBank(name: string | null): void {
    const bank = this.banks.find((one) => one.name === name);
    if (bank !== undefined) void this.changeModel({ url: address(bank.file) }, bank.name);
    else {
      this.controls.setBank(this.bank);
      this.modelPicker.click();
    }
  }

  private async changeModel(model: ModelSource, name: string): Promise<void> {
    this.forgive();
    this.tell(say("starting"));
    try {
      await this.ready;
      this.easel.stop();
      await this.load(model);
      this.bank = name;
    } catch (error) {
      this.fault(error, name);
      if (this.fileName !== "") this.easel.paint(this.state.now);
    }
    this.controls.setBank(this.bank);
  }

  private zoom(zoomed: boolean = !this.zoomed): void {
    this.zoomed = zoomed;
    this.actual.setAttribute("aria-pressed", String(zoomed));
    this.actual.textContent = say(zoomed ? "fit" : "actual");
    this.stage.actualSize(zoomed);
    this.easel.atFullSize(zoomed);
  }

  private update(): void {
    this.undo.disabled = !this.state.canUndo;
    this.redo.disabled = !this.state.canRedo;
    this.brush.set(this.state.now.mask);
    if (this.fileName !== "" && this.styles.length > 0) this.easel.paint(this.state.now, this.state.held);
  }

  private resultName(file = this.fileName): string {
    return `${file.replace(/\.[^.]*$/, "")}_${Object.keys(this.state.now.look.style).join("+")}`;
  }

  private showPainting(image: ImageBitmap, seconds: number | null): void {
    this.stage.show(image);
    if (seconds === null) return;
    this.employSketcher();
    const threads = this.engineInWords();
    const size = say("size", { width: this.size[0], height: this.size[1] });
    this.tell(`${say("painted", { style: this.sheet.titles(Object.keys(this.state.now.look.style)), seconds: seconds < 0.1 ? "< 0.1" : seconds.toFixed(1), threads })} ${size}`);
  }

  private engineInWords(): string {
    if (this.engine === "webgpu") return say("gpu");
    const threads = this.threads === 1 ? say("oneThread") : say("threads", { number: this.threads });
    return this.gpu === "unknown" || this.gpu === "differs" ? say(`gpu_${this.gpu}`, { threads }) : threads;
  }

  private busySaving(share: number | null): void {
    this.stage.working(share !== null);
    if (share === null) return;
    const megapixels = ((this.size[0] * this.size[1]) / 1e6).toFixed(1);
    this.status.textContent = say("paintingFull", { megapixels, percent: Math.round(share * 100) });
  }

  private tell(words: string): void {
    this.status.textContent = words;
  }

  private fault(error: unknown, file: string, word?: Word): void {
    const fault = error instanceof Failed ? error.fault : "failed";
    const words = error instanceof Error ? error.message : String(error);
    this.faultBar.hidden = false;
    this.alert.textContent = say(word ?? (`fault_${fault}` as Word), { file, words });
    this.tell("");
  }

  private forgive(): void {
    this.alert.textContent = "";
    this.faultBar.hidden = true;
  }

  private listen(): void {
    addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (files !== undefined && files.length > 0) this.take(files);
    });
    addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      document.body.classList.remove("dropping");
      if (event.dataTransfer === null) return;
      event.preventDefault();
      this.take(event.dataTransfer.files);
    });
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      if (event.shiftKey) this.state.redo();
      else this.state.undo();
    });
  }
}

new Studio(document.body);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register(address("sw.js")).catch(() => {});
