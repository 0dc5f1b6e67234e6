"""The worker of the studio's page, driven by a test: pixels in, pixels out."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

WORKER = """
async ([address, model, own, engine]) => {
  const names = performance.getEntriesByType('resource').map((entry) => entry.name);
  const found = (part) => names.find((name) => name.includes(part));
  const worker = new Worker(found('/worker-'), { type: 'module' });
  let last = 0;
  const waiting = new Map();
  worker.onmessage = ({ data }) => {
    if ('share' in data) return;
    waiting.get(data.id)(data);
    waiting.delete(data.id);
  };
  window.ask = (kind, ask) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, ({ answer, words }) => (answer ? resolve(answer) : reject(new Error(words))));
    worker.postMessage({ id: last, kind, ask });
  });
  window.bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  await window.ask('start', { runtime: address + window.runtime, threads: null });
  const source = own ? { bytes: window.bytes(own) } : { url: address + 'models/' + model + '.onnx' };
  const { engine: taken } = await window.ask('model', { ...source, engine });
  return taken;
}
"""
OPEN = """
async ([data, width, height]) => {
  const pixels = { data: new Uint8ClampedArray(window.bytes(data)), width, height };
  const answer = await window.ask('open', { pixels });
  answer.shown.close();
}
"""
PAINT = """
async ([look, mask]) => {
  const gray = mask && { data: window.bytes(mask[0]), width: mask[1], height: mask[2] };
  const { data } = await window.ask('pixels', { look, mask: gray, within: null, draft: null });
  let text = '';
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return btoa(text);
}
"""


class Device:
    """The page's worker, driven directly: pixels in, pixels out; ``model`` is a bank's name, or a file."""

    def __init__(self, page, address: str, model: str | Path = "fast", engine: str = "wasm") -> None:
        self._page = page
        page.wait_for_selector(".welcome")
        runtime = page.evaluate("async () => await (await fetch(document.querySelector('script').src)).text()")
        name = next(word for word in runtime.split('"') if word.endswith(".wasm.gz"))
        page.evaluate("(name) => { window.runtime = name; }", name)
        own = base64.b64encode(model.read_bytes()).decode() if isinstance(model, Path) else None
        self.engine = page.evaluate(WORKER, [address, None if own else model, own, engine])

    def open(self, pixels: np.ndarray) -> None:
        self._shape = pixels.shape[:2]
        alpha = np.full((*self._shape, 1), 255, np.uint8)
        data = base64.b64encode(np.concatenate([pixels, alpha], 2).tobytes()).decode()
        self._page.evaluate(OPEN, [data, self._shape[1], self._shape[0]])

    def paint(self, style, strength=1.0, stroke="auto", color="style", mask=None, **more) -> np.ndarray:
        weights = style if isinstance(style, dict) else {style: 1}
        look = {"style": weights, "strength": strength, "stroke": stroke, "color": color}
        look |= {"feather": None, "invert_mask": False, "mask_style": None} | more
        if mask is not None:
            mask = [base64.b64encode(mask.tobytes()).decode(), mask.shape[1], mask.shape[0]]
        data = base64.b64decode(self._page.evaluate(PAINT, [look, mask]))
        return np.frombuffer(data, np.uint8).reshape(*self._shape, 4)[..., :3]
