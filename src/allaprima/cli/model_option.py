"""``--model``: which bank of styles paints."""

import click

model_option = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    help="fast (the default: real time) or fine (better, slower), the gallery's two banks; or a style model (.onnx).",
)
