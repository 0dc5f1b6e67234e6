"""The parameters of a request, which are the options of the command and of Python, with the same limits and words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from allaprima.errors import OptionError
from allaprima.options import OPTIONS, Option
from allaprima.studio.problems import ProblemError
from allaprima.style_model import mixture

_LEFT_OUT = ("mask", "output", "max_pixels", "overwrite")
"""The mask comes in the body, the limit is the server's, and nothing is written to a place."""

PARAMETERS: dict[str, Option] = {
    name: option for name, option in OPTIONS.items() if option.group in ("look", "picture") and name not in _LEFT_OUT
}
"""By name, in the order of the table."""

Values = dict[str, Any]


def read_parameters(pairs: Iterable[tuple[str, str]]) -> Values:
    """The parameters of a query as Python takes them; those that are not given are left out.

    Raises:
        ProblemError: 400, for one that does not exist, stands twice, or has no such value.
    """
    values: Values = {}
    for name, text in pairs:
        option = PARAMETERS.get(name)
        if option is None:
            near = difflib.get_close_matches(name, PARAMETERS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(PARAMETERS)}"
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
    if "style" not in values and len(names) > 2:
        raise ProblemError(400, f"choose a style of this model: {', '.join(names[1:])}", options=("style",))
    for name in ("style", "mask_style"):
        if name not in values:
            continue
        try:
            mixture(names, values[name], 1.0)
        except OptionError as error:
            missing = str(error).startswith("there is no style")
            raise ProblemError(404 if missing else 400, str(error), options=(name,)) from error


def described(required: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The parameters as OpenAPI has them; some must be given."""
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": option.help,
            "schema": _schema(option),
        }
        for name, option in PARAMETERS.items()
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
