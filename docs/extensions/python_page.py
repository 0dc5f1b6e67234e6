"""Every public name of Python, from its docstring."""

from __future__ import annotations

import inspect
import re

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import allaprima

INTRODUCTION = """\
# Python: every name

Made from the docstrings. [How to use it](../python.md) comes first.
"""


def page() -> str:
    """Functions, classes, errors and the rest, each group in the order of the alphabet."""
    groups: dict[str, list[str]] = {"Functions": [], "Classes": [], "Errors": [], "Words": []}
    for name in allaprima.__all__:
        value = getattr(allaprima, name)
        if inspect.isclass(value):
            heading = "Errors" if issubclass(value, Exception) else "Classes"
            groups[heading].append(described(name, value))
        elif inspect.isfunction(value):
            groups["Functions"].append(f".. autofunction:: allaprima.{name}\n")
        elif not name.startswith("_"):
            groups["Words"].append(f".. autodata:: allaprima.{name}\n   :no-value:\n")
    return INTRODUCTION + "".join(
        f"\n## {heading}\n\n```{{eval-rst}}\n" + "\n".join(parts) + "```\n" for heading, parts in groups.items()
    )


def described(name: str, value: type) -> str:
    """A class with its members; an error with its bases."""
    if issubclass(value, Exception):
        return f".. autoexception:: allaprima.{name}\n   :show-inheritance:\n"
    return f".. autoclass:: allaprima.{name}\n   :members:\n"


def forget_overloads() -> None:
    """Let a function have the one signature that it is written with, not one more for each kind of picture."""
    values = [getattr(allaprima, name) for name in allaprima.__all__]
    for module in {value.__module__ for value in values if inspect.isfunction(value) or inspect.isclass(value)}:
        analyzer = ModuleAnalyzer.for_module(module)
        analyzer.analyze()
        analyzer.overloads.clear()


def link_names(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Make links of the public names in a docstring, which has them as code."""
    for number, line in enumerate(lines):
        lines[number] = re.sub(r"``((\w+)(?:\.\w+)?)``", linked, line)


def linked(found: re.Match[str]) -> str:
    """A name as a link to ``allaprima.NAME``, if there is one."""
    path, first = found.groups()
    known = first in allaprima.__all__ and (path == first or hasattr(getattr(allaprima, first), path.split(".")[1]))
    return f":py:obj:`~allaprima.{path}`" if known else found[0]
