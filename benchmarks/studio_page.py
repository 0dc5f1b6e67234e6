"""What the studio's page takes in Chromium: the shell, the sheet, the preview behind a slider, a large photograph.

    python benchmarks/studio_page.py -o benchmarks/results/studio_page.json
    python benchmarks/studio_page.py --frames 10000 -o benchmarks/results/studio_camera.json

On a wide screen and as a phone, painted by WebAssembly with as many threads as the machine has cores. Milliseconds are
of the clock, so nothing else should compute. Linux: memory and computing are read from ``/proc``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from allaprima.evaluation.record import command_line, record
from memory import megabytes
from progress import write_results
from speed import RESULTS

STYLES = 20
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
WATCH = """
window.blocks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.blocks.push([startTime, duration]);
}).observe({ type: 'longtask', buffered: true });
new MutationObserver((_, observer) => {
  if (!document.querySelector('.welcome button')) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.interactive = performance.now(); });
}).observe(document, { childList: true, subtree: true });
const Real = window.Worker;
window.Worker = class extends Real {
  constructor(...given) { super(...given); window.painter ??= this; }
};
"""
"""Notes blocks of the main thread, when the shell is there, and the page's worker."""

PAINT = """
async ([style, times]) => {
  const taken = [];
  for (let number = 0; number < times; number += 1) {
    const id = 1e9 + Math.round(performance.now() * 1000);
    const look = { style: { [style]: 1 }, strength: 1 - number / 100, stroke: 'auto', color: 'style',
                   feather: null, invert_mask: false, mask_style: null }; // of a strength that is not kept yet
    const begin = performance.now();
    await new Promise((resolve) => {
      const hear = ({ data }) => {
        if (data.id !== id || 'share' in data) return;
        window.painter.removeEventListener('message', hear);
        data.answer.image.close();
        resolve();
      };
      window.painter.addEventListener('message', hear);
      window.painter.postMessage({ id, kind: 'paint', ask: { look, mask: null, within: null, draft: null } });
    });
    taken.push(performance.now() - begin);
  }
  return taken;
}
"""
"""Paints the photograph in hand at its own size; the worker's answer is waited for, as the page does."""

FRAMES = """
async ([style, count]) => {
  const canvas = new OffscreenCanvas(160, 120);
  const drawn = canvas.getContext('2d');
  const shown = document.createElement('canvas').getContext('bitmaprenderer');
  const look = { style: { [style]: 1 }, strength: 1, stroke: 'auto', color: 'style',
                 feather: null, invert_mask: false, mask_style: null };
  for (let number = 0; number < count; number += 1) {
    const id = 2e9 + number;
    drawn.fillStyle = `hsl(${number} 60% 50%)`;
    drawn.fillRect(number % 150, number % 110, 40, 30);
    const frame = canvas.transferToImageBitmap();
    await new Promise((resolve, reject) => {
      const hear = ({ data }) => {
        if (data.id !== id) return;
        window.painter.removeEventListener('message', hear);
        if (!data.answer) return reject(new Error(data.words));
        shown.transferFromImageBitmap(data.answer.image);
        resolve();
      };
      window.painter.addEventListener('message', hear);
      window.painter.postMessage({ id, kind: 'frame', ask: { frame, look, longest: 96 } }, [frame]);
    });
  }
}
"""
"""Frames as the camera's, one after the other through the page's worker and onto a canvas."""

SLIDE = """
async ([pause, released]) => {
  const slider = document.querySelector('.controls input[type=range]');
  const times = [];
  for (let number = 0; number < 12; number += 1) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const begin = performance.now();
    const shown = new Promise((resolve) => {
      const transfer = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
      ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
        transfer.call(this, bitmap);
        if (!this.canvas.matches('.painted')) return;
        ImageBitmapRenderingContext.prototype.transferFromImageBitmap = transfer;
        resolve(performance.now());
      };
    });
    slider.value = String(0.4 + ((number + pause) % 50) / 100);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    if (released) slider.dispatchEvent(new Event('change', { bubbles: true }));
    times.push((await shown) - begin);
  }
  return times;
}
"""
"""Moves the slider of strength, so many milliseconds after the last preview, and waits for the next one."""
MOVES = {"held": (20, False), "while the picture is painted": (230, True)}
"""Pause in milliseconds, and whether the slider is let go: then the painting for the screen begins after 160."""


def photograph(folder: Path, width: int, height: int) -> Path:
    """A smooth random picture as a file."""
    noise = np.random.default_rng(0).integers(0, 255, (height // 40 + 1, width // 40 + 1, 3), np.uint8)
    path = folder / f"{width}.jpg"
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(path, "JPEG", quality=90)
    return path


def below(root: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {root})


def computed(root: int) -> float:
    """Milliseconds of computing by all processes below one, the ended ones left out."""
    ticks = 0
    for pid in below(root):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def watched_memory(root: int) -> Iterator[list[float]]:
    """MB of the largest process below one, the page's own: the list grows while the block runs."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for pid in below(root):
                with suppress(OSError, IndexError):
                    seen.append(megabytes(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids what Playwright would do."""
    end = time.monotonic() + 120
    while not page.evaluate(f"Boolean({condition})"):
        if time.monotonic() > end:
            raise SystemExit(f"after two minutes not: {condition}")
        time.sleep(0.01)


def choose(page: Page, path: Path) -> None:
    """Give the page a photograph; the browser reads it, where bytes would be handed over by the page's own thread."""
    page.locator("input[type=file]").first.set_input_files(path)


def settled(page: Page) -> None:
    """Wait until the painting for the screen is there, and the sheet as it stays."""
    until(page, "document.querySelector('.status').textContent.includes('this device')")
    until(page, "document.querySelector('.working').hidden")


def visit(browser: Browser, address: str, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """All figures of one first visit."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{address}?engine=wasm")
    until(page, "window.interactive && document.querySelector('.sheet li')")  # the model is loaded
    found: dict[str, Any] = {"shell interactive, ms": round(page.evaluate("window.interactive"))}
    path = photograph(folder, 1600, 1200)
    begin, used = time.perf_counter(), computed(os.getpid())
    choose(page, path)
    until(page, f"document.querySelectorAll('.sheet li.painted').length === {STYLES}")
    found["sheet of all styles, ms"] = round(1000 * (time.perf_counter() - begin))
    found["sheet of all styles, ms of computing"] = round(computed(os.getpid()) - used)
    settled(page)
    found["photograph to everything, ms"] = round(1000 * (time.perf_counter() - begin))
    page.evaluate(SLIDE, [20, False])  # after which the preview has the size that suits this machine
    for name, move in MOVES.items():
        settled(page)
        times = page.evaluate(SLIDE, list(move))
        found[f"slider to preview, {name}, ms"] = {"median": round(median(times)), "most": round(max(times))}
    settled(page)
    choose(page, photograph(folder, 512, 512))
    until(page, "document.querySelector('.status').textContent.includes('512')")
    settled(page)
    found["512 x 512, ms"] = round(median(page.evaluate(PAINT, ["irises", 9])))
    found["threads"] = page.evaluate("document.querySelector('.status').textContent.match(/(\\d+) thread/)?.[1] ?? '1'")
    blocks = page.evaluate("window.blocks")
    found["blocks of the main thread over 50 ms"] = [[round(at), round(long)] for at, long in blocks]
    context.close()
    return found


def large(browser: Browser, address: str, megapixels: float, folder: Path) -> dict[str, Any]:
    """A large photograph: painted, and saved at its own size."""
    context = browser.new_context(**WIDE)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{address}?engine=wasm")
    side = round((megapixels * 1e6 / 12) ** 0.5)
    path = photograph(folder, 4 * side, 3 * side)
    with watched_memory(os.getpid()) as memory:
        choose(page, path)
        settled(page)
        page.get_by_label("Format").select_option("jpg")
        begin = time.perf_counter()
        with page.expect_download(timeout=120_000) as download:
            page.get_by_role("button", name="Download").click()
        with Image.open(download.value.path()) as image:
            assert image.size == (4 * side, 3 * side)
        seconds = time.perf_counter() - begin
    blocks = page.evaluate("window.blocks")
    context.close()
    return {
        "megapixels": megapixels,
        "memory of the page's process at most, MB": round(max(memory)),
        "saved in, s": round(seconds, 1),
        "blocks of the main thread over 50 ms": [[round(at), round(long)] for at, long in blocks],
    }


def camera(browser: Browser, address: str, count: int) -> dict[str, Any]:
    """Many frames, and the memory on the way."""
    context = browser.new_context(**WIDE)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{address}?engine=wasm")
    until(page, "window.interactive && document.querySelector('.sheet li')")
    marks = []
    begin = time.perf_counter()
    for _ in range(10):
        page.evaluate(FRAMES, ["irises", count // 10])
        with watched_memory(os.getpid()) as memory:
            time.sleep(0.3)
        marks.append(round(max(memory)))
        print(f"frames: {marks[-1]} MB", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - begin
    context.close()
    return {"frames": count, "seconds": round(seconds), "memory of the page's process, MB": marks}


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--frames", type=int, default=0, help="of a camera, and nothing else")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "studio_page.json", help="default: %(default)s")
    given = parser.parse_args()
    words = [sys.executable, "-m", "allaprima", "studio", "--no-browser", "--port", "0", "--workers", "1"]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=folder)
        assert server.stderr is not None
        found = re.search(r"http://\S+/", server.stderr.readline())
        assert found
        try:
            with sync_playwright() as driver:
                chromium = shutil.which("chromium")
                browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                results: dict[str, Any] = {"chromium": browser.version}
                if given.frames:
                    results["camera"] = camera(browser, found[0], given.frames)
                else:
                    for name, options in (("wide", WIDE), ("phone", PHONE)):
                        results[name] = visit(browser, found[0], options, Path(folder))
                    results["large"] = large(browser, found[0], given.megapixels, Path(folder))
                browser.close()
        finally:
            server.terminate()
            server.wait()
    print(json.dumps(results, indent=2))
    line = command_line(["python", "benchmarks/studio_page.py"], sys.argv[1:])
    write_results(given.output, {**record(line), "results": results})


if __name__ == "__main__":
    main()
