"""The part of the HTTP API that takes time: clips and trainings, and the jobs that they are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from allaprima.errors import how_to_install
from allaprima.film.encoding import USUAL_SUFFIX
from allaprima.film.outputs import SHEET_SUFFIX, starts_clip, suffix_wanted
from allaprima.studio.answers import ANSWERS, FILE, answered, form, result
from allaprima.studio.body import read_body, save_body
from allaprima.studio.jobs import Job, Jobs, events
from allaprima.studio.models import Models
from allaprima.studio.parameters import CLIP, TRAINING, Values, check_clip, check_training, described, read_parameters
from allaprima.studio.problems import ProblemError
from allaprima.studio.tasks import Course, Tasks

MOST_CLIP = 2**29
"""Bytes of a clip."""
MOST_PAINTING = 2**26
"""Bytes of a painting to learn."""
_JOB: dict[int | str, dict[str, Any]] = {202: {"description": "A job; Location says where."}}
_REFUSALS = answered(400, 401, 403, 404, 408, 413, 415, 429, 501, 503, 507)


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def add_jobs(app: FastAPI, models: Models, jobs: Jobs, tasks: Tasks) -> None:
    """Add the paths of clips, trainings and jobs to an application."""

    @app.post(
        "/api/v1/clips",
        summary="Paint a clip, as a job",
        status_code=202,
        response_class=JSONResponse,
        responses=_JOB | _REFUSALS,
        openapi_extra={
            "parameters": described((), CLIP),
            "requestBody": {
                "required": True,
                "content": {"video/*": FILE, "application/octet-stream": FILE, "multipart/form-data": form("clip")},
            },
        },
    )
    async def clips(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items(), CLIP)
        check_clip(values, models.card(values.get("model")).names)
        if find_spec("av") is None:
            raise ProblemError(501, f"clips need the package av: {how_to_install('video')}")
        jobs.check_room()
        with tasks.place() as folder:
            heads = await save_body(request, folder, ("clip", "mask"), MOST_CLIP, _refused_clip)
            named = {name: f"{name}{suffix_of(head)}" for name, head in heads.items() if starts_clip(head)}
            for name, full in named.items():
                (folder / name).rename(folder / full)
            order = {
                "kind": "clip",
                "source": named["clip"],
                "mask": named.get("mask", "mask") if "mask" in heads else None,
                "suffix": suffix_of_result(values, heads["clip"]),
                "values": {key: value for key, value in models.without_first(values).items() if key != "format"},
            }
            course = Course()
            return begun(request, jobs.begin(tasks.begin(folder, order, course), course))

    @app.post(
        "/api/v1/trainings",
        summary="Learn the style of a painting, as a job",
        status_code=202,
        response_class=JSONResponse,
        responses=_JOB | _REFUSALS,
        openapi_extra={
            "parameters": described((), TRAINING),
            "requestBody": {"required": True, "content": {"image/*": FILE, "application/octet-stream": FILE}},
        },
    )
    async def trainings(request: Request) -> Response:
        values = read_parameters(request.query_params.multi_items(), TRAINING)
        check_training(values)
        check_can_train(tasks.settings.vgg16)
        jobs.check_room()
        with tasks.place() as folder:
            source = folder / "the painting"
            source.write_bytes((await read_body(request, MOST_PAINTING)).image)
            order = {
                "kind": "training",
                "source": source.name,
                "values": values,
                "vgg16": tasks.settings.vgg16,
                "photos": tasks.settings.photos,
            }
            course = Course()
            return begun(request, jobs.begin(tasks.begin(folder, order, course), course))

    @app.get("/api/v1/jobs/{name}", summary="How far a job is", responses=answered(404))
    async def job_state(name: str) -> JSONResponse:
        return JSONResponse(jobs.find(name).described(), headers={"Cache-Control": "no-store"})

    @app.get(
        "/api/v1/jobs/{name}/events",
        summary="A job's states as they come",
        responses=answered(404),
        response_class=EventStream,
    )
    async def job_events(name: str) -> EventStream:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return EventStream(events(jobs.find(name)), headers=headers)

    @app.get(
        "/api/v1/jobs/{name}/result",
        summary="A job's result",
        response_class=Response,
        responses={404: ANSWERS[404], 409: {**ANSWERS[404], "description": "It is not done."}},
    )
    async def job_result(name: str) -> Response:
        job = jobs.find(name)
        if job.state == "failed":
            raise job.problem
        if job.result is None:
            raise ProblemError(409, f"the job is {job.state}")
        return result(job.result)

    @app.delete("/api/v1/jobs/{name}", summary="Cancel a job", status_code=204, responses=answered(404))
    async def job_cancel(name: str) -> Response:
        jobs.drop(name)
        return Response(status_code=204)


def begun(request: Request, job: Job) -> Response:
    """That a job has begun, and where it is asked after."""
    place = f"{request.scope.get('root_path', '')}/api/v1/jobs/{job.name}"
    headers = {"Location": place}
    if prefers_async(request):
        headers["Preference-Applied"] = "respond-async"
    return JSONResponse(job.described(), 202, headers)


def prefers_async(request: Request) -> bool:
    """Whether a client would rather have a job than wait (RFC 7240)."""
    return "respond-async" in request.headers.get("prefer", "")


def suffix_of(head: bytes) -> str:
    """The extension of a clip that begins so; ``.mp4`` for all whose container is not written."""
    if head[4:8] == b"ftyp":
        return ".mov" if head[8:12] == b"qt  " else USUAL_SUFFIX
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return ".webm" if b"webm" in head else ".mkv"
    return USUAL_SUFFIX


def suffix_of_result(values: Values, head: bytes) -> str:
    """The extension of a painted clip, or of its sheet."""
    if "format" in values:
        return suffix_wanted(values["format"])
    return SHEET_SUFFIX if values.get("sheet") else suffix_of(head)


def check_can_train(vgg16: str | None) -> None:
    """Refuse a training that cannot be.

    Raises:
        ProblemError: 501.
    """
    if find_spec("torch") is None or find_spec("onnx") is None:
        raise ProblemError(501, f"training needs the package torch: {how_to_install('train')}")
    if vgg16 is None or not Path(vgg16).is_file():
        raise ProblemError(501, "this server trains nothing: it has not been given VGG16's weights", options=("vgg16",))


def _refused_clip(head: bytes) -> ProblemError | None:
    if not head:
        return ProblemError(400, "the body has no clip: send its bytes")
    return None if starts_clip(head) else ProblemError(415, "the body is not a clip of a format that is read")
