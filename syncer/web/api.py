"""The JSON API under `/api`: an application of its own, to be mounted behind the guard of the page."""

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from syncer import __version__
from syncer.health import Watched
from syncer.web.api_act import Acting
from syncer.web.api_calls import RESPONSES, Harmless, add_handlers
from syncer.web.api_held import Deciding
from syncer.web.api_read import Reading
from syncer.web.errands import Errands

ABOUT = """\
What the commands of an operator do, for programs. Every call needs `Authorization: Bearer TOKEN`. An error is
`{"error": ..., "remedy": ...}` with a status of 4xx or 5xx. Times are UTC. What changes something is a POST, and is
written into the audit log.
"""


def create_api(daemon: Watched, errands: Errands) -> FastAPI:
    """Return the API of a running daemon; it believes that whoever calls it may do so."""
    api = FastAPI(
        title="syncer",
        version=__version__,
        description=ABOUT,
        servers=[{"url": "/api"}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        default_response_class=Harmless,
        responses=RESPONSES,
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The daemon's token."))],
    )
    add_handlers(api)
    api.include_router(Reading(daemon).router())
    api.include_router(Acting(daemon, errands).router())
    api.include_router(Deciding(daemon, errands).router())
    return api
