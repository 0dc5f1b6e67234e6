"""Everything that can go wrong for a user, as one small family. Each message is a sentence that says what to do."""

from __future__ import annotations


class AllaPrimaError(Exception):
    """Any fault of input or surroundings; the command line prints it and exits with ``exit_code``."""

    exit_code = 2


class PictureError(AllaPrimaError):
    """A picture that cannot be read, is too small, or cannot be written."""


class StyleError(AllaPrimaError):
    """A style, mixture or strength that the model does not have or allow."""


class ModelError(AllaPrimaError):
    """A file that is not a style model, or one of a newer format."""


class EngineError(AllaPrimaError):
    """A way to compute that is not there: not installed, or not on this machine."""


class TrainingError(AllaPrimaError):
    """Training that cannot begin or go on: no photographs, no loss network, options that contradict."""


class DivergedError(TrainingError):
    """Training whose loss is no longer a number; the last good state has been kept."""

    exit_code = 3
