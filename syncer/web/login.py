"""Where a browser is asked for the token. The guard takes it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from syncer.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login(request: Request) -> HTMLResponse:
    """Ask for the token."""
    return page(request, "login.html", {"is_wrong": "wrong" in request.query_params})
