"""Clips through pipes, and as sequences of pictures."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.errors import ExistsError, OutputError
from allaprima.film.frame import Frame
from allaprima.film.reader import open_clip
from allaprima.film.sequence import check_pattern, is_pattern, numbered, write_sequence
from allaprima.film.stream import write_stream
from film.clips import gray_frames, level, make_clip


class Pipe(io.RawIOBase):
    def __init__(self):
        self.data = io.BytesIO()

    def writable(self):
        return True

    def write(self, data):
        return self.data.write(data)


@pytest.mark.parametrize("format", ["y4m", "nut", "mkv"])
@pytest.mark.parametrize(("width", "height"), [(64, 48), (33, 17)])
def test_frames_go_through_a_pipe(tmp_path, format, width, height):
    times = [Fraction(n, 600) for n in (0, 20, 40, 60, 80, 100)]
    path = make_clip(
        tmp_path / "c.mkv", gray_frames(5, width, height), times=times, rate=30, codec="ffv1", pix_fmt="bgr0"
    )
    pipe = Pipe()
    with open_clip(path) as clip:
        write_stream(clip.frames(), clip, pipe, format)
    pipe.data.seek(0)
    with open_clip(pipe.data) as clip:
        frames = list(clip.frames())
        assert (clip.size, len(frames)) == ((width, height), 5)
        assert [float(frame.pts * clip.time_base) for frame in frames] == pytest.approx(
            [float(time) for time in times[:-1]], abs=0.001
        )
    for number, frame in enumerate(frames):
        assert abs(int(frame.pixels[-1, -1, 0]) - level(number)) <= (2 if format == "y4m" else 0)
        assert abs(int(frame.pixels[0, 0, 1]) - 250) <= (2 if format == "y4m" else 0)


@pytest.mark.parametrize("format", ["nut", "mkv"])
def test_alpha_goes_through(tmp_path, format):
    frames = [np.dstack([pixels, np.full(pixels.shape[:2], 70, np.uint8)]) for pixels in gray_frames(2)]
    path = make_clip(tmp_path / "c.mkv", frames, codec="ffv1", pix_fmt="bgra")
    pipe = Pipe()
    with open_clip(path) as clip:
        write_stream(clip.frames(), clip, pipe, format)
    pipe.data.seek(0)
    with open_clip(pipe.data) as clip:
        assert all(np.array_equal(frame.pixels, wanted) for frame, wanted in zip(clip.frames(), frames, strict=True))


def test_other_formats_are_refused(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(1))
    with open_clip(path) as clip, pytest.raises(OutputError, match="one of: y4m, nut, mkv"):
        write_stream(clip.frames(), clip, Pipe(), "mp4")


def sequence(count):
    return [Frame(np.full((20, 30, 3), 10 * number, np.uint8), number) for number in range(count)]


def test_a_picture_for_each_frame(tmp_path):
    pattern = tmp_path / "frames" / "f%04d.png"
    assert is_pattern(pattern)
    assert write_sequence(sequence(12), pattern) == 12
    assert sorted(path.name for path in pattern.parent.iterdir()) == [f"f{number:04}.png" for number in range(1, 13)]
    assert np.asarray(Image.open(pattern.parent / "f0012.png"))[0, 0, 0] == 110


def test_no_sequence_is_half_written(tmp_path):
    def broken():
        yield from sequence(3)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        write_sequence(broken(), tmp_path / "%d.png")
    assert list(tmp_path.iterdir()) == []


def test_frames_that_are_there_stay(tmp_path):
    pattern = tmp_path / "%d.png"
    numbered(pattern, 3).write_bytes(b"mine")
    with pytest.raises(ExistsError):
        write_sequence(sequence(4), pattern)
    assert [path.name for path in tmp_path.iterdir()] == ["3.png"]
    assert numbered(pattern, 3).read_bytes() == b"mine"
    assert write_sequence(sequence(4), pattern, overwrite=True) == 4


def test_names_of_sequences():
    assert not any(is_pattern(Path(name)) for name in ("a.png", "100%.png", "%s.png", "%d%d.png"))
    assert numbered(Path("a/%d.png"), 7) == Path("a/7.png")
    with pytest.raises(OutputError, match="written as"):
        check_pattern(Path("%d.jpg"), overwrite=False)
