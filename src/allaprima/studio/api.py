"""The HTTP API: a picture in the body, its painting back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from allaprima.studio.answers import ANSWERS, FILE, SUFFIXES, form, picture
from allaprima.studio.archive import Pictures, painted_zip
from allaprima.studio.body import read_body
from allaprima.studio.job_api import add_jobs, begun, prefers_async
from allaprima.studio.jobs import Jobs
from allaprima.studio.metrics import written
from allaprima.studio.models import Models
from allaprima.studio.parameters import Values, check_styles, described, read_parameters
from allaprima.studio.pool import Painted, Pool
from allaprima.studio.problems import ProblemError
from allaprima.studio.tasks import Tasks
from allaprima.style_model import Card
from allaprima.version import __version__

Result = TypeVar("Result")

MOST_BYTES = 64 * 2**20
"""Of a request's body."""

_BODY = {"required": True, "content": {"application/octet-stream": FILE, "multipart/form-data": form("image")}}


def add_api(app: FastAPI, pool: Pool, jobs: Jobs, tasks: Tasks) -> None:
    """Add the API to an application; the page comes after it, which answers for all other paths."""
    models = Models(pool.settings.model)

    @app.get("/healthz", summary="Whether the server runs", response_class=PlainTextResponse)
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get(
        "/readyz",
        summary="Whether pictures are painted",
        response_class=PlainTextResponse,
        responses={503: ANSWERS[503]},
    )
    async def readyz() -> PlainTextResponse:
        if not pool.ready:
            raise ProblemError(503, "no worker is ready", headers={"Retry-After": "1"})
        return PlainTextResponse("ready\n")

    @app.get("/metrics", summary="What the server did, for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(written(pool, tasks), media_type="text/plain; version=0.0.4")

    @app.get("/api/v1/models", summary="The models")
    async def all_models() -> JSONResponse:
        return JSONResponse([{"name": name, "styles": len(card.names) - 1} for name, card in models.cards.items()])

    @app.get("/api/v1/styles", summary="The styles of a model", responses={404: ANSWERS[404]})
    async def styles(model: str = models.first) -> JSONResponse:
        return JSONResponse(json.loads(models.card(model).to_json())["styles"][1:])

    @app.post(
        "/api/v1/stylize",
        summary="Paint a picture",
        response_class=Response,
        responses=ANSWERS,
        openapi_extra={"parameters": described(models.required), "requestBody": _BODY},
    )
    async def stylize(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items())
        card = models.card(values.get("model"))
        check_styles(values, card.names)
        body = await read_body(request, MOST_BYTES)
        blobs = [body.image] if body.mask is None else [body.image, body.mask]
        tag = _tag(values, card, blobs)
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": tag})
        pool.check_room()
        if not prefers_async(request):
            painted = await while_waited_for(request, pool.paint(models.without_first(values), blobs))
            return picture(painted, {"ETag": tag})
        jobs.check_room()
        return begun(request, jobs.begin(pool.paint(models.without_first(values), blobs)))

    @app.post(
        "/api/v1/batch",
        summary="Paint a zip of pictures",
        response_class=Response,
        responses={**ANSWERS, 200: {"description": "A zip of paintings.", "content": {"application/zip": {}}}},
        openapi_extra={
            "parameters": described(models.required),
            "requestBody": {"required": True, "content": {"application/zip": FILE}},
        },
    )
    async def batch(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items())
        check_styles(values, models.card(values.get("model")).names)
        pictures = Pictures((await read_body(request, MOST_BYTES)).image, MOST_BYTES)
        pool.check_room()

        async def paint(data: bytes) -> Painted:
            return await pool.paint(models.without_first(values), [data])

        pieces = painted_zip(pictures, paint, SUFFIXES, pool.settings.workers)
        headers = {"Content-Disposition": 'attachment; filename="paintings.zip"', "Cache-Control": "private, no-store"}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    add_jobs(app, models, jobs, tasks)


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


def _tag(values: Values, card: Card, blobs: list[bytes]) -> str:
    """The same picture, parameters, weights and version give the same painting."""
    digest = hashlib.sha256(json.dumps([__version__, card.weights_sha256, sorted(values.items())]).encode())
    for blob in blobs:
        digest.update(len(blob).to_bytes(8, "big") + blob)
    return f'"{digest.hexdigest()[:32]}"'
