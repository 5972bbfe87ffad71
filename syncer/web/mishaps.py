"""What a page says when it cannot do what was asked: the error and its remedy, never a trace or a value."""

import logging
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from connectors.errors import SourceError
from syncer.errors import ConfigError, StateError, SyncerError
from syncer.logs import redact, unexpected
from syncer.web.found import NotFoundError, NotReadyError
from syncer.web.guard import App, Message, Receive, Scope, Send
from syncer.web.places import BusyError
from syncer.web.render import page

STATUSES: Final[dict[type[Exception], int]] = {
    NotFoundError: 404,
    NotReadyError: 503,
    StateError: 503,
    SourceError: 502,
    ConfigError: 409,
    BusyError: 429,
    SyncerError: 409,
}
"""Errors that explain themselves; the nearest class counts."""
log = logging.getLogger(__name__)


def add_handlers(app: FastAPI) -> None:
    """Let every failure of a page be a page."""
    for kind, status in STATUSES.items():
        app.add_exception_handler(kind, _told(status))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _told(status: int) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        return _page(request, status, str(error))

    return answer


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _page(request, status, "There is no such page." if status == 404 else "This is not how the page is asked.")


def _unexpected(request: Request, error: Exception) -> Response:
    return _page(request, 500, f"{unexpected(error)}; nothing is lost, please report this line")


class Caught:
    """An ASGI application around another, which notes what nobody expected, and answers where nobody did."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001  # the page goes on, whatever it is
            # its text may hold data, so kind and place are told alone
            log.log(logging.ERROR, "page.failed", extra={"path": scope["path"], "error": unexpected(error)})
            if not has_begun:
                await _unexpected(Request(scope), error)(scope, receive, send)


def _page(request: Request, status: int, error: str) -> Response:
    return page(request, "error.html", {"status": status, "error": redact(error)}, status=status)
