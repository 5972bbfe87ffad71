"""What the API decides on held requests: as `syncer held` does, after it said what that may cost."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from syncer import actions
from syncer.engine.held import COST, FORGOTTEN
from syncer.exit_codes import exit_code
from syncer.health import Watched
from syncer.pipeline import Pipeline
from syncer.report import RunReport
from syncer.session import Session
from syncer.web import api_models as models
from syncer.web.api_calls import session_of, way_of
from syncer.web.api_read import Destination, Name, redacted
from syncer.web.errands import Errands

Which = Annotated[models.HeldWhich, Body(examples=[{"requests": [17], "confirm": True}])]


class Deciding:
    """Endpoints that settle what is held."""

    def __init__(self, daemon: Watched, errands: Errands) -> None:
        self._daemon, self._errands = daemon, errands

    def router(self) -> APIRouter:
        """Return the endpoints."""
        router = APIRouter()
        for path, call in (("resend", self.resend), ("assume-delivered", self.assume_delivered)):
            way, name = f"/pipelines/{{name}}/held/{path}", f"held_{call.__name__}"
            router.add_api_route(way, call, methods=["POST"], response_model=models.HeldDone, name=name)
        return router

    def resend(self, name: Name, which: Which, destination: Destination = None) -> dict[str, Any]:
        """Send held requests again, or say what that would do; answers when it is done."""
        session, pipeline, ids, events = self._found(name, which, destination)
        if not which.confirm or not ids:
            return _done(pipeline, ids, events, COST)
        with self._errands.beside():
            report = actions.resend_held(session, pipeline, ids)
        return _done(pipeline, ids, events, COST, done=True, report=report)

    def assume_delivered(self, name: Name, which: Which, destination: Destination = None) -> dict[str, Any]:
        """Take held requests for delivered, or say what that would do; nothing is sent."""
        session, pipeline, ids, events = self._found(name, which, destination)
        is_wanted = which.confirm and bool(ids)
        if is_wanted:
            events = actions.assume_delivered(session, pipeline, ids)
        return _done(pipeline, ids, events, FORGOTTEN, done=is_wanted)

    def _found(
        self, name: str, which: models.HeldWhich, destination: str | None
    ) -> tuple[Session, Pipeline, list[int], int]:
        session = session_of(self._daemon)
        pipeline = way_of(session, name, destination)
        wanted = which.requests
        found = [] if wanted == [] else actions.held(session, pipeline, wanted or ())
        return session, pipeline, [each.id for each, _ in found], sum(each.known_events for each, _ in found)


def _done(
    pipeline: Pipeline, ids: list[int], events: int, cost: str, *, done: bool = False, report: RunReport | None = None
) -> dict[str, Any]:
    return {
        "pipeline": pipeline.name,
        "requests": ids,
        "events": events,
        "cost": cost,
        "done": done,
        "exit_code": None if report is None else int(exit_code(report, pipeline)),
        "report": None if report is None else redacted(report.to_json()),
    }
