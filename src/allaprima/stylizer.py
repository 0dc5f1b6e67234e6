"""Picture + style + strength -> picture, in the type that it came in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.color import Color
from allaprima.engine.engine import Engine
from allaprima.engine.memory import parse_memory
from allaprima.engine.progress import Progress
from allaprima.errors import StyleError
from allaprima.file_painter import FilePainter
from allaprima.files import write_bytes
from allaprima.film.clip_painter import make_clip_painter
from allaprima.film.direction import first_mask, is_clip
from allaprima.film.outputs import check_result
from allaprima.film.timeline import Time, style_or_first
from allaprima.gallery import BANKS, GALLERY, find_model
from allaprima.look.look import Look, Stroke
from allaprima.options import DEFAULT_QUALITY, ENGINES, MAX_PIXELS, STEADY, check
from allaprima.painter import Painter
from allaprima.picture.animation import Animation
from allaprima.picture.picture import Picture
from allaprima.picture.result import given_back, suffix_wanted
from allaprima.picture.source import Bytes, PathLike, Source, named, path_of, read_mask, read_source
from allaprima.picture.target import check_target
from allaprima.session import Session
from allaprima.style_model import Card, Style, StyleSpec

Pixels = NDArray[np.uint8]
Mask = Source | NDArray[Any]
Kind = TypeVar("Kind", Image.Image, Pixels)


class LookOptions(TypedDict, total=False):
    """What may be chosen about a look by name, for type checkers; ``Look`` describes it."""

    stroke: Stroke
    color: Color
    mask: Mask | None
    feather: float | None
    invert_mask: bool
    mask_style: StyleSpec | None


class PictureOptions(LookOptions, total=False):
    """What may be chosen about one picture by name, for type checkers; ``Stylizer.stylize`` describes it."""

    size: int | None
    max_pixels: int
    keep_gps: bool
    quality: int
    progress: Progress | None


class Stylizer:
    """A loaded style model, to be reused for many pictures. Threads may share it, and it can be pickled.

    Args:
        model: a bank of the gallery that ships with the package, "fast" (real time; the default) or "fine" (better
            pictures, in three to four times the seconds), or the path of an ``.onnx`` style model.
        threads: how many threads compute; None takes every core.
        memory: how much memory to use, in bytes or as text such as "1.5G", however many threads paint: pictures wait
            where all together would take more, and one that would take more alone is painted in tiles, without a seam.
            None is half of what the machine or the container has, 4 GiB at most.
        workers: how many pictures are painted at a time, at most; those in tiles share the memory evenly.
        exact: tiles equal the picture painted whole to 1 of 255, which takes about three times as long for pictures
            above 32 megapixels.
        engine: what runs the network: "onnxruntime", "openvino" or "openvino-bf16". OpenVINO (the extra ``openvino``)
            is faster for many pictures of one size; in bfloat16 by more, but its pictures differ by a few of 255.

    Raises:
        OptionError: a number of threads, an amount of memory or a name of an engine that cannot be.
        ModelError: the file is missing or not a style model.
        EngineError: the engine is not installed, or does not run on this machine.
    """

    def __init__(
        self,
        model: PathLike | None = None,
        threads: int | None = None,
        memory: int | str | None = None,
        *,
        workers: int = 1,
        exact: bool = False,
        engine: str = ENGINES[0],
    ) -> None:
        check(threads=threads, exact=exact, engine=engine, memory=memory)
        path = find_model(GALLERY if model is None else model)
        self._arguments: dict[str, Any] = {
            "model": portable(model),
            "threads": threads,
            "memory": memory,
            "workers": workers,
            "exact": exact,
            "engine": engine,
        }
        amount = None if memory is None else parse_memory(str(memory))
        self._engine = Engine(path, threads, amount, workers=workers, exact=exact, engine=engine)

    def __getstate__(self) -> dict[str, Any]:
        """What it was made with: the copy loads the model itself."""
        return self._arguments

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)  # type: ignore[misc]

    def __repr__(self) -> str:
        names = [style.name for style in self.styles]
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        return (
            f"<Stylizer {self._arguments['model']}: {len(names)} style{'s' * (len(names) != 1)} ({shown}), "
            f"{self._arguments['engine']}>"
        )

    @property
    def card(self) -> Card:
        """What the model says of itself."""
        return self._engine.card

    @property
    def styles(self) -> tuple[Style, ...]:
        """The bank's styles in order, without ``photo``."""
        return self.card.styles[1:]

    @overload
    def stylize(
        self,
        image: Source,
        style: StyleSpec | None = ...,
        strength: float = ...,
        *,
        format: str,
        **options: Unpack[PictureOptions],
    ) -> bytes: ...
    @overload
    def stylize(
        self,
        image: PathLike | BinaryIO,
        style: StyleSpec | None = ...,
        strength: float = ...,
        *,
        format: None = ...,
        **options: Unpack[PictureOptions],
    ) -> Image.Image: ...
    @overload
    def stylize(
        self,
        image: Bytes,
        style: StyleSpec | None = ...,
        strength: float = ...,
        *,
        format: None = ...,
        **options: Unpack[PictureOptions],
    ) -> bytes: ...
    @overload
    def stylize(
        self,
        image: Kind,
        style: StyleSpec | None = ...,
        strength: float = ...,
        *,
        format: None = ...,
        **options: Unpack[PictureOptions],
    ) -> Kind: ...

    def stylize(
        self,
        image: Source,
        style: StyleSpec | None = None,
        strength: float = 1.0,
        *,
        stroke: Stroke = "auto",
        color: Color = "style",
        mask: Mask | None = None,
        feather: float | None = None,
        invert_mask: bool = False,
        mask_style: StyleSpec | None = None,
        size: int | None = None,
        max_pixels: int = MAX_PIXELS,
        keep_gps: bool = False,
        format: str | None = None,
        quality: int = DEFAULT_QUALITY,
        progress: Progress | None = None,
    ) -> Image.Image | bytes | Pixels:
        """Repaint a picture in one forward pass.

        The same picture gives the same painting, however it is handed over.

        Args:
            image: a path; the bytes of a picture file; a file opened in binary mode; a PIL picture of any mode (its
                current frame); or sRGB pixels, uint8 ``[H, W, 3]``, ``[H, W]`` (gray), ``[H, W, 4]`` (with alpha), or
                a batch ``[N, H, W, 3]`` or ``[N, H, W, 4]``.
            style: a name, or a mixture such as ``"great_wave:0.6,starry_night:0.4"`` or a mapping of names to weights;
                None if the model has only one.
            strength: 0 (the photograph) to 1 (the full style).
            stroke: the longer side in pixels, 16 or more, at which the network sees the picture, which decides how
                large its strokes are: fewer pixels, larger strokes. The result has the picture's own size and
                sharpness. "auto" is 1024, "own" the picture's own size.
            color: whose colors the painting has: "style", "photo", "luminance" or "histogram" (``COLORS``).
            mask: where to paint: white is the style, black stays. Anything that ``image`` may be, or an array [H, W] of
                uint8, bool, or floats of 0 to 1; one of another size is scaled to the picture.
            feather: width of the mask's soft edge in pixels; None is a hundredth of the shorter side.
            invert_mask: paint where the mask is black instead.
            mask_style: a second style, where the mask is black.
            size: scale down first, to at most this many pixels on the longer side.
            max_pixels: refuse files with more pixels, in all frames together.
            keep_gps: keep the place where a photograph was taken in the metadata.
            format: give bytes of a file of this format ("png", "jpg", "webp", …), whatever came in.
            quality: of JPEG, WebP and AVIF, where the result is bytes: 1 to 100.
            progress: is called with the work done and all the work, ``(int, int)``, at last with equal numbers: the
                frames of an animation, or the tiles of a picture that needs them.

        Returns:
            The type that came in. For a path, a file or a PIL picture an upright PIL picture, RGB or RGBA, with sRGB
            profile and EXIF, which ``save`` keeps; an animation has all its frames. For bytes the bytes of the same
            format, or of PNG where that cannot be written. For an array uint8 of the same shape, but [H, W, 3] for
            [H, W].

        Raises:
            PictureError: the picture or the mask cannot be read, has more than ``max_pixels``, or a side below 16.
            OptionError: an option that has no such value, or contradicts another.
            StyleError: a style that the model does not have, or a strength outside 0..1.
            OutputError: the format cannot hold the result.
            OutOfMemoryError: the memory is not enough.
            TypeError: an option that does not exist, or an image that is nothing of the above.
        """
        check(size=size, max_pixels=max_pixels, keep_gps=keep_gps, format=format, quality=quality)
        look = self.look(
            style,
            strength,
            stroke=stroke,
            color=color,
            mask=mask,
            feather=feather,
            invert_mask=invert_mask,
            mask_style=mask_style,
        )
        suffix = suffix_wanted(image, format, quality)
        painter = self.painter(look)
        with named(image), painter.room(size) as opened:
            content = read_source(image, max_pixels=max_pixels, keep_gps=keep_gps, opened=opened)
            content = content if size is None else content.within(size)
            return given_back(painter.paint(content, progress), image, suffix, quality)

    def stylize_file(
        self,
        source: PathLike,
        target: PathLike,
        style: StyleSpec | None = None,
        strength: float = 1.0,
        *,
        stroke: Stroke = "auto",
        color: Color = "style",
        mask: Mask | None = None,
        feather: float | None = None,
        invert_mask: bool = False,
        mask_style: StyleSpec | None = None,
        size: int | None = None,
        max_pixels: int = MAX_PIXELS,
        keep_gps: bool = False,
        quality: int = DEFAULT_QUALITY,
        steady: float = STEADY,
        timeline: str | None = None,
        start: Time = None,
        end: Time = None,
        codec: str | None = None,
        sheet: bool = False,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Repaint a picture, an animation or a clip as the command does; see ``stylize`` for what is not said here.

        Args:
            source: the picture, or the clip (which needs the extra ``video``).
            target: where the painting goes; its extension is its format. It appears whole or not at all.
            style: see ``stylize``, as all below.
            strength: 0 to 1.
            stroke: pixels, "auto" or "own".
            color: one of ``COLORS``.
            mask: where to paint.
            feather: width of the mask's soft edge in pixels.
            invert_mask: paint where the mask is black instead.
            mask_style: a second style, where the mask is black.
            size: the longer side in pixels at most.
            max_pixels: refuse larger files.
            keep_gps: keep the place in the metadata.
            quality: of JPEG, WebP, AVIF and clips, 1 to 100.
            steady: of a clip, from 0, every frame painted by itself, to 1.
            timeline: of a clip, styles one after the other: "0:00 irises, 0:12 the_scream fade 2s".
            start: of a clip, where to begin: seconds, or text such as "1:30".
            end: of a clip, where to end.
            codec: of a clip, one of ``CLIP_CODECS``; None is what the target's container usually has.
            sheet: paint six moments of a clip on one sheet instead.
            overwrite: replace a target that exists.
            progress: is called with the work done and all the work.

        Returns:
            The target.

        Raises:
            OutputError: the target exists, is the source, or cannot be written.
            PictureError, OptionError, StyleError, OutOfMemoryError: as ``stylize``.
        """
        check(size=size, max_pixels=max_pixels, keep_gps=keep_gps, quality=quality, overwrite=overwrite)
        look = self.look(
            style_or_first(style, timeline),
            strength,
            stroke=stroke,
            color=color,
            mask=mask,
            feather=feather,
            invert_mask=invert_mask,
            mask_style=mask_style,
        )
        place = Path(target)
        painter = FilePainter(self.painter(look), size, quality, max_pixels, keep_gps, steady=steady)
        clips = make_clip_painter(
            painter,
            mask=mask,
            steady=steady,
            timeline=timeline,
            start=start,
            end=end,
            codec=codec,
            sheet=sheet,
        )
        with named(source):
            photo = path_of(source)
            if is_clip(photo):
                check_result(place, overwrite, photo, sheet=sheet)
                clips.paint_file(photo, place, progress, overwrite=overwrite)(overwrite)
                return place
            check_target(place, overwrite, photo)
            painting = painter.paint_file(photo, place.suffix, progress)
        write_bytes(painting, place, overwrite=overwrite)
        return place

    def look(
        self,
        style: StyleSpec | None = None,
        strength: float = 1.0,
        *,
        stroke: Stroke = "auto",
        color: Color = "style",
        mask: Mask | None = None,
        feather: float | None = None,
        invert_mask: bool = False,
        mask_style: StyleSpec | None = None,
    ) -> Look:
        """The choices as a look for ``paint``, checked against this model; the mask is read. See ``stylize``.

        Raises:
            OptionError: an option that has no such value, or contradicts another.
            StyleError: a style that the model does not have, or none where it has several.
            PictureError: the mask cannot be read.
        """
        if style is None:
            if len(self.styles) != 1:
                raise StyleError(f"choose a style of this model: {', '.join(s.name for s in self.styles)}")
            style = self.styles[0].name
        pixels = None if mask is None else _mask_pixels(mask)
        look = Look(style, strength, stroke, color, pixels, feather, invert_mask, mask_style)
        self.painter(look)
        return look

    @overload
    def paint(self, content: Picture, look: Look, progress: Progress | None = ...) -> Picture: ...
    @overload
    def paint(
        self, content: Picture | Animation, look: Look, progress: Progress | None = ...
    ) -> Picture | Animation: ...

    def paint(self, content: Picture | Animation, look: Look, progress: Progress | None = None) -> Picture | Animation:
        """Repaint a decoded picture or animation; alpha and metadata stay. A frame is painted when it is asked for.

        Raises:
            PictureError: it has a side below 16 pixels.
            StyleError: a style that the model does not have.
        """
        return self.painter(look).paint(content, progress)

    def session(
        self,
        style: StyleSpec | None = None,
        strength: float = 1.0,
        *,
        stroke: Stroke = "auto",
        color: Color = "style",
        mask: Mask | None = None,
        feather: float | None = None,
        invert_mask: bool = False,
        mask_style: StyleSpec | None = None,
        steady: float = STEADY,
    ) -> Session:
        """Paint the frames of a clip one after the other, steadily; see ``Session``, and ``stylize`` for the look.

        >>> session = stylizer.session("irises", steady=0.8)
        >>> paintings = map(session.paint, frames)

        Args:
            style: a name, or a mixture.
            strength: 0 to 1.
            stroke: pixels, "auto" or "own".
            color: one of ``COLORS``.
            mask: where to paint.
            feather: width of the mask's soft edge in pixels.
            invert_mask: paint where the mask is black instead.
            mask_style: a second style, where the mask is black.
            steady: from 0, every frame painted by itself, to 1.

        Raises:
            OptionError, StyleError, PictureError: as ``look``.
        """
        look = self.look(
            style,
            strength,
            stroke=stroke,
            color=color,
            mask=mask,
            feather=feather,
            invert_mask=invert_mask,
            mask_style=mask_style,
        )
        return Session(self.painter(look), steady)

    def painter(self, look: Look) -> Painter:
        """What paints pictures in one look.

        Raises:
            StyleError: a style that the model does not have.
        """
        return Painter(self._engine, look)


def _mask_pixels(mask: Mask) -> NDArray[Any]:
    """A mask's pixels; of a clip its first frame's."""
    if isinstance(mask, str | os.PathLike) and is_clip(Path(mask)):
        return first_mask(Path(mask))
    return read_mask(mask)


def portable(model: PathLike | None) -> str:
    """A model as another process, perhaps in another folder, finds it again."""
    name = BANKS[0] if model is None else os.fspath(model)
    return BANKS[0] if name == GALLERY else name if name in BANKS else str(Path(name).absolute())
