"""Painters from anywhere: ``--painter MODULE:FUNCTION[:SPEC]`` measures any network beside the style models.

A function of your own is enough. In ``mine.py``, in the current folder:

    from allaprima.evaluation.painters import Painter

    def painters(paintings, spec=""):
        network = load(spec)  # pixels in, pixels out: uint8 RGB [H, W, 3], of the same size
        return [Painter("mine", style, network) for style in paintings]

Then ``allaprima evaluate fast … --painter mine:painters:weights.bin`` measures it in every style.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from allaprima.errors import AllaPrimaError, ModelError, OptionError, StyleError
from allaprima.evaluation.painters import Painter, Pixels


@contextmanager
def guests(door: str, paintings: Mapping[str, Path]) -> Iterator[list[Painter]]:
    """The painters that a function gives, for as long as they are measured.

    Args:
        door: ``MODULE:FUNCTION`` or ``MODULE:FUNCTION:SPEC``. The module is imported by its name, from the current
            folder or from what is installed. The function is called with ``paintings``, and with SPEC as it stands
            if there is one. It returns Painters, or a context manager around them that is left after measuring.
        paintings: the picture of each style that is measured, by the style's name.

    Raises:
        OptionError: there is no such module or function.
        StyleError: a painter aims at a style that is not measured.
        ModelError: the function failed, or gave something else than painters.
    """
    module, _, rest = door.partition(":")
    name, colon, spec = rest.partition(":")
    if not (module and name):
        raise OptionError(f"a painter is MODULE:FUNCTION or MODULE:FUNCTION:SPEC, not {door}")
    function = _find(module, name)
    with _open(door, function, (paintings, spec) if colon else (paintings,)) as found:
        yield [_checked(door, painter, paintings) for painter in found]


def _find(module: str, name: str) -> Any:
    """A function by its name and its module's, which may lie in the current folder."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise OptionError(f"the painter's module {module} cannot be imported: {error}") from error
    except AttributeError as error:
        raise OptionError(f"the module {module} has no function {name}") from error
    finally:
        sys.path.remove(here)


@contextmanager
def _open(door: str, function: Any, arguments: tuple[object, ...]) -> Iterator[list[object]]:
    """What the function gives, as a list."""
    try:
        found = function(*arguments)
        context = found if isinstance(found, AbstractContextManager) else nullcontext(found)
    except AllaPrimaError:
        raise
    except Exception as error:
        raise ModelError(f"the painter {door} failed: {type(error).__name__}: {error}") from error
    with context as painters:
        try:
            listed = list(painters)
        except TypeError as error:
            raise ModelError(f"the painter {door} gave {type(painters).__name__}, not a list of Painter") from error
        yield listed


def _checked(door: str, painter: object, paintings: Mapping[str, Path]) -> Painter:
    """A painter whose every picture is looked at: hours later it would be too late."""
    if not isinstance(painter, Painter):
        raise ModelError(f"the painter {door} gave {type(painter).__name__}, not a Painter")
    if painter.style not in paintings:
        raise StyleError(
            f"{painter.name} aims at {painter.style}, which is not measured; styles: {', '.join(paintings)}"
        )

    def paint(pixels: Pixels) -> Pixels:
        try:
            painted = painter.paint(pixels)
        except AllaPrimaError:
            raise
        except Exception as error:
            raise ModelError(f"{painter.name} failed to paint: {type(error).__name__}: {error}") from error
        kind, shape = getattr(painted, "dtype", type(painted).__name__), getattr(painted, "shape", ())
        if kind != pixels.dtype or shape != pixels.shape:
            raise ModelError(f"{painter.name} gave {kind} {shape} for uint8 {pixels.shape}")
        return painted

    return replace(painter, paint=paint)
