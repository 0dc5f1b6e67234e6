"""The style model contract: one self-contained ``.onnx`` file with its card inside, and where such files are found.

The graph takes ``image`` (uint8 ``[batch, height, width, 3]``, RGB, both sides at least 16 pixels) and ``style``
(float32 ``[styles]``, the mixture; its weights are taken relative to their sum) and gives ``stylized`` (uint8, the
image's shape). This file knows names, card and mixture; it needs neither ONNX Runtime nor PyTorch.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import ModelError, StyleError

IMAGE, STYLE, STYLIZED = "image", "style", "stylized"
"""Names of the graph's inputs and output."""

CARD_KEY = "allaprima.card"
"""Where the card lies in the file's ``metadata_props``."""

FORMAT = 1
"""Of the card. It is raised when a field changes its meaning; a new field needs no new number, for unknown ones are
ignored."""
PHOTO = 0
"""Entry 0 of every bank is the unchanged photograph."""
STRENGTH_POWER = 1.5
"""With 1 − (1 − strength)^1.5 as the share of what is painted, half a strength is about half the content distance. In
training, a lower strength multiplies the style's weight by strength^1.5."""
SMALLEST_SIDE = 16

StyleSpec = str | Mapping[str, float]
"""One style (``"great_wave"``), or weights (``"great_wave:0.6,starry_night:0.4"`` or a mapping)."""


@dataclass(frozen=True)
class Style:
    """One entry of a bank."""

    name: str
    artist: str = ""
    title: str = ""
    year: str = ""
    license: str = ""
    """Of the painting; older cards spell it ``licence``."""

    @property
    def credit(self) -> str:
        """``Katsushika Hokusai, The Great Wave off Kanagawa (1831)``, as far as it is known."""
        words = ", ".join(word for word in (self.artist, self.title) if word)
        return f"{words} ({self.year})" if self.year else words


@dataclass(frozen=True)
class Card:
    """What a style model says of itself."""

    styles: tuple[Style, ...]
    network: str
    width: int
    recipe: Mapping[str, Any]
    steps: int
    trained_on: str
    device: str
    losses: Mapping[str, Mapping[str, float]]
    """By style, relative content and style distance on the validation photographs; empty if none were given."""
    weights_sha256: str
    version: str
    """Of the package that wrote the file."""
    parameters: int = 0
    parent: str = ""
    """Of a training that went on from another model: that model's ``weights_sha256`` and steps."""
    note: str = ""
    format: int = field(default=FORMAT)

    @property
    def names(self) -> tuple[str, ...]:
        """The bank's names in order, ``photo`` first."""
        return tuple(style.name for style in self.styles)

    def to_json(self) -> str:
        """The card as it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> Card:
        """The inverse of ``to_json``; fields that this version does not know are ignored.

        Raises:
            ModelError: there is no card, or it is of another format.
        """
        if text is None:
            raise ModelError("the file is an ONNX model but not a style model: it has no Alla Prima card")
        try:
            data = json.loads(text)
            if data["format"] > FORMAT:
                raise ModelError(
                    f"the style model is of format {data['format']}, this version reads {FORMAT}: upgrade allaprima"
                )
            styles = tuple(
                Style(**_known(Style, {"license": style.get("licence", ""), **style})) for style in data["styles"]
            )
            return cls(**{**_known(cls, data), "styles": styles})
        except ModelError:
            raise
        except KeyError as error:
            raise ModelError(f"the style model's card cannot be read: it has no {error}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(f"the style model's card cannot be read: {error}") from error


def _known(kind: type[Style | Card], data: Mapping[str, Any]) -> dict[str, Any]:
    """What a dataclass has a field for.

    Raises:
        KeyError: a field without a default is missing.
    """
    own = fields(kind)
    for one in own:
        if one.default is MISSING and one.default_factory is MISSING:
            data[one.name]
    return {one.name: data[one.name] for one in own if one.name in data}


def share_of_photo(mixture: NDArray[np.float32]) -> float:
    """How much of the photograph itself is in a picture of that mixture [S]: m[photo]^1.5, less than its weight.

    ``training/networks.py`` puts it into the graph.
    """
    return math.pow(mixture[PHOTO], STRENGTH_POWER)


def parse_style(spec: StyleSpec) -> dict[str, float]:
    """``"great_wave:0.6,starry_night:0.4"`` -> ``{"great_wave": 0.6, "starry_night": 0.4}``; a lone name weighs 1.

    Raises:
        StyleError: no name, a name twice, or a weight that is not a positive number.
    """
    if isinstance(spec, str):
        weights = _parse_mixture(spec)
    elif isinstance(spec, Mapping):
        weights = dict(spec)
    else:
        raise StyleError(
            f'a style is a name, a mixture such as "a:0.6,b:0.4" or a mapping such as {{"a": 0.6, "b": 0.4}}, '
            f"not {type(spec).__name__}"
        )
    for name, weight in weights.items():
        if not isinstance(name, str):
            raise StyleError(f"a style is named by text, not by {name!r}")
        if not isinstance(weight, Real) or not (math.isfinite(weight) and weight >= 0):
            raise StyleError(f"the weight of style {name} must be a number of at least 0, not {weight!r}")
    if not sum(weights.values()) > 0:
        raise StyleError("the weights of a mixture must not all be 0")
    return weights


def _parse_mixture(spec: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in spec.split(","):
        name, colon, words = (piece.strip() for piece in part.partition(":"))
        if not name:
            raise StyleError(f'the style "{spec}" has an empty name; write NAME or NAME:WEIGHT,NAME:WEIGHT')
        if name in weights:
            raise StyleError(f'the style "{spec}" names {name} twice')
        try:
            weights[name] = float(words) if colon else 1.0
        except ValueError:
            raise StyleError(f'the weight "{words}" of style {name} is not a number') from None
    return weights


def mixture(names: Sequence[str], spec: StyleSpec, strength: float) -> NDArray[np.float32]:
    """The graph's ``style`` input: the styles' weights scaled to sum to ``strength``, the rest for ``photo``: [S].

    Raises:
        StyleError: a style that the bank does not have, or a strength outside 0..1.
    """
    if not 0.0 <= strength <= 1.0:
        raise StyleError(f"the strength must lie between 0 and 1, not {strength}")
    weights = parse_style(spec)
    result = np.zeros(len(names), np.float64)
    largest = max(weights.values())
    for name, weight in weights.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names[PHOTO + 1 :])}"
            raise StyleError(f"there is no style {name} in this model; {hint}")
        result[names.index(name)] += weight / largest
    result *= strength / result.sum()
    result[PHOTO] += 1.0 - strength
    return result.astype(np.float32)


def style_label(spec: StyleSpec) -> str:
    """A short name for files and captions: ``great_wave+starry_night``."""
    return "+".join(parse_style(spec))
