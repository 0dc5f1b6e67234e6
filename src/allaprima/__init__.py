"""Alla Prima: real-time neural style transfer.

>>> import allaprima
>>> allaprima.stylize("photo.jpg", style="great_wave").save("painting.jpg")

What is named here is loaded when it is first used, so that ``import allaprima`` costs nothing.
"""

from allaprima.version import __version__

TYPE_CHECKING = False  # type checkers take the name for True; the module typing takes long to load
if TYPE_CHECKING:
    from allaprima.batch.many import stylize_files
    from allaprima.batch.workers import Outcome
    from allaprima.cards import styles
    from allaprima.color import COLORS, Color
    from allaprima.errors import (
        AllaPrimaError,
        ConversionError,
        DivergedError,
        EngineError,
        ExistsError,
        LostProcessError,
        ModelError,
        OptionError,
        OutOfMemoryError,
        OutputError,
        ParityError,
        PictureError,
        StyleError,
        TrainingError,
    )
    from allaprima.look.look import Look, Stroke
    from allaprima.picture.animation import Animation
    from allaprima.picture.picture import Picture
    from allaprima.session import FrameInWork, Session
    from allaprima.shortcuts import stylize
    from allaprima.style_model import Card, Style, StyleSpec
    from allaprima.stylizer import Stylizer

_HOMES = {
    "allaprima.batch.many": ("stylize_files",),
    "allaprima.batch.workers": ("Outcome",),
    "allaprima.cards": ("styles",),
    "allaprima.color": ("COLORS", "Color"),
    "allaprima.errors": (
        "AllaPrimaError",
        "ConversionError",
        "DivergedError",
        "EngineError",
        "ExistsError",
        "LostProcessError",
        "ModelError",
        "OptionError",
        "OutOfMemoryError",
        "OutputError",
        "ParityError",
        "PictureError",
        "StyleError",
        "TrainingError",
    ),
    "allaprima.look.look": ("Look", "Stroke"),
    "allaprima.picture.animation": ("Animation",),
    "allaprima.picture.picture": ("Picture",),
    "allaprima.session": ("FrameInWork", "Session"),
    "allaprima.shortcuts": ("stylize",),
    "allaprima.style_model": ("Card", "Style", "StyleSpec"),
    "allaprima.stylizer": ("Stylizer",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "COLORS",
    "AllaPrimaError",
    "Animation",
    "Card",
    "Color",
    "ConversionError",
    "DivergedError",
    "EngineError",
    "ExistsError",
    "FrameInWork",
    "Look",
    "LostProcessError",
    "ModelError",
    "OptionError",
    "OutOfMemoryError",
    "Outcome",
    "OutputError",
    "ParityError",
    "Picture",
    "PictureError",
    "Session",
    "Stroke",
    "Style",
    "StyleError",
    "StyleSpec",
    "Stylizer",
    "TrainingError",
    "__version__",
    "styles",
    "stylize",
    "stylize_files",
]


if not TYPE_CHECKING:  # for a type checker a name that is not above does not exist

    def __getattr__(name):
        """A public name, from the module where it lives (PEP 562)."""
        if name not in _HOME:
            raise AttributeError(f"module 'allaprima' has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - not before it is needed

        value = globals()[name] = getattr(import_module(_HOME[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
