"""``--model``: which bank of styles paints."""

from allaprima.cli.table import option

model_option = option("model")
