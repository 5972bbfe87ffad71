"""The page of the connections, and their check."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from syncer.checks import STATE, Check, Verdict, checks
from syncer.logs import redact
from syncer.pipeline import Project
from syncer.session import Session
from syncer.web.found import errands_of, form_of, session_of
from syncer.web.layout import shown
from syncer.web.overview import State

WORDS: Final = {
    Verdict.OK: State("works", "good"),
    Verdict.UNKNOWN: State("not proved", "warn"),
    Verdict.REFUSED: State("refused", "bad"),
    Verdict.MISCONFIGURED: State("misconfigured", "bad"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One that the project names, and what its check came to."""

    name: str
    kind: str
    type: str
    place: str
    """Where it leads, without a secret; empty where that is not said."""
    pipelines: tuple[str, ...]
    checked: Check | None

    @property
    def state(self) -> State | None:
        """Return the word for what the check came to."""
        return WORDS[self.checked.verdict] if self.checked else None

    @property
    def detail(self) -> str:
        """Return what the check says, without secrets."""
        return redact(self.checked.detail) if self.checked else ""


router = APIRouter(include_in_schema=False)


@router.get("/connections")
def all_connections(request: Request) -> Response:
    """Show what the project connects to."""
    session = session_of(request)
    return shown(request, session, "connections.html", connections=_connections(session, {}))


@router.get("/connections/check")
def checked() -> Response:
    """Lead a browser that opens this address anew, as with its last tabs, to where it can check again."""
    return RedirectResponse("/connections", status_code=303)


@router.post("/connections/check")
def check(request: Request) -> Response:
    """Check one connection, or all."""
    session, name = session_of(request), form_of(request).get("name")
    with errands_of(request).looking():
        found = {(each.name, each.kind): each for each in checks(session, [name] if name else ())}
    return shown(request, session, "connections.html", connections=_connections(session, found))


def _connections(session: Session, found: dict[tuple[str, str], Check]) -> list[Connection]:
    project = session.project
    known = [
        *((name, "source", each.type, "", _reading(project, name)) for name, each in project.sources.items()),
        *(
            (name, "destination", each.type, urlsplit(each.base_url).hostname or "", _sending(project, name))
            for name, each in project.destinations.items()
        ),
        (STATE, STATE, STATE, redact(str(session.state_place)), ()),
    ]
    return [
        Connection(name=name, kind=kind, type=type_, place=place, pipelines=pipelines, checked=found.get((name, kind)))
        for name, kind, type_, place, pipelines in known
    ]


def _reading(project: Project, source: str) -> tuple[str, ...]:
    return tuple(name for name, pipeline in project.pipelines.items() if pipeline.source == source)


def _sending(project: Project, destination: str) -> tuple[str, ...]:
    return tuple(name for name, pipeline in project.pipelines.items() if destination in pipeline.destinations)
