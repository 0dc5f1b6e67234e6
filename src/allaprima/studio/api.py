"""The HTTP API: a picture in the body, its painting back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from allaprima.cards import read_card
from allaprima.gallery import BANKS, find_model
from allaprima.studio.body import read_body
from allaprima.studio.metrics import written
from allaprima.studio.parameters import Values, check_styles, described, read_parameters
from allaprima.studio.pool import Pool
from allaprima.studio.problems import ProblemError
from allaprima.style_model import Card
from allaprima.version import __version__

Result = TypeVar("Result")

MOST_BYTES = 64 * 2**20
"""Of a request's body."""

MEDIA_TYPES = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif", "GIF": "image/gif",
    "TIFF": "image/tiff", "BMP": "image/bmp",
}  # fmt: skip
_SUFFIXES = {"JPEG": "jpg", "TIFF": "tif"}

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The painting.", "content": {kind: {} for kind in MEDIA_TYPES.values()}},
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
            503: "The worker ended, or the server is about to.",
            504: "It took too long.",
        }.items()
    },
}
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": {
        "image/*": _PICTURE,
        "application/octet-stream": _PICTURE,
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": _PICTURE["schema"], "mask": _PICTURE["schema"]},
            }
        },
    },
}


def add_api(app: FastAPI, pool: Pool) -> None:
    """Add the API to an application; the page comes after it, which answers for all other paths."""
    cards = _cards(pool.settings.model)

    @app.get("/healthz", summary="Whether the server runs")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", summary="Whether pictures are painted", responses={503: _ANSWERS[503]})
    async def readyz() -> PlainTextResponse:
        if not pool.ready:
            raise ProblemError(503, "no worker is ready", headers={"Retry-After": "1"})
        return PlainTextResponse("ready\n")

    @app.get("/metrics", summary="What the server did, for Prometheus")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(written(pool), media_type="text/plain; version=0.0.4")

    @app.get("/api/v1/models", summary="The models")
    async def models() -> JSONResponse:
        return JSONResponse([{"name": name, "styles": len(card.names) - 1} for name, card in cards.items()])

    @app.get("/api/v1/styles", summary="The styles of a model", responses={404: _ANSWERS[404]})
    async def styles(model: str = next(iter(cards))) -> JSONResponse:
        return JSONResponse(json.loads(_card(cards, model).to_json())["styles"][1:])

    @app.post(
        "/api/v1/stylize",
        summary="Paint a picture",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"parameters": described(), "requestBody": _BODY},
    )
    async def stylize(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items())
        model = values.get("model", next(iter(cards)))
        check_styles(values, _card(cards, model).names)
        body = await read_body(request, MOST_BYTES)
        blobs = [body.image] if body.mask is None else [body.image, body.mask]
        tag = _tag(values, _card(cards, model), blobs)
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": tag})
        painted = await while_waited_for(request, pool.paint(_for_worker(values, cards), blobs))
        ending = _SUFFIXES.get(painted.kind, painted.kind.lower())
        return Response(
            painted.data,
            media_type=MEDIA_TYPES.get(painted.kind, "application/octet-stream"),
            headers={
                "ETag": tag,
                "Cache-Control": "private, no-cache",
                "Content-Disposition": f'inline; filename="painting.{ending}"',
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Server-Timing": f"queue;dur={1000 * painted.waited:.1f}, paint;dur={1000 * painted.seconds:.1f}",
            },
        )


async def while_waited_for(request: Request, work: Awaitable[Result]) -> Result:
    """Do something for as long as the client waits for it.

    Raises:
        ProblemError: 499, which nobody gets, if the client has gone; the work is cancelled.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ProblemError(499, "the client has gone")
    finally:
        for one in (task, gone):
            one.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _cards(model: str | None) -> dict[str, Card]:
    """The models' cards by name; the one that is taken unless another is asked for comes first."""
    names = dict.fromkeys([*([] if model is None or model in BANKS else [find_model(model).stem]), *BANKS])
    if model in BANKS:
        names = dict.fromkeys([model, *BANKS])
    return {name: read_card(find_model(name if name in BANKS else model or name)) for name in names}


def _card(cards: dict[str, Card], model: str) -> Card:
    if model not in cards:
        raise ProblemError(404, f"there is no model {model}; there are: {', '.join(cards)}", options=("model",))
    return cards[model]


def _for_worker(values: Values, cards: dict[str, Card]) -> Values:
    """The model that the worker has from its start needs no name; names are never paths."""
    return {key: value for key, value in values.items() if key != "model" or value != next(iter(cards))}


def _tag(values: Values, card: Card, blobs: list[bytes]) -> str:
    """The same picture, parameters, weights and version give the same painting."""
    digest = hashlib.sha256(json.dumps([__version__, card.weights_sha256, sorted(values.items())]).encode())
    for blob in blobs:
        digest.update(len(blob).to_bytes(8, "big") + blob)
    return f'"{digest.hexdigest()[:32]}"'
