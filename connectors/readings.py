"""The readings of a source that are open: they end with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from connectors.errors import SourceRefusedError


class Readings:
    """What is open; mutable: holds one stack for each reading until it ends."""

    def __init__(self) -> None:
        self._open: set[ExitStack] = set()
        self._is_closed = False

    @contextmanager
    def begin(self) -> Iterator[ExitStack]:
        """Give what ends with the reading, or with the source; raises `SourceRefusedError` where that was closed."""
        self.refuse_if_closed()
        with ExitStack() as reading:
            self._open.add(reading)
            reading.callback(self._open.discard, reading)
            yield reading

    def refuse_if_closed(self) -> None:
        """Raise `SourceRefusedError` where the source was closed: what was read so far is not all."""
        if self._is_closed:
            raise SourceRefusedError("the warehouse was closed before its rows were read", remedy="open it again")

    def close(self) -> None:
        """End all readings, and let none begin."""
        self._is_closed = True
        for reading in list(self._open):
            reading.close()
