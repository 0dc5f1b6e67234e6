"""How clips are encoded: the containers and codecs that are written, and what quality means to each.

No encoder here reorders frames: no B-frames. A reordered track needs edit lists to keep its times, which not every
player honors, and in mp4 the last frame of a clip of uneven rate loses its duration. It costs about a tenth more bytes
at the same quality. Threads are a fixed number, since an encoder's bytes may depend on it: the same clip gives the
same file on any machine. x264 has one: with two, it now and then gave other bytes for the same frames. With one it
still does for frames of 32 × 32 pixels, once in twenty on a busy machine; at 128 × 96 it has not in 75 runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from allaprima.errors import OutputError

CONTAINERS: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("h264", "hevc", "av1"),
    ".m4v": ("h264", "hevc"),
    ".mov": ("h264", "hevc", "prores"),
    ".mkv": ("h264", "hevc", "av1", "vp9", "ffv1", "prores"),
    ".webm": ("vp9", "av1"),
}
"""The codecs of each container by extension; the first is what is taken unless another is chosen."""

USUAL_SUFFIX = ".mp4"
"""Of a result whose clip's own container is not written here."""

BEST = 100


@dataclass(frozen=True)
class Codec:
    """One way to encode frames.

    Attributes:
        encoder: FFmpeg's name of it.
        pix_fmt: of what it encodes.
        alpha: the pixel format with alpha; None if it has none.
        options: FFmpeg's, for a quality of 1 to 100.
        even: whether both sides must be even, as chroma at half size needs it.
        tag: the four characters that players look for, where FFmpeg's own are others.
        threads: of the encoder.
    """

    encoder: str
    pix_fmt: str
    options: Callable[[int], dict[str, str]]
    alpha: str | None = None
    even: bool = True
    tag: Mapping[str, str] = field(default_factory=dict)
    threads: int = 2


def _between(best: float, step: float) -> Callable[[int], str]:
    """A constant rate factor: ``best`` at quality 100, ``step`` more for each point less."""
    return lambda quality: f"{best + step * (BEST - quality):.1f}"


_H264, _HEVC, _AV1, _VP9 = _between(15.5, 0.34), _between(18, 0.34), _between(20, 0.45), _between(18, 0.45)

CODECS: dict[str, Codec] = {
    # High profile, 4:2:0, 8 bits: what every phone, browser and television plays. The strokes of paintings give slower
    # presets little to find: "veryfast" takes 1.4 times the time for 8 % fewer bytes at the same error. Nor do blocks
    # of 4 × 4 pixels: without them it takes 0.85 of the time for 2 % fewer bytes and 0.4 dB. The same picture, coded by
    # CAVLC instead of CABAC, takes 0.68 of the time for 7 % more bytes, where a painting is enlarged 0.78 for 16 %.
    "h264": Codec(
        "libx264", "yuv420p",
        lambda q: {"crf": _H264(q), "preset": "superfast", "partitions": "i8x8", "coder": "vlc", "profile": "high",
                   "bf": "0"},
        threads=1,
    ),
    "hevc": Codec(
        "libx265", "yuv420p",
        lambda q: {"crf": _HEVC(q), "preset": "fast",
                   "x265-params": "bframes=0:pools=2:frame-threads=2:open-gop=0:log-level=none"},
        tag={".mp4": "hvc1", ".m4v": "hvc1", ".mov": "hvc1"},  # Apple's players take no other
    ),
    "av1": Codec(
        "libsvtav1", "yuv420p",
        lambda q: {"crf": str(round(float(_AV1(q)))), "preset": "9", "svtav1-params": "lp=2:pred-struct=1"},
    ),
    "vp9": Codec(
        "libvpx-vp9", "yuv420p",
        lambda q: {"crf": str(round(float(_VP9(q)))), "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1",
                   "auto-alt-ref": "0", "lag-in-frames": "0"},
        alpha="yuva420p", even=False,
    ),
    # Apple's for editing: 422 for frames without alpha, 4444 for those with.
    "prores": Codec(
        "prores_ks", "yuv422p10le", lambda q: {"vendor": "apl0"}, alpha="yuva444p10le",
    ),
    "ffv1": Codec(
        "ffv1", "bgr0", lambda _: {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"}, alpha="bgra", even=False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """How one clip is encoded.

    Attributes:
        suffix: its container's extension.
        codec: the codec's name.
        quality: 1 to 100; what has no loss does not care.
        alpha: whether the frames have a channel of alpha that is kept.
    """

    suffix: str
    codec: str
    quality: int
    alpha: bool

    @property
    def pix_fmt(self) -> str:
        """Of what is encoded."""
        codec = CODECS[self.codec]
        return codec.alpha if self.alpha and codec.alpha is not None else codec.pix_fmt


def choose_encoding(suffix: str, codec: str | None, quality: int, *, alpha: bool) -> Encoding:
    """The encoding for a container, with a codec if one was asked for.

    Frames with alpha get a codec that keeps it where the container has one.

    Raises:
        OutputError: the container is not written here, or does not hold that codec.
    """
    suffix = suffix.lower()
    if suffix not in CONTAINERS:
        raise OutputError(f'clips are not written as "{suffix}"; use one of: {" ".join(CONTAINERS)}')
    allowed = CONTAINERS[suffix]
    if codec is None:
        with_alpha = [name for name in allowed if CODECS[name].alpha is not None]
        codec = with_alpha[0] if alpha and with_alpha else allowed[0]
    if codec not in allowed:
        raise OutputError(f"{suffix} holds no {codec} here; use one of: {', '.join(allowed)}", options=("codec",))
    return Encoding(suffix, codec, quality, alpha and CODECS[codec].alpha is not None)
