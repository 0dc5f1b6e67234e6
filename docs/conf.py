"""The site: Markdown pages of this folder, and the reference that ``extensions/`` makes from the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent / "src")]

from allaprima import __version__  # noqa: E402 - from the tree that the pages are of
from allaprima.cli.verbs import VERBS  # noqa: E402

project = "Alla Prima"
author = "The authors of Alla Prima"
copyright = f"{author}; Apache-2.0"
version = release = __version__
today = f"Version {release}"  # where the man builder would put the day of the build

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated", "outside"]
exclude_patterns = ["_build", "_generated/cards"]
smartquotes = False  # -- begins options
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!allaprima\b).*"),  # other packages' names: their inventories would need the network
    ("py:.*", r"allaprima\.picture\.picture\.Painting"),  # a PIL picture
    # Handed out, not promised.
    ("py:.*", r"allaprima\.(batch\.plan\.Job|look\.painting\.Prepared|painter\.Painter|steady\.shot\.Shot)"),
]
suppress_warnings = ["misc.highlighting_failure"]  # "…" stands for words of the reader's own

myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "html_image"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90

html_theme = "furo"
html_title = f"Alla Prima {release}"
html_logo = "../web/src/icon.svg"
html_favicon = "../web/src/icon.svg"
html_theme_options = {"sidebar_hide_name": False, "top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False

repository = os.environ.get("ALLAPRIMA_REPOSITORY", "")
"""Where links out of this folder lead, such as ``https://host/owner/name/blob/main``; without it they are text."""

man_pages = [("_generated/cli/allaprima", "allaprima", "repaint pictures in the style of a painting", author, 1)]
man_pages += [
    (f"_generated/cli/{verb}", f"allaprima-{verb}", words[0].lower() + words[1:].rstrip("."), author, 1)
    for verb, words in VERBS.items()
]
