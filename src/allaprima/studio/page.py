"""The page's files, built from ``web/``, and how they are served: by us or by any host of static files."""

from __future__ import annotations

import json
import mimetypes
from importlib.resources import files
from pathlib import Path

from allaprima.cards import read_card
from allaprima.errors import ExistsError, OutputError
from allaprima.files import write_bytes
from allaprima.gallery import BANKS, gallery_model

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline. WebAssembly needs a word of its own."""

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
"""Of every answer. The first two isolate the page, without which a browser gives it no threads."""

_TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".gz": "application/octet-stream",  # the page unpacks it
    ".onnx": "application/octet-stream",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
}


def page_contents(model: Path | None = None) -> dict[str, bytes]:
    """What is in each file of the page, by its path below the page's address; ``index.html`` is the page itself.

    Args:
        model: a style model that the page offers before the banks of the gallery.

    Raises:
        ModelError: it is not a style model.
    """
    folder = Path(str(files("allaprima") / "studio" / "page"))
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "sources"}
    models = {bank: gallery_model(bank) for bank in BANKS}
    if model is not None and model not in models.values():
        read_card(model)
        models = {model.stem: model} | models
    names = {
        name: f"models/{number}.onnx" if name not in BANKS else f"models/{name}.onnx"
        for number, name in enumerate(models)
    }
    contents |= {names[name]: path.read_bytes() for name, path in models.items()}
    contents["models/models.json"] = json.dumps([{"name": name, "file": file} for name, file in names.items()]).encode()
    return contents


def type_of(name: str) -> str:
    """The media type of a file of the page."""
    suffix = Path(name).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def caching(name: str) -> str:
    """How long a browser may keep a file: for ever if its name tells its content, otherwise it asks each time."""
    stem = name.partition(".")[0]
    return "public, max-age=31536000, immutable" if "-" in stem else "no-cache"


def export_page(folder: Path, model: Path | None = None, *, overwrite: bool = False) -> list[Path]:
    """Write the page as static files, with the headers as Cloudflare Pages and Netlify read them.

    Args:
        folder: where to; it is made if it is missing.
        model: as for ``page_contents``.
        overwrite: whether files that are there are replaced.

    Returns:
        The files written.

    Raises:
        ExistsError: a file is there, and nothing may be replaced; then nothing has been written.
        OutputError: it cannot be written.
        ModelError: as ``page_contents``.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder")
    contents = page_contents(model)
    lines = (f"  {name}: {value}\n" for name, value in HEADERS.items())
    contents["_headers"] = ("/*\n" + "".join(lines)).encode()
    if not overwrite:
        for name in contents:
            if (folder / name).exists():
                raise ExistsError(f"{folder / name} exists", options=("overwrite",))
    for name, data in contents.items():
        write_bytes(data, folder / name, overwrite=overwrite)
    return [folder / name for name in contents]
