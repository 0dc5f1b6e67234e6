"""Small clips for tests, made by PyAV: of any size, format, rate and container."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def level(number: int) -> int:
    """The gray of a clip's frame, far enough from its neighbors' to be told apart after encoding."""
    return 20 + 40 * (number % 6)


def gray_frames(count: int, width: int = 64, height: int = 48) -> list[NDArray[np.uint8]]:
    """Frames of one gray each, with a brighter corner at the top left."""
    frames = []
    for number in range(count):
        pixels = np.full((height, width, 3), level(number), np.uint8)
        pixels[: height // 4, : width // 4] = 250
        frames.append(pixels)
    return frames


def make_clip(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: Fraction | int = 25,
    times: Sequence[Fraction] | None = None,
    time_base: Fraction | None = None,
    rotation: tuple[int, bool, bool] | None = None,
    options: dict[str, str] | None = None,
    sound: int = 0,
    tags: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """Write a clip.

    Args:
        path: its extension is its container.
        frames: uint8 [H, W, 3] or [H, W, 4].
        codec: of the frames.
        pix_fmt: of the frames.
        rate: frames a second.
        times: when each frame is shown, in seconds, and at last where the last one ends; None is by the rate.
        time_base: seconds in a tick; None is one frame.
        rotation: degrees, and whether it is mirrored horizontally or vertically.
        options: of the encoder.
        sound: how many tracks of sound, each a tone as long as the clip.
        tags: of the container.
        muxing: options of the container.
    """
    base = time_base or 1 / Fraction(rate)
    starts = times or [Fraction(number) / Fraction(rate) for number in range(len(frames) + 1)]
    with av.open(str(path), "w", options=muxing or {}) as container:
        for name, value in (tags or {}).items():
            container.metadata[name] = value
        video: Any = container.add_stream(codec, rate=Fraction(rate), options=options or {})
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pix_fmt
        video.codec_context.time_base = base
        if rotation is not None:
            video.set_display_rotation(rotation[0], hflip=rotation[1], vflip=rotation[2])
        tones = [_tone(container, path, number) for number in range(sound)]
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
            frame.pts = round(starts[number] / base)
            frame.duration = round((starts[number + 1] - starts[number]) / base)
            frame.time_base = base
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for number, tone in enumerate(tones):
            _play(container, tone, 440 * (number + 1), float(starts[-1] - starts[0]))
    return path


def make_broken_clip(path: Path) -> Path:
    """A clip of 40 frames, 320 × 240, that breaks off in the middle; its index stands in front and is whole."""
    whole = make_clip(path.with_name("whole.mp4"), gray_frames(40, 320, 240), options={"g": "5"})
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as fast:
        copied = fast.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = copied
                fast.mux(packet)
    whole.unlink()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def _tone(container: Any, path: Path, number: int) -> Any:
    stream = container.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48000)
    stream.metadata["language"] = ("eng", "deu", "fra")[number % 3]
    return stream


def _play(container: Any, stream: Any, hertz: int, seconds: float) -> None:
    samples = max(2048, round(48000 * seconds))
    wave = (0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / 48000)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    fifo = av.AudioFifo()
    fifo.write(frame)
    size = stream.codec_context.frame_size or 1024
    while (part := fifo.read(size, partial=True)) is not None:
        container.mux(stream.encode(part))
    container.mux(stream.encode())
