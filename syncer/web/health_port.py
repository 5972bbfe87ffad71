"""The port that serves health and metrics alone, without token; for probes and Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncer.health import Health
from syncer.web.health import HealthApp
from syncer.web.server import listener, served


@contextmanager
def health_served(health: Health, host: str, port: int) -> Iterator[int]:
    """Serve health during the block; give the port, which is a free one for 0. Raises `SyncerError` at once."""
    listening = listener(host, port, key="daemon.health_port")
    with served(HealthApp(health), listening, name="syncer-health"):
        yield listening.getsockname()[1]
