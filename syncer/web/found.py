"""What a call is about: the daemon's session at work for whoever asks, and what the address names."""

from urllib.parse import quote

from fastapi import Request

from syncer.errors import ConfigError, SyncerError
from syncer.health import Watched
from syncer.pipeline import Pipeline, ways
from syncer.session import Session, find_pipeline
from syncer.web.errands import Errands
from syncer.web.render import caller_of


class NotFoundError(SyncerError):
    """What an address names does not exist."""


class NotReadyError(SyncerError):
    """The daemon has not begun, or is about to end."""


def session_of(request: Request) -> Session:
    """Return the session of the newest good files, acting for the page; raises `NotReadyError`."""
    daemon: Watched = request.app.state.daemon
    standing = daemon.standing()
    if standing.session is None or standing.is_stopping:
        raise NotReadyError("the daemon begins or ends; load the page again in a moment")
    session = standing.session
    return session.renewed(session.project, actor=f"page of {session.actor}")


def troubles_of(request: Request) -> tuple[str, ...]:
    """Return what keeps the daemon from working, in words."""
    daemon: Watched = request.app.state.daemon
    return daemon.standing().troubles


def errands_of(request: Request) -> Errands:
    """Return what does things that take a while."""
    errands: Errands = request.app.state.errands
    return errands


def form_of(request: Request) -> dict[str, str]:
    """Return what a form of the page sent; the guard saw to it that it is ours."""
    return caller_of(request).form or {}


def pipeline_called(session: Session, name: str) -> Pipeline:
    """Return the pipeline called `name`; raises `NotFoundError`."""
    try:
        return find_pipeline(session.project, name)
    except ConfigError as error:
        raise NotFoundError(str(error)) from None


def way_called(session: Session, name: str, destination: str) -> Pipeline:
    """Return the pipeline called `name` on its way to `destination`; raises `NotFoundError`."""
    pipeline = pipeline_called(session, name)
    for way in ways(pipeline):
        if destination in way.destinations:
            return way
    raise NotFoundError(f"{name} does not go to {destination}; it goes to {', '.join(pipeline.destinations)}")


def argument_of(session: Session, way: Pipeline) -> str:
    """Return what commands are told this way of a pipeline by, and no other: its name and options."""
    name = f"{way.name} --target {session.project.target}"
    return name if session.label(way) == way.name else f"{name} --destination {way.destinations[0]}"


def path_of(name: str, destination: str) -> str:
    """Return the address of the page of a pipeline on its way to a destination."""
    return f"/pipelines/{quote(name, safe='')}/{quote(destination, safe='')}"
