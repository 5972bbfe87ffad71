"""What the endpoints of the API have in common: the session, the pipeline, and the shape of errors."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from connectors.errors import QueryError, SourceError
from syncer.errors import ConfigError, StateError, SyncerError
from syncer.health import Watched
from syncer.logs import harmless_json, redact, unexpected
from syncer.pipeline import Pipeline, ways
from syncer.session import Session, find_pipeline
from syncer.web.api_models import Problem
from syncer.web.places import BusyError

AGAIN_S = 5
"""After so long another call may find room."""
MOST = 500
"""Things that one answer lists."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The address has a NUL character, or it is another host's."},
    401: {"model": Problem, "description": "The token is missing or wrong."},
    404: {"model": Problem, "description": "There is no such pipeline, run or page."},
    409: {
        "model": Problem,
        "description": "It cannot be done now: another run holds the pipeline, or a file is wrong.",
    },
    422: {"model": Problem, "description": "The call itself is wrong."},
    429: {"model": Problem, "description": "Too many calls wait or take long; `Retry-After` says when to come again."},
    502: {"model": Problem, "description": "The warehouse failed."},
    503: {"model": Problem, "description": "The state store is away, or the daemon begins or ends."},
}


class Harmless(JSONResponse):
    """JSON in which no character steers a terminal."""

    def render(self, content: Any) -> bytes:
        """Return the text."""
        return harmless_json(json.dumps(content, ensure_ascii=False, allow_nan=False)).encode()


def refusal(status: int, error: str, remedy: str = "") -> HTTPException:
    """Return the error to raise, whose body is a `Problem`."""
    return HTTPException(status, {"error": error, "remedy": remedy})


def session_of(daemon: Watched) -> Session:
    """Return the daemon's session at work for the API; raises 503 where there is none."""
    standing = daemon.standing()
    if standing.session is None or standing.is_stopping:
        raise refusal(503, "the daemon begins or ends", "ask again in a moment")
    return standing.session.renewed(standing.session.project, actor=f"api of {standing.session.actor}")


def pipeline_of(session: Session, name: str) -> Pipeline:
    """Return the pipeline called `name`; raises 404."""
    try:
        return find_pipeline(session.project, name)
    except ConfigError as error:
        [problem] = error.problems
        raise refusal(404, redact(problem.what), redact(problem.remedy)) from None


def way_of(session: Session, name: str, destination: str | None) -> Pipeline:
    """Return the pipeline called `name` as it goes to `destination`, or to its only one.

    Raises 404 where it does not go there, 422 where it goes to several and none is named.
    """
    pipeline = pipeline_of(session, name)
    there = ", ".join(pipeline.destinations)
    if destination is None and len(pipeline.destinations) > 1:
        raise refusal(
            422, f"{name} goes to several destinations", f"name one with ?destination=; destinations: {there}"
        )
    for way in ways(pipeline):
        if destination in (None, *way.destinations):
            return way
    raise refusal(404, f"{name} does not go to {destination!r}", f"destinations: {there}")


def add_handlers(app: FastAPI) -> None:
    """Let every error be a `Problem`, redacted."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)


def _problem(status: int, error: str, remedy: str = "", headers: Any = None) -> JSONResponse:
    return Harmless({"error": redact(error), "remedy": redact(remedy)}, status, headers=headers)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  # by the table below
    del request
    detail: Any = error.detail  # FastAPI lets it be more than the text that Starlette has
    if isinstance(detail, dict):
        return _problem(error.status_code, detail["error"], detail["remedy"], error.headers)
    remedy = "/api/openapi.json says what there is"
    return _problem(error.status_code, str(detail).lower(), remedy, error.headers)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Name each place and what is wrong there; what was sent is not repeated."""
    del request
    assert isinstance(error, RequestValidationError)  # noqa: S101  # by the table below
    is_of_body = any(each["loc"][0] == "body" for each in error.errors())
    if is_of_body and isinstance(error.body, bytes):  # else it was said to be JSON, and was read
        return _problem(422, "body: it is not said to be JSON", "send `Content-Type: application/json`")
    said = [f"{'.'.join(str(step) for step in each['loc'])}: {each['msg']}" for each in error.errors()]
    return _problem(422, "; ".join(said), "/api/openapi.json says what is taken")


def _busy(request: Request, error: Exception) -> JSONResponse:
    del request
    return _problem(429, str(error), f"ask again in {AGAIN_S} s", {"Retry-After": str(AGAIN_S)})


def _config(request: Request, error: Exception) -> JSONResponse:
    del request
    return _problem(409, str(error))


def _state(request: Request, error: Exception) -> JSONResponse:
    del request
    return _problem(503, str(error))


def _source(request: Request, error: Exception) -> JSONResponse:
    """Say whose turn it is: what the warehouse cannot compare is not for it to mend."""
    del request
    assert isinstance(error, SourceError)  # noqa: S101  # by the table below
    return _problem(422 if isinstance(error, QueryError) else 502, error.what, error.remedy)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    del request
    return _problem(500, unexpected(error), "nothing is lost; please report this line")


HANDLERS: dict[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
    StarletteHTTPException: _http,
    RequestValidationError: _invalid,
    StateError: _state,
    SourceError: _source,
    BusyError: _busy,
    SyncerError: _config,
    Exception: _unexpected,
}
