"""What the API answers: paintings and files, and how OpenAPI describes that."""

from __future__ import annotations

from typing import Any

from fastapi.responses import FileResponse, Response

from allaprima.studio.jobs import Result
from allaprima.studio.pool import Painted
from allaprima.studio.tasks import Produced

MEDIA_TYPES = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif", "GIF": "image/gif",
    "TIFF": "image/tiff", "BMP": "image/bmp",
}  # fmt: skip
SUFFIXES = {"JPEG": "jpg", "TIFF": "tif"}
"""Of results, where they are not their format's name."""
FILE_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/x-m4v", ".mov": "video/quicktime", ".mkv": "video/x-matroska",
    ".webm": "video/webm", ".jpg": "image/jpeg", ".png": "image/png", ".apng": "image/apng", ".webp": "image/webp",
    ".gif": "image/gif", ".avif": "image/avif", ".tif": "image/tiff", ".tiff": "image/tiff", ".bmp": "image/bmp",
}  # fmt: skip

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The painting.", "content": {kind: {} for kind in MEDIA_TYPES.values()}},
    202: {"description": "A job, if the client prefers respond-async; Location says where."},
    304: {"description": "The painting that If-None-Match names."},
    **{
        status: {"description": words, "content": {"application/problem+json": {"schema": {"type": "object"}}}}
        for status, words in {
            400: "A parameter or the body is wrong.",
            401: "The token is missing or wrong.",
            403: "The request came from another web page.",
            404: "There is no such style or model.",
            408: "The body came too slowly.",
            413: "The body is too large.",
            415: "The body is no picture of a format that is read.",
            422: "The picture is damaged, or too large or too small.",
            429: "Too many requests wait; Retry-After says when to come again.",
            501: "An extra, or something else that this needs, is not there.",
            503: "The worker ended, or the server is about to.",
            504: "It took too long.",
            507: "There is no room on the disk.",
        }.items()
    },
}
FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

_HEADERS = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "default-src 'none'; sandbox"}


def form(name: str) -> dict[str, Any]:
    """How OpenAPI describes a form with such a file, and a mask."""
    properties = {name: FILE["schema"], "mask": FILE["schema"]}
    return {"schema": {"type": "object", "required": [name], "properties": properties}}


def answered(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes some of the answers."""
    return {status: ANSWERS[status] for status in statuses}


def picture(painted: Painted, headers: dict[str, str]) -> Response:
    """A painting as an answer."""
    ending = SUFFIXES.get(painted.kind, painted.kind.lower())
    return Response(
        painted.data,
        media_type=MEDIA_TYPES.get(painted.kind, "application/octet-stream"),
        headers={
            **_HEADERS,
            "Content-Disposition": f'inline; filename="painting.{ending}"',
            "Server-Timing": f"queue;dur={1000 * painted.waited:.1f}, paint;dur={1000 * painted.seconds:.1f}",
            **headers,
        },
    )


def result(found: Result) -> Response:
    """A job's result as an answer."""
    if isinstance(found, Painted):
        return picture(found, {})
    assert isinstance(found, Produced)
    kind = FILE_TYPES.get(found.path.suffix, "application/octet-stream")
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{found.path.name}"'}
    return FileResponse(found.path, media_type=kind, headers=headers)
