"""The cursor value up to which every row read is settled; pure."""

from dataclasses import dataclass, field

from connectors.incremental import CursorValue


@dataclass(slots=True)
class _Page:
    upto: CursorValue | None
    open_requests: int
    blocks: bool


@dataclass(slots=True)
class Frontier:
    """Counts the open requests of each page of rows; pages come in cursor order.

    A page's own last value may be stored once it and all pages before it are settled: reading starts at the
    stored value inclusively, so equal values that lie in the next page are read again.
    """

    _pages: dict[int, _Page] = field(default_factory=dict)
    _next: int = 0
    _closed: bool = False
    _upto: CursorValue | None = None

    def open(self, page: int, *, upto: CursorValue | None, requests: int, blocks: bool = False) -> None:
        """Take page number `page` with so many requests; `upto` is the cursor value it reaches, None without one.

        `blocks` says that rows behind `upto` must be read again: no later page moves the frontier.
        """
        self._pages[page] = _Page(upto, requests, blocks)

    def divide(self, page: int) -> None:
        """Take note that one request of `page` has become two."""
        self._pages[page].open_requests += 1

    def settle(self, page: int) -> None:
        """Take note that one request of `page` is settled."""
        self._pages[page].open_requests -= 1

    def reached(self) -> CursorValue | None:
        """Return the cursor value every row up to which is settled; None while there is none."""
        while not self._closed and (page := self._pages.get(self._next)) and page.open_requests == 0:
            del self._pages[self._next]
            self._upto = page.upto or self._upto
            self._closed = page.blocks
            self._next += 1
        return self._upto
