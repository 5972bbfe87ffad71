"""The daemon's page and API, on a port of this machine or read at once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Protocol

from syncer.health import Health, Standing
from syncer.ports import Clock, SystemClock
from syncer.session import Session
from syncer.web.access import Access
from syncer.web.app import create_app
from syncer.web.errands import Errands
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


@contextmanager
def app_served(daemon: Ticking, errands: Errands | None = None) -> Iterator[int]:
    """Serve the application of `daemon` during the block; give its port."""
    listening = listener("127.0.0.1", 0, key="daemon.port")
    app = create_app(
        daemon, Access(TOKEN), health=Health(daemon, daemon.clock), errands=errands or Errands(daemon.clock)
    )
    with served(app, listening, name="page"):
        yield listening.getsockname()[1]


def page_text(session: Session, *paths: str) -> str:
    """What pages say about the state of a session, without tags, on one line."""
    daemon, told = Stub(session, session.clock), {"authorization": f"Bearer {TOKEN}"}
    app = create_app(daemon, Access(TOKEN), health=Health(daemon, daemon.clock), errands=Errands(daemon.clock))
    html = "".join(ask(app, path, headers=told).text for path in paths)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
