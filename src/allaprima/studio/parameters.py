"""The parameters of a request, which are the options of the command and of Python, with the same limits and words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from allaprima.errors import OptionError, OutputError
from allaprima.film.outputs import suffix_wanted
from allaprima.film.timeline import parse_timeline, seconds_of
from allaprima.options import OPTIONS, Option
from allaprima.studio.problems import ProblemError
from allaprima.style_model import mixture

_LEFT_OUT = ("mask", "output", "max_pixels", "overwrite")
"""The mask comes in the body, the limit is the server's, and nothing is written to a place."""

PARAMETERS: dict[str, Option] = {
    name: option for name, option in OPTIONS.items() if option.group in ("look", "picture") and name not in _LEFT_OUT
}
"""Of a picture, by name, in the order of the table."""

CLIP: dict[str, Option] = PARAMETERS | {name: option for name, option in OPTIONS.items() if option.group == "clip"}
"""Of a clip."""

TRAINING: dict[str, Option] = {
    option.name: option
    for option in (
        Option("name", "text", "many", "What the style is called.", "painting"),
        Option("quality", "choice", "many", "About 2, 10 or 100 minutes on two CPU cores.", "good",
               choices=("draft", "good", "best")),
        Option("network", "choice", "many", "Bank to start from: fast, or fine (better, slower).", "fast",
               choices=("fast", "fine")),
        Option("extend", "flag", "many", "Add to the bank's styles, which stay as they are.", False),
        Option("style_size", "whole", "many", "Short side of the painting; a larger one gives larger strokes. Default: "
               "the recipe's.", least=64, most=1024, unit="pixels"),
        Option("content_weight", "number", "many", "Weight of content. Default: the recipe's.", least=0, most=1e6),
        Option("style_weight", "number", "many", "Weight of style. Default: the recipe's.", least=0, most=1e6),
        Option("steps", "whole", "many", "Number of steps. Default: by quality.", least=1, most=100_000),
        Option("size", "whole", "many", "Side of the crops. Default: the recipe's.", least=64, most=512, unit="pixels"),
        Option("seed", "whole", "many", "Seed of everything random.", 0, least=0, most=2**31 - 1),
        Option("artist", "text", "many", "For the model's card."),
        Option("title", "text", "many", "For the model's card."),
        Option("year", "text", "many", "For the model's card."),
        Option("license", "text", "many", "For the model's card."),
    )
}  # fmt: skip
"""Of a training: those options of ``allaprima train`` that strangers may choose."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_LONGEST = 200
"""Characters of a word for the card."""

Values = dict[str, Any]


def read_parameters(pairs: Iterable[tuple[str, str]], table: Mapping[str, Option] = PARAMETERS) -> Values:
    """The parameters of a query as Python takes them; those that are not given are left out.

    Args:
        pairs: names and values.
        table: of those that there are.

    Raises:
        ProblemError: 400, for one that does not exist, stands twice, or has no such value.
    """
    values: Values = {}
    for name, text in pairs:
        option = table.get(name)
        if option is None:
            near = difflib.get_close_matches(name, table, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(table)}"
            raise ProblemError(400, f"there is no parameter {name}; {hint}")
        if name in values:
            raise ProblemError(400, f"{name} is given twice")
        try:
            values[name] = _flag(name, text) if option.kind == "flag" else option.parse(text)
        except OptionError as error:
            raise ProblemError(400, str(error), options=(name,)) from error
    return values


def check_styles(values: Values, names: tuple[str, ...]) -> None:
    """Refuse styles before any work.

    Args:
        values: from ``read_parameters``.
        names: of the model's bank, the photograph first.

    Raises:
        ProblemError: 400 for a style that cannot be read, 404 for one that the model does not have.
    """
    if "style" not in values and "timeline" not in values and len(names) > 2:
        raise ProblemError(400, f"choose a style of this model: {', '.join(names[1:])}", options=("style",))
    for name in ("style", "mask_style"):
        if name in values:
            _check_style(names, values[name], name)


def check_clip(values: Values, names: tuple[str, ...]) -> None:
    """Refuse what is wrong with a clip's parameters before its body is read; see ``check_styles``.

    Raises:
        ProblemError: 400, or 404 for a style that the model does not have.
    """
    check_styles(values, names)
    try:
        begin, end = seconds_of(values.get("start")), seconds_of(values.get("end"))
        if begin is not None and end is not None and end <= begin:
            raise OptionError("the part of the clip ends before it begins", options=("start", "end"))
        if "format" in values:
            suffix_wanted(values["format"])
        entries = parse_timeline(values["timeline"]).entries if "timeline" in values else ()
    except (OptionError, OutputError) as error:
        raise ProblemError(400, str(error), options=error.options) from error
    for entry in entries:
        _check_style(names, entry.style, "timeline")


def check_training(values: Values) -> None:
    """Refuse words that cannot be a style's.

    Raises:
        ProblemError: 400.
    """
    name = str(values.setdefault("name", TRAINING["name"].default))
    if _NAME.fullmatch(name) is None or name == "photo":
        words = "a style's name has 1 to 60 letters, digits, _, - and ., and is not photo"
        raise ProblemError(400, words, options=("name",))
    for word in ("artist", "title", "year", "license"):
        if len(values.get(word, "")) > _LONGEST:
            raise ProblemError(400, f"{word} has more than {_LONGEST} characters", options=(word,))


def _check_style(names: tuple[str, ...], style: str, option: str) -> None:
    try:
        mixture(names, style, 1.0)
    except OptionError as error:
        missing = str(error).startswith("there is no style")
        raise ProblemError(404 if missing else 400, str(error), options=(option,)) from error


def described(required: tuple[str, ...] = (), table: Mapping[str, Option] = PARAMETERS) -> list[dict[str, Any]]:
    """The parameters as OpenAPI has them; some must be given."""
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": option.help,
            "schema": _schema(option),
        }
        for name, option in table.items()
    ]


def _flag(name: str, text: str) -> bool:
    try:
        return {"true": True, "1": True, "": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        raise OptionError(f"{name} must be true or false, not {text!r}") from None


def _schema(option: Option) -> dict[str, Any]:
    if option.kind == "flag":
        return {"type": "boolean", "default": False}
    schema: dict[str, Any] = {"type": {"whole": "integer", "number": "number"}.get(option.kind, "string")}
    if option.least is not None:
        schema["minimum"] = option.least
    if option.most is not None:
        schema["maximum"] = option.most
    if option.kind == "choice":
        schema["enum"] = list(option.choices)
    elif option.choices:
        schema = {"oneOf": [schema, {"type": "string", "enum": list(option.choices)}]}
    if option.default is not None:
        schema["default"] = option.default
    return schema
