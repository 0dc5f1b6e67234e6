"""Commands whose help is in groups with examples, and which may refuse an option that is given twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class GroupedOption(click.Option):
    """An option that stands under a heading in the help."""

    def __init__(self, *args: Any, group: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Without the limits of numbers, such as x>=1: they are in the text where they are not plain."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def options_of(group: str) -> Callable[..., Decorator]:
    """``click.option`` for options that stand under that heading."""
    return partial(click.option, cls=GroupedOption, group=group)


class Command(click.Command):
    """A verb.

    Args:
        examples: command lines and what each does, shown at the end of the help.
        once: refuse an option that is given twice. Otherwise the last wins, as scripts expect that append to a command.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), once: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples, self.once = examples, once

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As every command, but the last of two values need not win in silence."""
        if self.once and not ctx.resilient_parsing:  # of shell completion
            *_, order = self.make_parser(ctx).parse_args(args=list(args))
            self._refuse_repeats(ctx, order)
        return super().parse_args(ctx, args)

    def _refuse_repeats(self, ctx: click.Context, order: Iterable[click.Parameter]) -> None:
        seen: set[str | None] = set()
        for parameter in order:
            if isinstance(parameter, click.Option) and not parameter.multiple and not parameter.is_flag:
                if parameter.name in seen:
                    mixture = "; a mixture is written great_wave:0.6,udnie:0.4" if parameter.name == "style" else ""
                    raise click.UsageError(f"{parameter.opts[-1]} is given twice{mixture}", ctx)
                seen.add(parameter.name)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings, and the examples."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                groups.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)
        if self.examples:
            with formatter.section("Examples"):
                for line, words in self.examples:
                    formatter.write_text(f"{words}:")
                    with formatter.indentation():
                        formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
