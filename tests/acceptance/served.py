"""The daemon's page and API on a port of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from syncer.health import Health, Standing
from syncer.ports import Clock, SystemClock
from syncer.session import Session
from syncer.web.access import Access
from syncer.web.app import create_app
from syncer.web.errands import Errands
from syncer.web.server import listener, served

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
