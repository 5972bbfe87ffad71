"""What the buttons of a pipeline do: the same as the commands, with a line in the audit log."""

import re
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncer import actions
from syncer.errors import SyncerError
from syncer.pipeline import Pipeline
from syncer.report import RunReport, RunStatus
from syncer.state.quarantine import Chosen
from syncer.web.found import errands_of, form_of, path_of, session_of, way_called
from syncer.web.layout import redirect

router = APIRouter(include_in_schema=False)
_ID = re.compile(r"[0-9]{1,18}")


@router.post("/pipelines/{name}/{destination}/run")
def run(request: Request, name: str, destination: str) -> Response:
    """Ask for a run."""
    session = session_of(request)
    actions.ask_for_run(session, way_called(session, name, destination))
    return redirect(path_of(name, destination), "asked")


@router.post("/pipelines/{name}/{destination}/pause")
def pause(request: Request, name: str, destination: str) -> Response:
    """Let no run begin."""
    session = session_of(request)
    actions.pause(session, way_called(session, name, destination))
    return redirect(path_of(name, destination), "paused")


@router.post("/pipelines/{name}/{destination}/resume")
def resume(request: Request, name: str, destination: str) -> Response:
    """Let runs begin again."""
    session = session_of(request)
    actions.resume(session, way_called(session, name, destination))
    return redirect(path_of(name, destination), "resumed")


@router.post("/pipelines/{name}/{destination}/retry")
def retry(request: Request, name: str, destination: str) -> Response:
    """Judge rejects again, all or those of a reason."""
    session, reason = session_of(request), form_of(request).get("reason") or None
    pipeline, chosen = way_called(session, name, destination), Chosen(reason=reason)
    what = f"Retry of rejects for {reason}" if reason else "Retry of all rejects"
    return _begun(request, pipeline, what, lambda: actions.retry_rejects(session, pipeline, chosen))


@router.post("/pipelines/{name}/{destination}/reconcile")
def reconcile(request: Request, name: str, destination: str) -> Response:
    """Compare all keys in Meta's window with the ledger."""
    session = session_of(request)
    pipeline = way_called(session, name, destination)
    return _begun(request, pipeline, "Reconcile", lambda: actions.reconcile(session, pipeline))


@router.post("/pipelines/{name}/{destination}/held/resend")
def resend_held(request: Request, name: str, destination: str) -> Response:
    """Send held requests again: those that the form names, which are those that were looked at."""
    session, ids = session_of(request), _requests(request)
    pipeline = way_called(session, name, destination)
    what = f"Resend of {len(ids)} held {'request' if len(ids) == 1 else 'requests'}"
    return _begun(request, pipeline, what, lambda: actions.resend_held(session, pipeline, ids))


@router.post("/pipelines/{name}/{destination}/held/assume-delivered")
def assume_delivered(request: Request, name: str, destination: str) -> Response:
    """Take held requests for delivered."""
    session, ids = session_of(request), _requests(request)
    actions.assume_delivered(session, way_called(session, name, destination), ids)
    return redirect(path_of(name, destination), "assumed")


def _requests(request: Request) -> list[int]:
    """Return the ids that a form names; raises `SyncerError` where it names none."""
    found = [each for each in form_of(request).get("requests", "").split(",") if _ID.fullmatch(each)]
    if not found:
        raise SyncerError("no request is named; load the page again")
    return [int(each) for each in found]


def _begun(request: Request, way: Pipeline, what: str, work: Callable[[], RunReport]) -> Response:
    """Begin a run that nobody can wait for, and lead to the page that tells what comes of it."""
    session = session_of(request)
    errands_of(request).begin(session.label(way), what, lambda: _words(work()), by=session.actor)
    return redirect(path_of(way.name, way.destinations[0]), "begun")


def _words(report: RunReport) -> str:
    """Return what a run did, in a sentence; raises `SyncerError` with it where it did not come to its end."""
    events = "event" if report.acknowledged == 1 else "events"
    said = f"{report.status.value.replace('_', ' ')}, {report.acknowledged:,} {events} acknowledged"
    said = f"{said}: {report.message}" if report.message else said
    if report.status not in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS):
        raise SyncerError(said)
    return said
