"""The code in the documents: blocks of Python and of the shell, and what keeps a block or a command from being run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "paintings/*.md", "integrations/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- not run: (?P<reason>[^>]+) -->\n)?^(?P<indent>[ ]*)```(?P<language>[\w{}-]*)\n(?P<text>.*?)^[ ]*```",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`(allaprima [a-z][^`]*)`(?!`)")

FOREIGN = {
    "pip": "needs the network",
    "python": "benchmarks take hours and data; that their options exist is tested",
    "ffmpeg": "another program",
    "mpv": "another program",
    "ssh": "another machine",
    "sudo": "changes the machine",
    "podman": "another program",
    "docker": "another program",
    "npm": "needs the network",
    "pre-commit": "changes the clone",
    "ruff": ".ci/run does it",
    "mypy": ".ci/run does it",
    "pytest": "it is what is running",
    ".ci/run": "it runs this",
    "export": "a setting of the shell",
    ".": "enters an environment",
}
"""Programs that are not run here, and why. Everything else is, unless ``<!-- not run: REASON -->`` stands above it."""


@dataclass(frozen=True)
class Block:
    """A block of code: where it is, what it is in, and why it is not run, if it is not."""

    page: Path
    language: str
    text: str
    reason: str

    def lines(self) -> list[str]:
        """The shell's lines: those that go on are joined, comments and empty ones left out."""
        lines: list[str] = []
        for line in re.sub(r"\\\n\s*", "", self.text).splitlines():
            if lines and not closed(lines[-1]):
                lines[-1] += f" {line.strip()}"
            elif line.strip() and not line.lstrip().startswith("#"):
                lines.append(line.strip())
        return lines


def closed(line: str) -> bool:
    """Whether every quotation of a line ends in it."""
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page that are in one of these languages."""
    found = []
    for one in _BLOCK.finditer(page.read_text("utf-8")):
        text = re.sub(f"^{one['indent']}", "", one["text"], flags=re.MULTILINE)
        found.append(Block(page, one["language"], text, one["reason"] or ""))
    return [block for block in found if block.language in languages]


def mentioned(page: Path) -> list[str]:
    """The commands in a page's running text."""
    return [" ".join(line.split()) for line in _INLINE.findall(page.read_text("utf-8"))]


def commands(line: str) -> Iterator[list[str]]:
    """The words of each simple command of a line; where it reads and writes is left out."""
    lexer = shlex.shlex(re.sub(r"\$\([^)]*\)", "WORDS", line), posix=True, punctuation_chars="|&><;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    skip = False
    for word in lexer:
        if set(word) <= set("|&;"):
            yield words
            words = []
        elif set(word) <= set("><"):
            skip = True
        elif skip:
            skip = False
        else:
            words.append(word)
    if words:
        yield words


def program(words: list[str]) -> str:
    """What a command runs, behind settings of the environment."""
    return next((word for word in words if not re.match(r"[A-Z_]+=", word)), "")
