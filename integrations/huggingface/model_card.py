"""A model card for Hugging Face, made from the card in a style model's file.

``python integrations/huggingface/model_card.py MODEL.onnx [LICENSE] > README.md``; it goes beside the model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from allaprima.cards import read_card
from allaprima.errors import AllaPrimaError
from allaprima.style_model import Card

TAGS = ("style-transfer", "neural-style-transfer", "onnx", "art")


def model_card(card: Card, file: str, license: str = "") -> str:
    """The text of README.md: front matter for the Hub, and what the card says.

    Args:
        card: what the model says of itself.
        file: the model's name in the repository.
        license: of the weights, as the Hub spells it, such as ``apache-2.0``; empty says nothing.
    """
    front = [
        *([f"license: {license}"] if license else []),
        "library_name: onnx",
        "pipeline_tag: image-to-image",
        "tags:",
        *(f"- {tag}" for tag in TAGS),
    ]
    names = card.names[1:]
    facts = {
        "Network": f"{card.network}, {card.width} channels, {card.parameters:,} weights",
        "Steps": f"{card.steps:,}",
        "Trained on": card.trained_on,
        "Trained with": card.device,
        "Continued from": card.parent,
        "Written by": f"Alla Prima {card.version}",
        "SHA-256 of the weights": card.weights_sha256,
    }
    recipe = json.dumps(dict(card.recipe), ensure_ascii=False, indent=1, default=dict)
    count = f"{len(names)} {'style' if len(names) == 1 else 'styles'}"
    note = f"{card.note}\n\n" if card.note else ""
    return f"""---
{chr(10).join(front)}
---

# {Path(file).stem}

{note}A style model of Alla Prima: one small network that repaints a photograph of any size in {count}, mixes
styles, and takes any strength.

## Use

```sh
allaprima stylize photo.jpg --model {file} --style {names[0]}
```

The file needs nothing but ONNX Runtime: `image` is uint8 [batch, height, width, 3], `style` is float32
[{len(card.names)}], one weight for each of `{", ".join(card.names)}`. `stylized` has the image's shape.

## Styles

| style | painting | license | content | style |
|---|---|---|---|---|
{chr(10).join(_row(card, number) for number in range(1, len(card.names)))}

Content and style are relative squared distances under VGG16 on held-out photographs, where they were measured; less is
better.

## Meant for, and not

For repainting photographs, drawings and clips as pictures to look at. A painting is no evidence, no measurement and no
anonymization: people can often be recognized in it.

Small faces and lettering dissolve in strokes, plain walls may get a pattern, and no style is more than what one picture
looks like through VGG16.

## Training

| | |
|---|---|
{chr(10).join(f"| {name} | {_cell(value)} |" for name, value in facts.items() if value)}

```json
{recipe}
```
"""


def _row(card: Card, number: int) -> str:
    style, losses = card.styles[number], card.losses.get(card.names[number], {})
    measured = [f"{losses[kind]:.3f}" if kind in losses else "" for kind in ("content", "style")]
    return "| " + " | ".join([f"`{style.name}`", _cell(style.credit), _cell(style.license), *measured]) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python model_card.py MODEL.onnx [LICENSE] > README.md")
    try:
        print(model_card(read_card(Path(sys.argv[1])), Path(sys.argv[1]).name, *sys.argv[2:]), end="")
    except AllaPrimaError as error:
        raise SystemExit(str(error)) from error
