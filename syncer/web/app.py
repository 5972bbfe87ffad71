"""The daemon's page and API as one application, with the guard before it."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from syncer import __version__
from syncer.health import Health, Watched
from syncer.web import acts, connections, login, pages, search, set_aside
from syncer.web.access import Access
from syncer.web.api import create_api
from syncer.web.errands import Errands
from syncer.web.guard import API, App, Guard, Receive, Scope, Send
from syncer.web.health import PATHS, HealthApp
from syncer.web.mishaps import Caught, add_handlers


def create_app(daemon: Watched, access: Access, *, health: Health, errands: Errands) -> App:
    """Return the application of a daemon that runs, or is about to."""
    pages = _routes(daemon, health=health, errands=errands)
    return Guard(Caught(_by_path(create_api(daemon, errands), pages)), access)


def _by_path(api: App, pages: App) -> App:
    """Return both as one: a mount of Starlette would pass a path with a line break by."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(API):
            await api({**scope, "root_path": scope.get("root_path", "") + API.rstrip("/")}, receive, send)
        else:
            await pages(scope, receive, send)

    return app


def _routes(daemon: Watched, *, health: Health, errands: Errands) -> FastAPI:
    app = FastAPI(title="syncer", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.daemon, app.state.errands = daemon, errands
    for each in (login, pages, set_aside, acts, connections, search):
        app.include_router(each.router)
    add_handlers(app)
    app.router.routes.extend(Route(path, HealthApp(health)) for path in PATHS)
    with_assets = Path(str(files("syncer.web") / "static"))
    app.mount("/static", StaticFiles(directory=with_assets))
    return app
