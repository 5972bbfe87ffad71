"""The search for what became of one row; its key is never part of an address."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from connectors.errors import SourceError
from syncer.errors import ConfigError
from syncer.outlook import Trace, trace
from syncer.pipeline import Pipeline, ways
from syncer.session import Session
from syncer.web.errands import Errands
from syncer.web.found import NotFoundError, errands_of, form_of, session_of, way_called
from syncer.web.layout import shown
from syncer.web.places import BusyError

router = APIRouter(include_in_schema=False)


@router.get("/search")
def ask(request: Request, way: str = "") -> Response:
    """Ask for the key of a row of a pipeline, the first one unless it is named with its destination."""
    session = session_of(request)
    known = _ways(session)
    chosen = _chosen(session, way or next(iter(known), ""))
    return shown(request, session, "search.html", ways=known, chosen=chosen, given=(), traces=(), problem="")


@router.post("/search")
def find(request: Request) -> Response:
    """Show what became of the row with a key."""
    session, form = session_of(request), form_of(request)
    chosen = _chosen(session, form.get("way", ""))
    if chosen is None:
        raise NotFoundError("no pipeline is named; choose one on the page")
    given = tuple(form.get(f"key_{number}", "") for number in range(len(chosen.key)))
    found, problem = _found(session, chosen, given, errands_of(request))
    facts = {"ways": _ways(session), "chosen": chosen, "given": given}
    return shown(request, session, "search.html", traces=found, problem=problem, **facts)


def _ways(session: Session) -> dict[str, str]:
    """Return what each way of a pipeline is asked for by, and what people are told."""
    found = (way for pipeline in session.project.pipelines.values() for way in ways(pipeline))
    return {f"{way.name}/{way.destinations[0]}": session.label(way) for way in found}


def _chosen(session: Session, text: str) -> Pipeline | None:
    name, _, destination = text.partition("/")
    return way_called(session, name, destination) if text else None


def _found(
    session: Session, pipeline: Pipeline, key: tuple[str, ...], errands: Errands
) -> tuple[tuple[Trace, ...], str]:
    """Return what became of the events of a row, or why that cannot be told."""
    if not all(key):
        return (), "the key has a column without a value; fill in each"
    try:
        with errands.looking():
            return trace(session, pipeline, key), ""
    except (BusyError, ConfigError, SourceError) as error:
        return (), str(error)
