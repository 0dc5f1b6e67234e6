"""The HTTP API: a picture in the body, its painting back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from allaprima.cards import read_card
from allaprima.gallery import BANKS, find_model
from allaprima.studio.archive import Pictures, painted_zip
from allaprima.studio.body import read_body
from allaprima.studio.jobs import Jobs, events
from allaprima.studio.metrics import written
from allaprima.studio.parameters import Values, check_styles, described, read_parameters
from allaprima.studio.pool import Painted, Pool
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
            503: "The worker ended, or the server is about to.",
            504: "It took too long.",
        }.items()
    },
}
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": {
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


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def add_api(app: FastAPI, pool: Pool, jobs: Jobs) -> None:
    """Add the API to an application; the page comes after it, which answers for all other paths."""
    cards = _cards(pool.settings.model)
    first = next(iter(cards))
    required = ("style",) if len(cards[first].names) > 2 else ()

    def for_worker(values: Values) -> Values:
        """The model that a worker has from its start needs no name; names are never paths."""
        return {key: value for key, value in values.items() if key != "model" or value != first}

    @app.get("/healthz", summary="Whether the server runs", response_class=PlainTextResponse)
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get(
        "/readyz",
        summary="Whether pictures are painted",
        response_class=PlainTextResponse,
        responses={503: _ANSWERS[503]},
    )
    async def readyz() -> PlainTextResponse:
        if not pool.ready:
            raise ProblemError(503, "no worker is ready", headers={"Retry-After": "1"})
        return PlainTextResponse("ready\n")

    @app.get("/metrics", summary="What the server did, for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(written(pool), media_type="text/plain; version=0.0.4")

    @app.get("/api/v1/models", summary="The models")
    async def models() -> JSONResponse:
        return JSONResponse([{"name": name, "styles": len(card.names) - 1} for name, card in cards.items()])

    @app.get("/api/v1/styles", summary="The styles of a model", responses={404: _ANSWERS[404]})
    async def styles(model: str = first) -> JSONResponse:
        return JSONResponse(json.loads(_card(cards, model).to_json())["styles"][1:])

    @app.post(
        "/api/v1/stylize",
        summary="Paint a picture",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"parameters": described(required), "requestBody": _BODY},
    )
    async def stylize(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items())
        card = _card(cards, values.get("model", first))
        check_styles(values, card.names)
        body = await read_body(request, MOST_BYTES)
        blobs = [body.image] if body.mask is None else [body.image, body.mask]
        tag = _tag(values, card, blobs)
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": tag})
        pool.check_room()
        if "respond-async" not in request.headers.get("prefer", ""):
            painted = await while_waited_for(request, pool.paint(for_worker(values), blobs))
            return _picture(painted, {"ETag": tag})
        jobs.check_room()
        job = jobs.begin(pool.paint(for_worker(values), blobs))
        place = f"{request.scope.get('root_path', '')}/api/v1/jobs/{job.name}"
        return JSONResponse(job.described(), 202, {"Location": place, "Preference-Applied": "respond-async"})

    @app.post(
        "/api/v1/batch",
        summary="Paint a zip of pictures",
        response_class=Response,
        responses={**_ANSWERS, 200: {"description": "A zip of paintings.", "content": {"application/zip": {}}}},
        openapi_extra={
            "parameters": described(required),
            "requestBody": {"required": True, "content": {"application/zip": _PICTURE}},
        },
    )
    async def batch(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items())
        check_styles(values, _card(cards, values.get("model", first)).names)
        pictures = Pictures((await read_body(request, MOST_BYTES)).image, MOST_BYTES)
        pool.check_room()

        async def paint(data: bytes) -> Painted:
            return await pool.paint(for_worker(values), [data])

        pieces = painted_zip(pictures, paint, _SUFFIXES, pool.settings.workers)
        headers = {"Content-Disposition": 'attachment; filename="paintings.zip"', "Cache-Control": "private, no-store"}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    @app.get("/api/v1/jobs/{name}", summary="How far a job is", responses={404: _ANSWERS[404]})
    async def job_state(name: str) -> JSONResponse:
        return JSONResponse(jobs.find(name).described(), headers={"Cache-Control": "no-store"})

    @app.get(
        "/api/v1/jobs/{name}/events",
        summary="A job's states as they come",
        responses={404: _ANSWERS[404]},
        response_class=EventStream,
    )
    async def job_events(name: str) -> EventStream:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return EventStream(events(jobs.find(name)), headers=headers)

    @app.get(
        "/api/v1/jobs/{name}/result",
        summary="A job's painting",
        response_class=Response,
        responses={404: _ANSWERS[404], 409: {**_ANSWERS[404], "description": "It is not done."}},
    )
    async def job_result(name: str) -> Response:
        job = jobs.find(name)
        if job.state == "failed":
            raise job.problem
        if job.state != "done":
            raise ProblemError(409, f"the job is {job.state}")
        return _picture(job.work.result(), {})

    @app.delete("/api/v1/jobs/{name}", summary="Cancel a job", status_code=204, responses={404: _ANSWERS[404]})
    async def job_cancel(name: str) -> Response:
        jobs.drop(name)
        return Response(status_code=204)


def _picture(painted: Painted, headers: dict[str, str]) -> Response:
    """A painting as an answer."""
    ending = _SUFFIXES.get(painted.kind, painted.kind.lower())
    return Response(
        painted.data,
        media_type=MEDIA_TYPES.get(painted.kind, "application/octet-stream"),
        headers={
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'inline; filename="painting.{ending}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Server-Timing": f"queue;dur={1000 * painted.waited:.1f}, paint;dur={1000 * painted.seconds:.1f}",
            **headers,
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


def _tag(values: Values, card: Card, blobs: list[bytes]) -> str:
    """The same picture, parameters, weights and version give the same painting."""
    digest = hashlib.sha256(json.dumps([__version__, card.weights_sha256, sorted(values.items())]).encode())
    for blob in blobs:
        digest.update(len(blob).to_bytes(8, "big") + blob)
    return f'"{digest.hexdigest()[:32]}"'
