"""The application: the page, the API, and who may ask for them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from allaprima.gallery import find_model
from allaprima.studio.api import add_api
from allaprima.studio.guard import Guard
from allaprima.studio.jobs import Jobs
from allaprima.studio.page import caching, page_contents, type_of
from allaprima.studio.pool import Pool, Settings
from allaprima.studio.problems import ProblemError
from allaprima.studio.tasks import Tasks
from allaprima.version import __version__


def make_app(settings: Settings, *, hosts: Iterable[str] = (), token: str | None = None) -> ASGIApp:
    """The studio as an ASGI application.

    Args:
        settings: of the workers; its model is what the page and the API offer first.
        hosts: as for ``Guard``.
        token: as for ``Guard``.

    Raises:
        ModelError: the model is not a style model.
    """
    pool, jobs, tasks = Pool(settings), Jobs(), Tasks(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        tasks.start()
        yield
        jobs.stop()
        await tasks.stop()
        await pool.stop()

    app = FastAPI(title="Alla Prima", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    add_api(app, pool, jobs, tasks)
    add_page(app, page_contents(None if settings.model is None else find_model(settings.model)))
    app.add_exception_handler(HTTPException, _as_problem)
    app.add_exception_handler(ProblemError, _as_problem)
    app.add_exception_handler(RequestValidationError, _as_problem)
    app.add_exception_handler(Exception, _as_problem)
    return Guard(app, hosts, token)


def openapi() -> dict[str, Any]:
    """The API's description, as ``/openapi.json`` has it, without starting anything."""
    app = FastAPI(title="Alla Prima", version=__version__)
    settings = Settings()
    add_api(app, Pool(settings), Jobs(), Tasks(settings))
    return app.openapi()


def add_page(app: FastAPI, contents: dict[str, bytes]) -> None:
    """Answer for every file of the page; what has not changed is not sent again."""
    for name, data in contents.items():
        answer = _file(data, type_of(name), caching(name))
        for path in ("/", "/index.html") if name == "index.html" else (f"/{name}",):
            app.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


def _file(data: bytes, kind: str, caching: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": caching}

    async def answer(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)

    return answer


async def _as_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        words = f"there is nothing at {request.url.path}" if error.status_code == 404 else str(error.detail)
        error = ProblemError(error.status_code, words, headers=error.headers)
    elif isinstance(error, RequestValidationError):
        error = ProblemError(400, "a parameter is wrong")
    elif not isinstance(error, ProblemError):
        error = ProblemError(500, f"an unexpected fault, {type(error).__name__}; please report it")
    return error.response()
