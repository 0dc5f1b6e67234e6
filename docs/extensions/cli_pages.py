"""The command and its verbs, one page each, from click: for the site and as man pages."""

from __future__ import annotations

import re

import click

from allaprima.cli import app
from allaprima.cli.command import Command
from allaprima.cli.verbs import VERBS

INTRODUCTION = """\
# allaprima

## Synopsis

```text
allaprima [-h] [--version] VERB [OPTION]... [FILE]...
```

## Description

Alla Prima repaints photographs, animations and clips in the style of a painting, in one forward pass of a small
network. Twenty styles come with it; it learns others from a painting.

`allaprima VERB --help` describes a verb in short, and a page of its own in full.

"""

ENDING = """\
## Exit status

`0`
: All is done.

`1`
: Some of several pictures failed. Each is named with its reason; the others are done.

`2`
: Wrong usage or input.

`3`
: A training or optimization that diverged.

`70`
: A fault of the program. Please report it.

`130`
: Interrupted by Ctrl-C.

`143`
: Terminated by SIGTERM.

## Environment

`ALLAPRIMA_VGG16`
: Where the weights of VGG16 lie, which training and optimization measure with. Without it they are downloaded once.

`ALLAPRIMA_DEBUG`
: If set, a fault shows where it comes from.

`OMP_WAIT_POLICY`
: How threads of PyTorch wait for each other; `passive` unless it is set.

## Examples

```sh
allaprima stylize photo.jpg --style udnie
allaprima styles
allaprima train painting.jpg -o painting.onnx
```
"""


def pages() -> dict[str, str]:
    """The pages by their names: the command, and each verb."""
    context = click.Context(app, info_name="allaprima")
    found = {"cli/allaprima.md": overview()}
    for verb in app.list_commands(context):
        command = app.get_command(context, verb)
        assert command is not None
        found[f"cli/{verb}.md"] = verb_page(command, click.Context(command, context, info_name=verb))
    return found


def overview() -> str:
    """What there is, what exit codes mean, and what the environment says."""
    verbs = "\n".join(f"[`allaprima {verb}`]({verb}.md)\n: {plain(words)}\n" for verb, words in VERBS.items())
    return f"{INTRODUCTION}## Verbs\n\n{verbs}\n{ENDING}"


def verb_page(command: click.Command, context: click.Context) -> str:
    """A verb: how it is called, what it does, its options under their headings, examples."""
    parts = [
        f"# allaprima {command.name}\n",
        f"## Synopsis\n\n```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n",
        f"## Description\n\n{paragraphs(command.help or '')}\n",
        f"## Options\n\n```{{program}} allaprima {command.name}\n```\n",
    ]
    for heading, options in grouped(command, context).items():
        parts.append(f"### {heading}\n\n" + "\n".join(described(option, context) for option in options))
    if isinstance(command, Command) and command.examples:
        lines = "\n".join(f"{words}:\n\n```sh\n{line}\n```\n" for line, words in command.examples)
        parts.append(f"## Examples\n\n{lines}")
    parts.append("## See also\n\n[allaprima](allaprima.md): exit codes, environment and the other verbs.\n")
    return "\n".join(parts)


def grouped(command: click.Command, context: click.Context) -> dict[str, list[click.Option]]:
    """The options that help shows, under its headings."""
    groups: dict[str, list[click.Option]] = {}
    for option in command.get_params(context):
        if isinstance(option, click.Option) and not option.hidden:
            groups.setdefault(getattr(option, "group", "Other options"), []).append(option)
    return groups


def described(option: click.Option, context: click.Context) -> str:
    """An option as Sphinx takes it, with its default."""
    record = option.get_help_record(context)
    assert record is not None
    spelled, words = record
    spelled = re.sub(r" / ", ", ", spelled)
    return f"```{{option}} {spelled}\n{paragraphs(words)}\n```\n"


def paragraphs(text: str) -> str:
    """Help as Markdown: lines joined, options set as code."""
    return "\n\n".join(plain(" ".join(part.split())) for part in text.replace("\b", "").split("\n\n"))


def plain(text: str) -> str:
    """Text in which nothing but options is marked up."""
    escaped = re.sub(r"([\\`*_\[\]<>#|~$])", r"\\\1", text)
    return re.sub(r"(?<![\w-])(--?[a-z][a-z-]*)", r"`\1`", escaped)
