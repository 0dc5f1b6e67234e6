"""The table of options, and that the command and Python agree with it."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re

import click
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import allaprima
from allaprima import Look, OptionError, Stylizer
from allaprima.batch.many import stylize_files
from allaprima.cli.styles import command as styles_command
from allaprima.cli.stylize import command
from allaprima.cli.stylize_options import Given
from allaprima.options import GROUPS, OPTIONS, Option, check
from allaprima.scale.folder import FolderJob
from allaprima.shortcuts import stylize
from allaprima.stylizer import LookOptions, PictureOptions

PYTHON_ALONE = {"self", "image", "source", "sources", "target", "progress", "workers", "stylizer"}
COMMAND_ALONE = {"watch", "report", "quiet"}


FUNCTIONS = (Stylizer, Stylizer.stylize, Stylizer.stylize_file, Stylizer.session, stylize_files, FolderJob)


def parameters(function) -> dict[str, inspect.Parameter]:
    return {name: p for name, p in inspect.signature(function).parameters.items() if name not in PYTHON_ALONE}


@pytest.mark.parametrize("function", [*FUNCTIONS, stylize, Stylizer.look])
def test_pythons_parameters_have_the_tables_names_and_defaults(function):
    for name, parameter in parameters(function).items():
        assert parameter.default == OPTIONS[name].default, name
        assert parameter.kind != inspect.Parameter.VAR_KEYWORD


def test_everything_that_the_command_can_do_python_can_do():
    assert set(OPTIONS) - {name for function in FUNCTIONS for name in parameters(function)} == COMMAND_ALONE


def test_the_shortcut_is_the_method():
    method, function = inspect.signature(Stylizer.stylize), inspect.signature(allaprima.stylize)
    assert list(method.parameters.values())[1:] == list(function.parameters.values())
    assert method.return_annotation == function.return_annotation


def test_what_type_checkers_see_are_the_parameters():
    seen = {*LookOptions.__annotations__, *PictureOptions.__annotations__, "image", "style", "strength", "format"}
    assert seen == set(inspect.signature(stylize).parameters)
    fields = {field.name: field.default for field in dataclasses.fields(Look)}
    assert set(LookOptions.__annotations__) | {"style", "strength"} == set(fields)
    assert all(OPTIONS[name].default == default for name, default in fields.items())


def test_the_commands_options_are_the_tables():
    options = {one.name: one for one in command.params if isinstance(one, click.Option)}
    assert list(options) == list(OPTIONS)
    assert {"inputs", *OPTIONS} == {field.name for field in dataclasses.fields(Given)}
    for name in OPTIONS:
        assert options[name].opts[-1] == "--" + {"start": "from", "end": "to"}.get(name, name).replace("_", "-")
    given = command.make_context("stylize", ["photo.jpg"]).params
    assert given == {"inputs": ("photo.jpg",), **{name: one.default for name, one in OPTIONS.items()}}


@pytest.mark.parametrize("verb", [command, styles_command])
def test_help_is_in_groups_with_examples_that_parse(verb):
    text = verb.get_help(click.Context(verb, info_name=f"allaprima {verb.name}"))
    headings = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert headings[-1] == "Examples"
    assert set(headings) - {"Options", "Examples", "Sheet", "List"} <= set(GROUPS.values())
    assert len(verb.examples) >= 2
    for line, _ in verb.examples:
        _, name, *words = line.split()
        assert name == verb.name
        verb.make_context(name, words)  # raises where an option is wrong


def test_help_of_every_option_is_a_sentence():
    for one in OPTIONS.values():
        assert one.help.endswith((".", "…"))
        assert one.help[0].isupper()


WHOLE, NUMBER = OPTIONS["quality"], OPTIONS["strength"]


@given(st.integers())
def test_whole_numbers_within_the_limits_pass(number):
    if 1 <= number <= 100:
        WHOLE.check(number)
        WHOLE.check(np.int64(number))
        assert WHOLE.parse(str(number)) == number
    else:
        with pytest.raises(OptionError, match="quality must be a whole number between 1 and 100, not "):
            WHOLE.check(number)


@given(st.floats())
def test_numbers_within_the_limits_pass(number):
    if math.isfinite(number) and 0 <= number <= 1:
        NUMBER.check(number)
        NUMBER.check(np.float32(0.5))
        assert NUMBER.parse(repr(number)) == number
    else:
        with pytest.raises(OptionError, match="strength must be a number between 0 and 1, not "):
            NUMBER.check(number)


@pytest.mark.parametrize("value", ["5", 5.5, None, True, [5], b"5", math.nan])
def test_other_types_are_no_whole_numbers(value):
    with pytest.raises(OptionError, match=r"not .+"):
        WHOLE.check(value)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("exact", [True, False], [1, 0, "yes", None]),
        ("color", ["style", "photo"], ["sepia", "", None, 3]),
        ("stroke", ["auto", "own", 16, 4096], [15, "big", 100.0, True, None]),
        ("memory", [None, 1, "1.5G"], [0, -1, 1.5, True]),
        ("threads", [None, 1, 64], [0, "two", 1.0]),
        ("feather", [None, 0, 2.5], [-1, math.inf, "3"]),
    ],
)
def test_what_is_allowed(name, right, wrong):
    for value in right:
        check(**{name: value})
    for value in wrong:
        with pytest.raises(OptionError, match=f"^{name} must be "):
            check(**{name: value})


def test_every_default_is_allowed():
    for one in OPTIONS.values():
        one.check(one.default)
        assert isinstance(one, Option)
