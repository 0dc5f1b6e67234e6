// The one build step: TypeScript, styles and pictures -> src/allaprima/studio/page/, which is committed, so that
// installing the package needs no Node. Names of files carry a digest of what is in them; `sources` has that of this
// folder, by which a test sees that the page was built from what lies here.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "src", "allaprima", "studio", "page");
const runtime = join(here, "node_modules", "onnxruntime-web", "dist");
const files = [];

rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });

const digest = (data) => createHash("sha256").update(data).digest("hex");

/** Writes a file under a name that tells its content; the name. */
function put(name, data) {
  const [, stem, ending] = /^([^.]+)(\..+)$/.exec(name);
  const named = `${stem}-${digest(data).slice(0, 10)}${ending}`;
  writeFileSync(join(page, named), data);
  files.push(named);
  return named;
}

async function bundle(entry, define = {}, plugins = []) {
  const result = await build({
    entryPoints: [join(here, "src", entry)],
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome100", "firefox114", "safari16.4"],
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
    plugins,
    write: false,
    legalComments: "none",
  });
  return result.outputFiles[0].contents;
}

// The runtime stays a file of its own: its threads load it by its address.
const ort = put("ort.mjs", readFileSync(join(runtime, "ort.wasm.bundle.min.mjs"), "utf8").replace(/\n\/\/# source.*\s*$/, "\n"));
const wasm = put("ort.wasm.gz", gzipSync(readFileSync(join(runtime, "ort-wasm-simd-threaded.wasm")), { level: 9 }));
const outside = {
  name: "runtime",
  setup: (it) => it.onResolve({ filter: /^onnxruntime-web\/wasm$/ }, () => ({ path: `./${ort}`, external: true })),
};

const worker = put("worker.js", await bundle("paint/worker.ts", {}, [outside]));
const icon = put("icon.svg", readFileSync(join(here, "src", "icon.svg")));
const picture = put("icon.png", readFileSync(join(here, "src", "icon.png")));
const sample = put("sample.jpg", readFileSync(join(here, "..", "examples", "chelsea.jpg")));
const paintings = put("paintings.webp", readFileSync(join(here, "src", "paintings.webp")));
const style = put("style.css", await bundle("style.css"));
const main = put("main.js", await bundle("main.ts", { __WORKER__: worker, __RUNTIME__: wasm, __SAMPLE__: sample, __PAINTINGS__: paintings }));

const manifest = {
  name: "Alla Prima",
  short_name: "Alla Prima",
  description: "Your photograph as a painting, made on this device.",
  start_url: "./",
  scope: "./",
  display: "standalone",
  background_color: "#f6f4ef",
  theme_color: "#f6f4ef",
  icons: [
    { src: icon, sizes: "any", type: "image/svg+xml" },
    { src: picture, sizes: "512x512", type: "image/png", purpose: "any maskable" },
  ],
};
const app = put("app.webmanifest", JSON.stringify(manifest));
const html = readFileSync(join(here, "src", "index.html"), "utf8").replace(
  /\{(main|style|icon|app|picture)\}/g,
  (_, name) => ({ main, style, icon, app, picture })[name],
);
writeFileSync(join(page, "index.html"), html);
writeFileSync(join(page, "LICENSES.txt"), readFileSync(join(here, "LICENSES.txt")));

const shell = ["./", ...files, "models/models.json", "models/fast.onnx"];
const version = digest(files.join("\n") + html).slice(0, 10);
writeFileSync(join(page, "sw.js"), await bundle("sw.ts", { __SHELL__: shell, __VERSION__: version }));

/** Digest of all that a build depends on; `tests/studio` computes the same. */
function sources() {
  const walk = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  const listed = [...walk(join(here, "src")), ...["build.mjs", "package-lock.json", "LICENSES.txt"].map((name) => join(here, name))];
  const names = listed.map((path) => relative(here, path).split(sep).join("/")).sort();
  return digest(names.map((name) => `${name} ${digest(readFileSync(join(here, name)))}\n`).join(""));
}
writeFileSync(join(page, "sources"), `${sources()}\n`);
