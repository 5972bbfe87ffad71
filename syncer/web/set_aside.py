"""What is set aside of all pipelines together, by pipeline, destination and reason."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncer.session import Session
from syncer.state.history import stored_pipelines
from syncer.state.set_aside import Why, reasons
from syncer.web.found import path_of, session_of
from syncer.web.layout import shown

MOST: Final = 200
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """Events of a pipeline on its way to one destination that are set aside for one reason."""

    pipeline: str
    destination: str
    why: Why
    is_known: bool
    """Whether a file has the pipeline, so that it has a page."""

    @property
    def base(self) -> str:
        """Return the address of the pipeline's page."""
        return path_of(self.pipeline, self.destination)


@router.get("/rejects")
def rejects(request: Request, pipeline: str = "", destination: str = "", reason: str = "") -> Response:
    """List what is set aside, most events first."""
    session = session_of(request)
    lines = sorted(_lines(session), key=lambda line: -line.why.events)
    chosen = {"pipeline": pipeline, "destination": destination, "reason": reason}
    found = [
        line
        for line in lines
        if pipeline in ("", line.pipeline) and destination in ("", line.destination) and reason in ("", line.why.reason)
    ]
    choices = {
        "pipeline": sorted({line.pipeline for line in lines}),
        "destination": sorted({line.destination for line in lines}),
        "reason": sorted({line.why.reason for line in lines}),
    }
    facts = {"lines": found[:MOST], "count": len(found), "events": sum(line.why.events for line in found)}
    return shown(request, session, "all_rejects.html", chosen=chosen, choices=choices, is_any=bool(lines), **facts)


def _lines(session: Session) -> list[Line]:
    pipelines = session.project.pipelines
    return [
        Line(name, to, why, is_known=name in pipelines and to in pipelines[name].destinations)
        for stored in stored_pipelines(session.store, session.project.target)
        for name, to in [(stored.scope.pipeline, stored.scope.destination)]
        for why in reasons(session.store, stored.id)
    ]
