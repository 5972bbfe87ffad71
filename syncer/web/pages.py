"""The pages that are read: each is a GET that changes nothing."""

from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from syncer.engine.explained import explanation
from syncer.state.audit import entries
from syncer.state.history import find_runs, stored_pipeline
from syncer.state.set_aside import Filter, newest, reasons
from syncer.status import runs
from syncer.web.found import NotFoundError, argument_of, errands_of, path_of, pipeline_called, session_of, way_called
from syncer.web.layout import shown
from syncer.web.one_pipeline import one_pipeline
from syncer.web.one_run import one_run
from syncer.web.overview import overview, run_state

MOST: Final = 100
"""Lines of a list."""
SPANS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
router = APIRouter(include_in_schema=False)


@router.get("/")
def all_pipelines(request: Request) -> Response:
    """Show every pipeline in a line."""
    session = session_of(request)
    return shown(request, session, "overview.html", view=overview(session))


@router.get("/pipelines/{name}")
def pipeline(request: Request, name: str) -> Response:
    """Lead to the page of a pipeline, on its way to the first of its destinations."""
    found = pipeline_called(session_of(request), name)
    return RedirectResponse(path_of(found.name, found.destinations[0]), status_code=303)


@router.get("/pipelines/{name}/{destination}")
def way(request: Request, name: str, destination: str) -> Response:
    """Show one pipeline on its way to one destination."""
    session = session_of(request)
    found = way_called(session, name, destination)
    errand = errands_of(request).last(session.label(found))
    return shown(request, session, "pipeline.html", view=one_pipeline(session, found), errand=errand)


@router.get("/pipelines/{name}/{destination}/rejects")
def rejects(
    request: Request, name: str, destination: str, reason: str = "", field: str = "", since: str = ""
) -> Response:
    """List what is set aside of a pipeline."""
    session = session_of(request)
    found = way_called(session, name, destination)
    stored = stored_pipeline(session.store, session.scope(found))
    wanted = Filter(reason=reason or None, field=field or None, since=_since(since, session.clock.now()))
    lines, count = newest(session.store, stored.id, wanted, limit=MOST) if stored else ([], 0)
    whys = reasons(session.store, stored.id) if stored else []
    names = {"base": path_of(name, destination), "label": session.label(found), "argument": argument_of(session, found)}
    facts = {"lines": lines, "count": count, "whys": whys}
    chosen = {"reason": reason, "field": field, "span": since, "spans": tuple(SPANS)}
    return shown(request, session, "rejects.html", **names, **facts, **chosen)


@router.get("/runs")
def all_runs(request: Request, pipeline: str = "") -> Response:
    """List the newest runs, of all pipelines or one."""
    session = session_of(request)
    found, names = runs(session.store, session.project.target, pipeline or None, limit=MOST), session.project.pipelines
    facts = {"runs": found, "pipeline": pipeline, "pipelines": tuple(names), "run_state": run_state}
    return shown(request, session, "runs.html", **facts)


@router.get("/runs/{run_id}")
def run(request: Request, run_id: str) -> Response:
    """Show one run."""
    session = session_of(request)
    if not find_runs(session.store, run_id, target=session.project.target, limit=1):
        raise NotFoundError(f"there is no run {run_id}; the list of runs has those that are kept")
    return shown(request, session, "run.html", view=one_run(session, run_id))


@router.get("/audit")
def audit(request: Request, pipeline: str = "") -> Response:
    """List what operators did, of all pipelines or one."""
    session = session_of(request)
    found = entries(session.store, session.project.target, pipeline or None, limit=MOST)
    names = tuple(session.project.pipelines)
    return shown(request, session, "audit.html", entries=found, pipeline=pipeline, pipelines=names)


@router.get("/reasons/{code}")
def reason(request: Request, code: str) -> Response:
    """Say what a code means."""
    found = explanation(code)
    if found is None:
        raise NotFoundError(f"{code} is no code of syncer; `syncer explain CODE` knows those that there are")
    return shown(request, session_of(request), "reason.html", found=found)


def _since(span: str, now: datetime) -> datetime | None:
    return now - SPANS[span] if span in SPANS else None
