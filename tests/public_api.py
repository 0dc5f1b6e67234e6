"""What people may build on, as lines of text: Python names and parameters, the command's options, HTTP, extras.

``python tests/public_api.py`` writes them to ``tests/golden/public_api.txt``. A line that is in the file and no longer
true is a break of somebody's program: write the file anew only with a new major version, or, before 1.0, a minor one,
and say in the changelog what breaks. Write it anew at every release, so that what is new is promised from then on.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

import allaprima
from allaprima.cli import app
from allaprima.cli.table import Value

PROMISED = Path(__file__).parent / "golden" / "public_api.txt"
PLAIN = (str, int, float, bool, type(None))


def python_lines() -> Iterator[str]:
    """Every public name with what it takes; of classes also attributes and bases."""
    for name in allaprima.__all__:
        value = getattr(allaprima, name)
        yield f"python {name}"
        if inspect.isclass(value):
            yield from class_lines(name, value)
        elif inspect.isfunction(value):
            yield from parameter_lines(name, value)


def class_lines(name: str, value: type) -> Iterator[str]:
    """What a class is, how it is made, and what it has."""
    yield from (f"python {name} is {base.__name__}" for base in value.__mro__[1:-1])
    yield from parameter_lines(name, value)
    fields = set(getattr(value, "__dataclass_fields__", ()))
    for member in sorted(fields | set(vars(value))):
        if member.startswith("_"):
            continue
        yield f"python {name}.{member}"
        inner = getattr(value, member, None)
        if inspect.isfunction(inner) or inspect.ismethod(inner):
            yield from parameter_lines(f"{name}.{member}", inner)


def parameter_lines(name: str, value: object) -> Iterator[str]:
    """One line for each parameter with its default, and one that names those without."""
    try:
        parameters = list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return
    parameters = [one for one in parameters if one.name != "self"]
    for place, one in enumerate(parameters):
        where = str(place) if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) else one.kind.name.lower()
        default = f" = {one.default!r}" if isinstance(one.default, PLAIN) else ""
        yield f"python {name}({where}: {one.name}{default})"
    plain = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [one.name for one in parameters if one.default is one.empty and one.kind not in plain]
    yield f"python {name} needs ({', '.join(needed)})"


def command_lines() -> Iterator[str]:
    """Every verb with its arguments and options, and the words that an option takes."""
    context = click.Context(app)
    for verb in app.list_commands(context):
        command = app.get_command(context, verb)
        assert command is not None
        yield f"command {verb}"
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                yield f"command {verb} {parameter.name}, {parameter.nargs} of them, required {parameter.required}"
                continue
            kind = "flag" if getattr(parameter, "is_flag", False) else "value"
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                yield f"command {verb} {spelling} {kind}"
                yield from (f"command {verb} {spelling} {choice}" for choice in choices(parameter.type))


def choices(kind: click.ParamType) -> tuple[str, ...]:
    """The words that an option takes, if only some are allowed."""
    if isinstance(kind, Value):
        return kind.option.choices
    return tuple(map(str, kind.choices)) if isinstance(kind, click.Choice) else ()


def http_lines() -> Iterator[str]:
    """Every path of the studio with its parameters and the statuses that it says."""
    from allaprima.studio.app import openapi

    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            where = f"http {method.upper()} {path}"
            yield where
            for one in operation.get("parameters", ()):
                yield f"{where} {one['in']} {one['name']}{', required' if one.get('required') else ''}"
            yield from (f"{where} answers {status}" for status in operation["responses"])


def extra_lines() -> Iterator[str]:
    """What may stand in brackets behind the package's name."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    yield from (f"extra {name}" for name in project["optional-dependencies"])


def public_api() -> list[str]:
    """All of it, in order."""
    return [*python_lines(), *command_lines(), *http_lines(), *extra_lines()]


if __name__ == "__main__":
    PROMISED.write_text("\n".join(public_api()) + "\n", "utf-8")
