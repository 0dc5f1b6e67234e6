"""The table of options (``allaprima.options``) as options of a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from allaprima.cards import read_card
from allaprima.cli.command import GroupedOption
from allaprima.errors import AllaPrimaError, OptionError
from allaprima.gallery import BANKS, GALLERY, find_model
from allaprima.options import GROUPS, OPTIONS, Option

_PLACES = ("picture", "file", "place")
_METAVARS = {"whole": "NUMBER", "number": "NUMBER", "style": "STYLE", "model": "MODEL", "bytes": "AMOUNT"}


class Value(click.ParamType):  # type: ignore[type-arg]  # it takes no argument before click 8.4
    """The value of an option, checked by the table and completed by the shell."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.name = option.unit or option.kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text -> the value that Python takes."""
        if not isinstance(value, str):  # the default
            return value
        try:
            return self.option.parse(value)
        except OptionError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Styles of the model that the line names, banks, words, or files."""
        kind = self.option.kind
        if kind == "style":
            return complete_style(ctx.params.get("model"), incomplete)
        words = BANKS if kind == "model" else self.option.choices
        items = [CompletionItem(word) for word in words if word.startswith(incomplete)]
        return items or ([CompletionItem(incomplete, type="file")] if kind in (*_PLACES, "model") else [])


def complete_style(model: str | None, incomplete: str) -> list[CompletionItem]:
    """The styles of a model that begin like the last part of a mixture."""
    before, comma, last = incomplete.rpartition(",")
    try:
        styles = read_card(find_model(model or GALLERY)).styles[1:]
    except AllaPrimaError:
        return []
    return [CompletionItem(before + comma + style.name) for style in styles if style.name.startswith(last)]


def option(one: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """One option of the table, as a decorator of a command."""
    name = one.name
    words = [f"-{one.letter}"] if one.letter else []
    spelled = one.flag
    group = GROUPS[one.group]
    if one.kind == "flag":
        return click.option(*words, spelled, name, cls=GroupedOption, group=group, is_flag=True, help=one.help)
    return click.option(
        *words,
        spelled,
        name,
        cls=GroupedOption,
        group=group,
        type=Value(one),
        default=one.default,
        show_default=one.default is not None,
        metavar=_metavar(one),
        help=one.help,
    )


def _metavar(option: Option) -> str:
    if option.kind == "choice":
        return "|".join(option.choices)
    return (option.unit or _METAVARS.get(option.kind, "FILE")).upper()


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """All options of the table in their order, as a decorator of a command."""
    return options_in(OPTIONS.values())(command)


def options_in(table: Iterable[Option]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options in their order, as a decorator of a command."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(list(table)):
            command = option(one)(command)
        return command

    return decorate
