"""A connection of the page that has to ask for something: one without a call would keep others out."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class Hurried(H11Protocol):
    """HTTP/1.1, where a connection ends on which no call, or half of one, has come for `head_s`. Mutable."""

    head_s: ClassVar[float] = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for a call."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._waiting.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_s, self._look, self.cycle)

    def _look(self, before: Any) -> None:
        """Hang up where the last call is the same as `before`, none or answered; else wait on."""
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
        else:
            self._wait()
