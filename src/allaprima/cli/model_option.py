"""``--model``: which bank of styles paints."""

from allaprima.cli.table import option
from allaprima.options import OPTIONS

model_option = option(OPTIONS["model"])
