"""The site and the man pages: they are built without a warning, and miss nothing that the package has."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import allaprima
from allaprima.cards import styles
from allaprima.cli.verbs import VERBS
from allaprima.gallery import BANKS

pytest.importorskip("furo", reason="the extra docs is not installed")

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder with the site and the man pages, from a copy of the sources; any warning is a failure."""
    root = tmp_path_factory.mktemp("site")
    project = root / "project"
    project.mkdir()
    ignored = shutil.ignore_patterns("_build", "_generated", "__pycache__")
    for name in ("docs", "web/src", "benchmarks/results"):  # and what the pages show
        shutil.copytree(DOCS.parent / name, project / name, ignore=ignored)
    (project / "src").symlink_to(DOCS.parent / "src")
    command = [sys.executable, project / "docs" / "build.py", "-o", root / "built"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return root / "built"


def text(built: Path, page: str) -> str:
    return (built / "html" / f"{page}.html").read_text("utf-8")


def test_every_page_is_built_and_reached_from_the_first(built):
    first = text(built, "index")
    for path in DOCS.glob("*.md"):
        assert f'href="{path.stem}.html"' in first or path.stem == "index", path.stem


def test_every_public_name_of_python_has_an_entry(built):
    page = text(built, "_generated/python")
    for name in allaprima.__all__:
        assert name.startswith("_") or f'id="allaprima.{name}"' in page, name
    for member in ("Stylizer.stylize", "Session.paint", "Picture.from_pil"):
        assert f'id="allaprima.{member}"' in page, member


def test_every_option_of_the_command_has_an_entry(built):
    import click

    from allaprima.cli import app

    for verb in VERBS:
        page = text(built, f"_generated/cli/{verb}")
        command = app.get_command(click.Context(app), verb)
        options = [one.opts[-1] for one in command.params if isinstance(one, click.Option) and not one.hidden]
        assert options
        for option in options:
            assert f'id="cmdoption-allaprima-{verb}-{option.lstrip("-")}"' in page, (verb, option)


def test_every_request_over_http_has_a_heading(built):
    from allaprima.studio.app import openapi

    page = text(built, "_generated/http")
    for path, methods in openapi()["paths"].items():
        for method in methods:
            assert f"<h2>{method.upper()} {path}<" in page, (method, path)


def test_the_model_cards_have_every_style_of_both_banks(built):
    sections = re.split(r"<h2>The bank", text(built, "model-cards"))[1:]
    assert len(sections) == len(BANKS)
    for bank, section in zip(BANKS, sections, strict=True):
        names = re.findall(r'<td><p><code[^>]*><span class="pre">(\w+)</span></code></p></td>', section)
        assert {style.name for style in styles(bank)} <= set(names)


def test_no_link_of_the_site_leads_nowhere(built):
    """Also those that a theme makes, and those into other pages' headings."""
    pages = {path: path.read_text("utf-8") for path in (built / "html").rglob("*.html")}
    places = {path: set(re.findall(r'\bid="([^"]+)"', page)) for path, page in pages.items()}
    for path, page in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', page):
            if re.match(r"https?:|mailto:|data:|#$", link):
                continue
            place, _, anchor = link.partition("#")
            target = (path.parent / place.split("?")[0]).resolve() if place else path
            assert target.exists(), (path.name, link)
            assert not anchor or target not in places or anchor in places[target], (path.name, link)


def words(page: Path) -> list[str]:
    """What a man page says, whatever version of Docutils wrote it: no comments and no requests."""
    lines = [line for line in page.read_text("utf-8").splitlines() if not line.startswith((".", "'"))]
    headings = re.findall(r"^\.(?:TH|SH|SS|B) (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return re.findall(r"[\w-]+", re.sub(r"\\f.|\\", "", " ".join([*lines, *headings])).lower())


def test_the_man_pages_that_the_wheel_carries_are_fresh(built):
    made = {path.name: words(path) for path in (built / "man").glob("*.1")}
    kept = {path.name: words(path) for path in (DOCS / "man").glob("*.1")}
    assert kept == made, "run: python docs/build.py --man"
    assert set(kept) == {"allaprima.1", *(f"allaprima-{verb}.1" for verb in VERBS)}


def test_the_man_pages_open():
    if shutil.which("man") is None:
        pytest.skip("there is no man")
    for page in (DOCS / "man").glob("*.1"):
        result = subprocess.run(["man", "-l", page], capture_output=True, text=True, check=False)
        assert result.returncode == 0
        assert "SYNOPSIS" in result.stdout
        assert page.stem in result.stdout
