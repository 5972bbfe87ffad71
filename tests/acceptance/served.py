"""The daemon's page and API, on a port of this machine or read at once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Protocol, cast

from syncer.health import Health, Standing, Watched
from syncer.ports import Clock, SystemClock
from syncer.session import Session
from syncer.web.access import Access
from syncer.web.app import create_app
from syncer.web.errands import Errands
from syncer.web.guard import App
from syncer.web.server import listener, served
from tests.unit.web.asgi import ask

TOKEN = "a-token-of-the-page-0123456789abcdef"


class Ticking(Protocol):
    """A daemon, as far as it is asked here."""

    @property
    def clock(self) -> Clock: ...

    def standing(self) -> Standing: ...


@dataclass
class Stub:
    """A daemon without its loop."""

    session: Session | None
    clock: Clock = field(default_factory=SystemClock)

    def standing(self) -> Standing:
        return Standing(session=self.session)


class Seat:
    """Stands in an application for whoever sits there. Mutable."""

    sitter: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sitter, name)


class Application:
    """The application of a daemon, which may be another one each time: to make one takes a quarter of a second. Mutable."""

    def __init__(self) -> None:
        self.daemon, self.health, self.errands = Seat(), Seat(), Seat()
        daemon, health, errands = (
            cast("Watched", self.daemon),
            cast("Health", self.health),
            cast("Errands", self.errands),
        )
        self.app = create_app(daemon, Access(TOKEN), health=health, errands=errands)

    def seat(self, daemon: Ticking | None, errands: Errands | None = None) -> None:
        """Let it be the one of `daemon` from now on, with nothing left of the one before; None: nobody's."""
        self.daemon.sitter = daemon
        self.health.sitter = daemon and Health(daemon, daemon.clock)
        self.errands.sitter = daemon and (errands or Errands(daemon.clock))


FREE: list[Application] = []
"""Nobody's for now."""


@contextmanager
def application_of(daemon: Ticking, errands: Errands | None = None) -> Iterator[App]:
    """Give the application of `daemon`."""
    application = FREE.pop() if FREE else Application()
    application.seat(daemon, errands)
    try:
        yield application.app
    finally:
        application.seat(None)
        FREE.append(application)


@contextmanager
def app_served(daemon: Ticking, errands: Errands | None = None) -> Iterator[int]:
    """Serve the application of `daemon` during the block; give its port."""
    listening = listener("127.0.0.1", 0, key="daemon.port")
    with application_of(daemon, errands) as app, served(app, listening, name="page"):
        yield listening.getsockname()[1]


def page_text(session: Session, *paths: str) -> str:
    """What pages say about the state of a session, without tags, on one line."""
    told = {"authorization": f"Bearer {TOKEN}"}
    with application_of(Stub(session, session.clock)) as app:
        html = "".join(ask(app, path, headers=told).text for path in paths)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
