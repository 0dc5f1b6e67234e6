"""The built page that lies in the package: of the sources beside it, of the same options as Python, and as files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from allaprima import options
from allaprima.color import COLORS
from allaprima.errors import ExistsError, ModelError, OutputError
from allaprima.look.mask import FEATHER
from allaprima.studio.page import caching, export_page, page_contents, type_of
from allaprima.style_model import SMALLEST_SIDE

PROJECT = Path(__file__).parents[2]
WEB = PROJECT / "web"
PAGE = PROJECT / "src" / "allaprima" / "studio" / "page"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_page_was_built_from_these_sources():
    """If this fails: cd web && npm ci && npm run build."""
    paths = [path for path in (WEB / "src").rglob("*") if path.is_file()]
    paths += [WEB / name for name in ("build.mjs", "package-lock.json", "LICENSES.txt")]
    names = sorted(path.relative_to(WEB).as_posix() for path in paths)
    lines = "".join(f"{name} {digest((WEB / name).read_bytes())}\n" for name in names)
    assert (PAGE / "sources").read_text().strip() == digest(lines.encode())


def test_it_has_the_options_of_python():
    text = (WEB / "src/paint/options.ts").read_text()

    def number(name: str) -> float:
        return float(re.search(rf"{name} = ([\d.]+);", text)[1])

    assert re.search(r"COLORS = \[(.*?)\]", text)[1] == ", ".join(f'"{color}"' for color in COLORS)
    assert number("STROKE") == options.STROKE
    assert number("SMALLEST_SIDE") == SMALLEST_SIDE
    assert number("DEFAULT_QUALITY") == options.DEFAULT_QUALITY
    assert number("FEATHER") == FEATHER
    look = re.search(r"interface Look \{(.*?)\n\}", text, re.DOTALL)[1]
    names = re.findall(r"readonly (\w+)", look)
    group = {option.name for option in options.OPTIONS.values() if option.group == "look"}
    assert set(names) == group - {"model", "mask"}  # the model is loaded before, the mask is handed over beside


def test_all_strings_are_in_one_table():
    """Nothing else in the page's sources reads like a sentence."""
    keys = set(re.findall(r'^  "?([\w-]+)"?: "', (WEB / "src/strings.ts").read_text(), re.MULTILINE))
    sources = "".join(path.read_text() for path in (WEB / "src").rglob("*.ts") if path.name != "strings.ts")
    used = set(re.findall(r'say\(\s*"([\w-]+)"', sources)) | set(re.findall(r'\? "(\w+)" : "(\w+)"\)', sources))
    assert {word for word in used if isinstance(word, str)} <= keys
    texts = re.findall(r'"([A-Z][a-z]+ [a-z][^"]*)"', re.sub(r"/\*.*?\*/|//.*", "", sources, flags=re.DOTALL))
    assert texts == []


def test_a_first_visit_is_less_than_five_megabytes():
    contents = page_contents()
    assert sum(len(data) for name, data in contents.items() if name != "models/fine.onnx") < 5_000_000


def test_the_page_names_nobody_else():
    contents = page_contents()
    own = b"".join(data for name, data in contents.items() if re.match(r"(main|worker|style|app|sw|index)\b", name))
    assert set(re.findall(rb"https?://[\w.]+", own)) <= {b"http://www.w3.org"}


def test_files_whose_names_tell_their_content_are_kept():
    assert "immutable" in caching("main-0123456789.js")
    assert caching("index.html") == caching("sw.js") == caching("models/fast.onnx") == "no-cache"
    assert type_of("ort-0123456789.mjs") == "text/javascript"


def test_it_is_written_for_any_host(tmp_path):
    paths = export_page(tmp_path / "site")
    assert {path.relative_to(tmp_path / "site").as_posix() for path in paths} >= {
        "index.html",
        "sw.js",
        "models/fast.onnx",
        "models/models.json",
        "_headers",
    }
    assert "Cross-Origin-Embedder-Policy: require-corp" in (tmp_path / "site/_headers").read_text()
    shell = re.search(r'\[("\./".*?)\]', (tmp_path / "site/sw.js").read_text())[1]
    assert all((tmp_path / "site" / name).exists() for name in json.loads(f"[{shell}]"))
    with pytest.raises(ExistsError, match="exists"):
        export_page(tmp_path / "site")
    assert export_page(tmp_path / "site", overwrite=True) == paths


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a file, not a folder"):
        export_page(tmp_path / "file")
    with pytest.raises(ModelError):
        export_page(tmp_path / "site", tmp_path / "file")
    assert not (tmp_path / "site").exists()


def test_a_model_of_one_s_own_comes_first(tmp_path):
    own = tmp_path / "mine.onnx"
    own.write_bytes(page_contents()["models/fast.onnx"])
    contents = page_contents(own)
    listed = json.loads(contents["models/models.json"])
    assert [bank["name"] for bank in listed] == ["mine", "fast", "fine"]
    assert contents[listed[0]["file"]] == own.read_bytes()
