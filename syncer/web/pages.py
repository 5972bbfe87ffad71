"""The pages."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from syncer.health import Watched
from syncer.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def overview(request: Request) -> HTMLResponse:
    """Show every pipeline."""
    daemon: Watched = request.app.state.daemon
    session = daemon.standing().session
    names = list(session.project.pipelines) if session else []
    return page(request, "overview.html", {"names": names})
