"""Paint a picture by the HTTP API of ``allaprima studio``, with the standard library alone.

python http_client.py PICTURE PAINTING STYLE [http://127.0.0.1:8321]
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path


def paint(picture: bytes, server: str = "http://127.0.0.1:8321", **options: str | float) -> bytes:
    """The painting's file; options are those of ``allaprima stylize``."""
    url = f"{server.rstrip('/')}/api/v1/stylize?{urllib.parse.urlencode(options)}"
    headers = {"Content-Type": "application/octet-stream"}
    if token := os.environ.get("ALLAPRIMA_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, picture, headers)) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{error.code}: {json.load(error)['detail']}") from error


if __name__ == "__main__":
    source, target, style, *server = sys.argv[1:]
    Path(target).write_bytes(paint(Path(source).read_bytes(), *server, style=style))
