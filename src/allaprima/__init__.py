"""Alla Prima: real-time neural style transfer.

>>> import allaprima
>>> allaprima.stylize("photo.jpg", style="great_wave").save("painting.jpg")
"""

from allaprima.color import COLORS
from allaprima.errors import AllaPrimaError, ModelError, PictureError, StyleError
from allaprima.look.look import Look
from allaprima.look.mask import Mask
from allaprima.style_model import Card, Style
from allaprima.stylizer import Stylizer, styles, stylize
from allaprima.version import __version__

__all__ = [
    "COLORS",
    "AllaPrimaError",
    "Card",
    "Look",
    "Mask",
    "ModelError",
    "PictureError",
    "Style",
    "StyleError",
    "Stylizer",
    "__version__",
    "styles",
    "stylize",
]
