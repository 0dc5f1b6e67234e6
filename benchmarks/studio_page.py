"""What the studio's page takes in Chromium: the sheet, the preview behind a slider, a large photograph, a phone.

python benchmarks/studio_page.py [--megapixels 24]

Prints a table. Each figure is in milliseconds of the clock, and in milliseconds of computing by all of the browser's
processes, which other work on the machine does not lengthen (Linux).
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

STYLES = 18
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
WATCH = """
window.blocks = [];
new PerformanceObserver((list) => window.blocks.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: 'longtask', buffered: true });
"""
SLIDE = """
async () => {
  const slider = document.querySelector('.controls input[type=range]');
  const times = [];
  for (let number = 0; number < 9; number += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const begin = performance.now();
    const shown = new Promise((resolve) => {
      const transfer = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
      ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
        ImageBitmapRenderingContext.prototype.transferFromImageBitmap = transfer;
        transfer.call(this, bitmap);
        resolve(performance.now());
      };
    });
    slider.value = String(0.5 + number / 20);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    times.push((await shown) - begin);
  }
  return times;
}
"""


def photograph(width: int, height: int) -> bytes:
    """A smooth random picture as a file."""
    noise = np.random.default_rng(0).integers(0, 255, (height // 40, width // 40, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def processes() -> dict[int, int]:
    """The parent of each process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    return found


def below(root: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    parents, found = processes(), {root}
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


def memory(root: int) -> float:
    """MB of the largest process below one: the page's own."""
    largest = 0.0
    for pid in below(root):
        with suppress(OSError, IndexError):
            largest = max(largest, int(Path(f"/proc/{pid}/statm").read_text().split()[1]))
    return largest * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def taken(what: str) -> Iterator[None]:
    """Print what a block takes."""
    begin, used = time.perf_counter(), computed(os.getpid())
    yield
    clock, computing = 1000 * (time.perf_counter() - begin), computed(os.getpid()) - used
    print(f"{what}: {clock:.0f} ms, {computing:.0f} ms of computing")


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids what Playwright would do."""
    end = time.monotonic() + 300
    while not page.evaluate(f"Boolean({condition})"):
        if time.monotonic() > end:
            raise SystemExit(f"after five minutes not: {condition}")
        time.sleep(0.01)


def choose(page: Page, data: bytes) -> None:
    """Give the page a photograph."""
    page.locator("input[type=file]").first.set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data}
    )


def measure(page: Page, address: str, data: bytes) -> None:
    """All figures of one visit."""
    page.add_init_script(WATCH)
    page.goto(address)
    until(page, "document.querySelector('.sheet li')")  # the model is loaded
    with taken("the sheet of eighteen"):
        choose(page, data)
        until(page, f"document.querySelectorAll('.sheet li.painted').length === {STYLES}")
    until(page, "document.querySelector('.status').textContent.includes('this device')")
    page.wait_for_timeout(1000)
    page.evaluate(SLIDE)  # after which the preview has the size that suits this machine
    times = sorted(page.evaluate(SLIDE))
    print(f"slider to preview: {times[len(times) // 2]:.0f} ms (most {times[-1]:.0f})")
    blocks = page.evaluate("window.blocks")
    print(f"main thread: {len(blocks)} blocks over 50 ms, the longest {max(blocks, default=0):.0f} ms")


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megapixels", type=float, default=24)
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
                for name, options in (("wide", {"viewport": {"width": 1280, "height": 800}}), ("phone", PHONE)):
                    print(f"— {name}")
                    context = browser.new_context(**options)
                    measure(context.new_page(), found[0], photograph(1600, 1200))
                    context.close()
                print(f"— {given.megapixels:g} megapixels")
                page = browser.new_context().new_page()
                page.goto(found[0])
                side = round((given.megapixels * 1e6 / 12) ** 0.5)
                choose(page, photograph(4 * side, 3 * side))
                until(page, "document.querySelector('.status').textContent.includes('device')")
                page.get_by_label("Format").select_option("jpg")
                peak = 0.0
                with page.expect_download(timeout=300_000) as download:
                    page.get_by_role("button", name="Download").click()
                    for _ in range(40):
                        peak = max(peak, memory(os.getpid()))
                        page.wait_for_timeout(250)
                with Image.open(download.value.path()) as image:
                    print(f"saved at {image.width}×{image.height}; the page's process had {peak:.0f} MB at most")
                browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
