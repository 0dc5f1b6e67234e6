"""Feed `stylize` damaged files and see that it neither crashes nor hangs nor leaves anything half done.

    python benchmarks/fuzz.py --inputs 20000 --seed 1

Every input is a real file in one of the formats that are read, with bytes flipped, cut out, repeated, moved or written
over, lengths and sizes preferred; some are two files spliced, some carry another format's extension. It is painted
through the command in a child process that is told one file after another (a process for each would measure Python's
start, and the style model is loaded once), and that is killed if it takes more processor time than the limit. After
every input: no result or a whole one that can be read, no temporary file, the source unchanged, one sentence on stderr
if the exit code is 2, and no traceback. The findings are files in `--keep`, named by what went wrong; the same seed
makes the same inputs.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from allaprima.evaluation.record import command_line, record
from progress import progress, write_results
from speed import RESULTS

LIMIT_SECONDS = 10
"""Of processor time, since on a busy machine the clock tells nothing of a process."""
LONGEST_WAIT = 12 * LIMIT_SECONDS
"""On the clock, for a process that waits for what never comes."""
MAX_PIXELS = 4_000_000  # an honest picture of that size takes seconds, and a damaged header may name any
STYLE = "great_wave"
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)

Random = np.random.Generator
Pixels = NDArray[np.uint8]
Outcome = dict[str, Any]


def seeds() -> dict[str, bytes]:
    """Real files, small, one for each way that a format can store a picture."""
    y, x = np.mgrid[:40, :56]
    pixels = np.stack([4 * x, 6 * y, (x * y) % 256], axis=-1).astype(np.uint8)
    rgb = Image.fromarray(pixels)
    rgba = rgb.copy()
    rgba.putalpha(Image.linear_gradient("L").resize(rgb.size))
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    real = Image.fromarray(pixels[..., 0].astype(np.float32) / 255)
    exif = Image.Exif()
    exif[274], exif[306] = 6, "2024:05:01 10:00:00"
    profile = _srgb_profile()
    frames = [rgb.rotate(angle) for angle in (0, 90, 180)]
    several = {"save_all": True, "append_images": frames[1:], "duration": 50}
    plain: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "jpeg.jpg": (rgb, "JPEG", {"exif": exif, "icc_profile": profile}),
        "progressive.jpg": (rgb, "JPEG", {"progressive": True}),
        "cmyk.jpg": (rgb.convert("CMYK"), "JPEG", {}),
        "gray.jpg": (rgb.convert("L"), "JPEG", {}),
        "rgb.png": (rgb, "PNG", {"exif": exif, "icc_profile": profile}),
        "rgba.png": (rgba, "PNG", {}),
        "palette.png": (rgb.quantize(16), "PNG", {"transparency": 3}),
        "deep.png": (deep, "PNG", {}),
        "gamma.png": (rgb, "PNG", {"pnginfo": _color_chunks()}),
        "bits.png": (rgb.convert("1"), "PNG", {}),
        "animated.png": (frames[0], "PNG", several),
        "lossy.webp": (rgb, "WEBP", {"exif": exif}),
        "lossless.webp": (rgba, "WEBP", {"lossless": True}),
        "animated.webp": (frames[0], "WEBP", several),
        "still.gif": (rgb, "GIF", {}),
        "animated.gif": (frames[0], "GIF", several),
        "deflate.tif": (rgb, "TIFF", {"compression": "tiff_deflate"}),
        "lzw.tif": (rgba, "TIFF", {"compression": "tiff_lzw"}),
        "plain.tif": (rgb, "TIFF", {}),
        "deep.tif": (deep, "TIFF", {}),
        "float.tif": (real, "TIFF", {}),
        "plain.bmp": (rgb, "BMP", {}),
        "still.avif": (rgba, "AVIF", {}),
        "still.jp2": (rgb, "JPEG2000", {}),
        "plain.ppm": (rgb, "PPM", {}),
        "rle.tga": (rgb, "TGA", {"compression": "tga_rle"}),
        "icon.ico": (rgba, "ICO", {}),
    }
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415

        register_heif_opener()
        plain["photo.heic"] = (rgb, "HEIF", {"exif": exif})
    except ModuleNotFoundError:
        print("fuzz: HEIC is left out, since pillow-heif is not installed", file=sys.stderr)
    files = dict(_tiffs(pixels))
    for name, (image, kind, options) in plain.items():
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        files[name] = buffer.getvalue()
    return files


def _tiffs(pixels: Pixels) -> Iterator[tuple[str, bytes]]:
    """Those that Pillow neither writes nor reads."""
    real = (pixels / 255).astype(np.float32)
    for name, samples, compression in (
        ("float_rgb.tif", real, None),
        ("float_deflate.tif", real, "zlib"),
        ("rgb_32.tif", pixels.astype(np.uint32) << 24, None),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, samples, photometric="rgb", compression=compression)
        yield name, buffer.getvalue()


def _color_chunks() -> PngInfo:
    chunks = PngInfo()
    chunks.add(b"gAMA", (100_000).to_bytes(4, "big"))
    chunks.add(
        b"cHRM", b"".join(value.to_bytes(4, "big") for value in (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    )
    return chunks


def _srgb_profile() -> bytes:
    from PIL import ImageCms  # noqa: PLC0415

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def mutate(data: bytes, other: bytes, random: Random) -> bytes:
    """One to four changes; ``other`` is what pieces are taken from."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        CHANGES[int(random.integers(len(CHANGES)))](changed, other, random)
        if not changed:
            break
    return bytes(changed)


def _place(data: bytearray, random: Random) -> int:
    """Anywhere, but twice as often in the first 200 bytes, where sizes and lengths are."""
    reach = len(data) if random.random() < 1 / 3 else min(len(data), 200)
    return int(random.integers(reach))


def _flip(data: bytearray, _: bytes, random: Random) -> None:
    data[_place(data, random)] ^= 1 << int(random.integers(8))


def _byte(data: bytearray, _: bytes, random: Random) -> None:
    data[_place(data, random)] = int(random.integers(256))


def _number(data: bytearray, _: bytes, random: Random) -> None:
    """A number at the edge of its range, in either byte order."""
    size, place = (1, 2, 4)[int(random.integers(3))], _place(data, random)
    value = INTERESTING[int(random.integers(len(INTERESTING)))] % 256**size
    data[place : place + size] = value.to_bytes(size, "big" if random.random() < 0.5 else "little")


def _cut_end(data: bytearray, _: bytes, random: Random) -> None:
    del data[int(random.integers(len(data))) :]


def _cut_piece(data: bytearray, _: bytes, random: Random) -> None:
    place = _place(data, random)
    del data[place : place + int(random.integers(1, 64))]


def _repeat(data: bytearray, _: bytes, random: Random) -> None:
    place, size = _place(data, random), int(random.integers(1, 64))
    data[place:place] = data[place : place + size] * int(random.integers(1, 20))


def _splice(data: bytearray, other: bytes, random: Random) -> None:
    place, start, size = _place(data, random), int(random.integers(len(other))), int(random.integers(1, 400))
    data[place : place + size] = other[start : start + size]


CHANGES: tuple[Callable[[bytearray, bytes, Random], None], ...] = (
    _flip, _byte, _number, _number, _cut_end, _cut_piece, _repeat, _splice,
)  # fmt: skip


def inputs(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each input."""
    files = list(seeds().items())
    for number in range(count):
        random = np.random.default_rng([seed, number])
        (name, data), (another, other) = (files[int(random.integers(len(files)))] for _ in range(2))
        suffix = Path(another if random.random() < 0.05 else name).suffix
        yield f"{number}_{Path(name).stem}{suffix}", mutate(data, other, random)


def serve() -> None:
    """The child: for each line of stdin, a source and a target, paint and answer with exit code and stderr."""
    from click.testing import CliRunner  # noqa: PLC0415

    from allaprima.cli import app, stylize  # noqa: PLC0415

    stylize.Stylizer = lru_cache(stylize.Stylizer)  # type: ignore[misc]
    for line in sys.stdin:
        source, target = json.loads(line)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + LIMIT_SECONDS + 1, resource.RLIM_INFINITY))
        words = ["stylize", source, "-s", STYLE, "-o", target, "--threads", "1", "--max-pixels", str(MAX_PIXELS)]
        result = CliRunner().invoke(app, words)
        unexpected = None if result.exception is None or isinstance(result.exception, SystemExit) else result.exception
        error = "" if unexpected is None else f"{type(unexpected).__name__}: {unexpected}"
        print(json.dumps({"code": result.exit_code, "stderr": result.stderr, "error": error}), flush=True)


class Child:
    """A process that paints, started anew when it has died or was killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def paint(self, source: Path, target: Path, again: bool = True) -> Outcome:
        """What the command did: {"code", "stderr", "error"}, where error also says that it crashed or hung.

        A process that has waited for too long is given a second chance: the machine may have been asleep.
        """
        if self._process is None:
            command = [sys.executable, __file__, "--serve"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._ask("missing.png", "painted.png")  # loads everything; it is refused at once
        hung = threading.Event()
        killer = threading.Timer(LONGEST_WAIT, lambda: (hung.set(), self._process and self._process.kill()))
        killer.start()
        answer = self._ask(str(source), str(target))
        killer.cancel()
        if answer is None or hung.is_set():  # the limit may have struck just after the answer
            code = self._process.wait()
            self._process = None
            if hung.is_set() and again:
                return self.paint(source, target, again=False)
            stuck = hung.is_set() or code == -signal.SIGXCPU
            answer = {"code": code, "stderr": "", "error": "hang" if stuck else f"crash ({code})"}
        return answer

    def _ask(self, source: str, target: str) -> Outcome | None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([source, target]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """Let the process end."""
        if self._process is not None:
            self._process.communicate()


def verdict(outcome: Outcome, source: Path, data: bytes, target: Path) -> str:
    """``painted`` or ``refused``; or what is wrong."""
    lines = [line for line in outcome["stderr"].splitlines() if line.strip()]
    left = {path.name for path in source.parent.iterdir()} - {source.name, target.name}
    if outcome["error"]:
        return str(outcome["error"]).split(":")[0]
    if source.read_bytes() != data:
        return "source changed"
    if left:
        return "something left behind"
    if outcome["code"] == 0 and target.exists():
        with Image.open(target) as image:
            image.load()
        return "painted"
    if outcome["code"] == 2 and len(lines) == 1 and lines[0].startswith("allaprima: ") and not target.exists():
        return "refused"
    return "neither painted nor refused"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: %(default)s)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz"), help="where findings go (default: %(default)s/)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "fuzz.json", help="default: %(default)s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    counts: Counter[str] = Counter()
    child = Child()
    with (
        tempfile.TemporaryDirectory() as folder,
        progress(options.inputs, "fuzzing") as bar,
    ):
        for name, data in inputs(options.inputs, options.seed):
            source, target = Path(folder) / name, Path(folder) / "painted.png"
            source.write_bytes(data)
            found = verdict(child.paint(source, target), source, data, target)
            counts[found] += 1
            if found not in ("painted", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{found.replace(' ', '_')}_{name}").write_bytes(data)
            for path in Path(folder).iterdir():
                path.unlink()
            bar.update(1)
    child.close()
    command = command_line(["python", "benchmarks/fuzz.py"], sys.argv[1:])
    results = {"seed": options.seed, "inputs": options.inputs, "outcomes": dict(counts)}
    write_results(options.output, {**record(command), **results})
    print(dict(counts))
    sys.exit(bool(set(counts) - {"painted", "refused"}))


if __name__ == "__main__":
    main()
