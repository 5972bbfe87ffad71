"""What every page has: where it is, what was just done, what its live part asks for."""

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import QueryParams

from syncer.session import Session
from syncer.web.found import troubles_of
from syncer.web.render import page

TOLD: Final = {
    "asked": "A run is asked for; it begins as soon as a place is free.",
    "paused": "Paused: no run begins until it is resumed.",
    "resumed": "Resumed: runs begin again.",
    "assumed": "Taken for delivered: no run sends these events.",
    "begun": "It is under way; this page shows how it goes on, and what came of it.",
}
"""What was just done, by the word that a redirect carries."""


def shown(request: Request, session: Session, template: str, **facts: Any) -> HTMLResponse:
    """Return a page of the daemon."""
    told = TOLD.get(request.query_params.get("told", ""), "")
    common = {"told": told, "troubles": troubles_of(request), "target": session.project.target, "live": _live(request)}
    ways = ((name, to) for name, pipeline in session.project.pipelines.items() for to in pipeline.destinations)
    return page(request, template, {**common, "now": session.clock.now(), "with_page": frozenset(ways), **facts})


def redirect(path: str, told: str) -> RedirectResponse:
    """Return the answer to a form: the page at `path`, which says what was done."""
    return RedirectResponse(f"{path}?{urlencode({'told': told})}", status_code=303)


def _live(request: Request) -> str:
    """Return the address that the live part of a page is loaded from: the page's, without what was just done."""
    query = [(name, value) for name, value in QueryParams(request.url.query).multi_items() if name != "told"]
    return f"{request.url.path}?{urlencode(query)}" if query else request.url.path
