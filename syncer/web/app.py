"""The daemon's page and API as one application, with the guard before it."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from syncer import __version__
from syncer.health import Health, Watched
from syncer.web import login, pages
from syncer.web.access import Access
from syncer.web.api import create_api
from syncer.web.errands import Errands
from syncer.web.guard import App, Guard
from syncer.web.health import PATHS, HealthApp


def create_app(daemon: Watched, access: Access, *, health: Health, errands: Errands) -> App:
    """Return the application of a daemon that runs, or is about to."""
    return Guard(_routes(daemon, health=health, errands=errands), access)


def _routes(daemon: Watched, *, health: Health, errands: Errands) -> FastAPI:
    app = FastAPI(title="syncer", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.daemon, app.state.errands = daemon, errands
    for router in (login.router, pages.router):
        app.include_router(router)
    app.router.routes.extend(Route(path, HealthApp(health)) for path in PATHS)
    app.mount("/api", create_api(daemon))
    with_assets = Path(str(files("syncer.web") / "static"))
    app.mount("/static", StaticFiles(directory=with_assets))
    return app
