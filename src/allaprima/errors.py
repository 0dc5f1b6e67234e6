"""Everything that can go wrong for a user, as one small family by meaning.

Each message is a sentence that says what is wrong, in words that fit the command as well as Python. Where options would
help, the error names them, and the command line adds them in its own spelling.
"""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """How to get what an extra of the package needs; every message that says so takes it from here.

    Where an extra is one package, that is named, which works everywhere. ``allaprima`` itself is on no index.
    """
    lone = {
        "heic": "pillow-heif",
        "openvino": "openvino",
        "tensorboard": "tensorboard",
        "parquet": "pyarrow",
        "dask": "distributed",
        "ray": "ray",
    }.get(extra)
    return f"pip install {lone}" if lone is not None else f"pip install '.[{extra}]' in a clone of the repository"


class AllaPrimaError(Exception):
    """Any fault of input or surroundings; the command line prints it and exits with ``exit_code``.

    Args:
        message: one sentence.
        options: names of options that help, as Python spells them: ``("max_pixels",)``.
    """

    exit_code = 2

    def __init__(self, message: str, *, options: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.options = options


class OptionError(AllaPrimaError, ValueError):
    """An option that does not exist, has no such value, or contradicts another."""


class StyleError(OptionError):
    """A style, mixture or strength that the model does not have or allow."""


class PictureError(AllaPrimaError, OSError):
    """A picture that cannot be read: missing, damaged, of an unknown format, too small or too large."""


class OutputError(AllaPrimaError, OSError):
    """A result that cannot be written: its place, its format, its size, or something that must not be replaced."""


class ExistsError(OutputError, FileExistsError):
    """A result whose place is taken, where nothing may be replaced."""


class ModelError(AllaPrimaError, ValueError):
    """A file that is not a style model, or one of a newer format."""


class EngineError(AllaPrimaError, RuntimeError):
    """A way to compute that is not there: not installed, or not on this machine."""


class ConversionError(AllaPrimaError, RuntimeError):
    """A style model that cannot be brought into another format."""


class ParityError(ConversionError):
    """A converted model that does not paint what the style model paints; it is not written."""

    exit_code = 1


class OutOfMemoryError(AllaPrimaError, MemoryError):
    """A picture for which the memory is not enough."""


class TrainingError(AllaPrimaError, RuntimeError):
    """Training that cannot begin or go on: no photographs, no loss network, options that contradict."""


class LostProcessError(TrainingError, ConnectionError):
    """A training of several processes, one of which has ended; the last good state has been kept."""


class DivergedError(TrainingError, ArithmeticError):
    """Training whose loss is no longer a number; the last good state has been kept."""

    exit_code = 3
