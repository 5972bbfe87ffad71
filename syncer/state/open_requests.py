"""Which requests are unfinished, and how far the watermark may go because of them."""

from dataclasses import dataclass

from connectors.incremental import CursorKind, CursorValue
from syncer.errors import StateError
from syncer.state.requests import NewRequest, RequestState, may_become
from syncer.watermark import Watermark, order

SETTLING = frozenset({RequestState.ACKED, RequestState.DEAD, RequestState.HELD, RequestState.EXPIRED})
"""States that settle every event of the request."""
STILL_OPEN = frozenset({RequestState.ARMED, RequestState.RETRY, RequestState.DOUBT})


@dataclass(slots=True)
class OpenRequest:
    """A request that something must still happen to; its state changes."""

    id: int
    run_id: str
    state: RequestState
    events: int
    base: bytes
    """Seal of what never changes in it."""
    digests: bytes
    root: int
    """The request that its events were planned in; itself unless it is a part."""
    in_doubt: bool = False
    """Whether Meta may have its events since an earlier answer, or an earlier request."""

    def written(self, state: RequestState) -> RequestState:
        """Return what the store is told of `state`.

        A request in doubt that is divided is given up there as well: that is how a next run knows of what doubt its parts
        are, should this one die before it sends them.
        """
        return RequestState.SUPERSEDED if self.in_doubt and state is RequestState.SPLIT else state


@dataclass(slots=True)
class _Owed:
    """Events of one plan that are not settled; counts down."""

    low: CursorValue | None
    events: int


class OpenRequests:
    """Counts what is unfinished; the store changes it after each commit, never before."""

    def __init__(self) -> None:
        self._open: dict[int, OpenRequest] = {}
        self._roots: dict[int, int] = {}
        self._owed: dict[int, _Owed] = {}

    def add(self, request: OpenRequest, low: CursorValue | None) -> None:
        """Remember a request; a part counts for the request it is a part of."""
        self._open[request.id] = request
        self._roots[request.id] = request.root
        if request.root == request.id:
            self._owed[request.id] = _Owed(low, request.events)

    def root_of(self, parent: int | None) -> int | None:
        """Return the root that parts of `parent` count for; None: they start one."""
        root = None if parent is None else self._roots.get(parent)
        return root if root in self._owed else None

    def get(self, request_id: int) -> OpenRequest:
        """Return an unfinished request; raises `StateError` where it is finished or unknown."""
        try:
            return self._open[request_id]
        except KeyError:
            raise StateError(f"state: request {request_id} is not open in this run; the run stops") from None

    def moved(self, request: OpenRequest, state: RequestState) -> None:
        """Note what was committed."""
        request.state = state
        request.in_doubt = request.in_doubt or state is RequestState.DOUBT
        owed = self._owed.get(request.root)
        if owed is not None and state in SETTLING:
            owed.events -= request.events
        if owed is not None and (owed.events <= 0 or state is RequestState.SUPERSEDED):
            del self._owed[request.root]
        if state not in STILL_OPEN:
            del self._open[request.id]

    def settled_by(self, divided: OpenRequest | None, aside: NewRequest | None) -> tuple[int, int] | None:
        """Return (root, events) of what `aside` settles, a part of `divided`; None: nothing that is owed."""
        if aside is None:
            return None
        root = self.root_of(aside.parent) if divided is None else divided.root
        return None if root is None else (root, aside.events)

    def divided(self, request: OpenRequest | None, settled: tuple[int, int] | None) -> None:
        """Note that a request was given up for its parts, and what was settled by that."""
        if request is not None:
            request.state = RequestState.SUPERSEDED
            del self._open[request.id]
        if settled is not None and (owed := self._owed.get(settled[0])) is not None:
            owed.events -= settled[1]
            if owed.events <= 0:
                del self._owed[settled[0]]

    def require_not_past(self, watermark: Watermark, *, settled: tuple[int, int] | None = None) -> None:
        """Raise `StateError` if an unsettled event lies below `watermark`; `settled` is (root, events) just now."""
        of_root, events = settled or (None, 0)
        for root, owed in self._owed.items():
            left = owed.events - (events if root == of_root else 0)
            if left > 0 and (owed.low is None or order(owed.low) < order(watermark.value)):
                raise StateError(f"state: the watermark would pass request {root}, which is unfinished; the run stops")


def require_transition(request: OpenRequest, state: RequestState) -> None:
    """Raise `StateError` for a step that the protocol does not have."""
    if not may_become(request.state, state):
        raise StateError(f"state: request {request.id} cannot go from {request.state} to {state}; the run stops")
    if state is RequestState.DEAD and request.events != 1:
        raise StateError(f"state: request {request.id} has {request.events} events, only one can be refused for good")


def is_forward(before: Watermark | None, after: Watermark) -> bool:
    """Return whether `after` is beyond `before`; raises `StateError` where the two are of different types."""
    if before is None:
        return True
    require_fit(before, after.value.kind)
    return before.is_behind(after)


def require_fit(before: Watermark | None, kind: CursorKind) -> None:
    """Raise `StateError` where the cursor's type is no longer that of the watermark `before`."""
    if before is not None and not before.fits(kind):
        raise StateError(
            f"state: the cursor was {before.value.kind} and is {kind} now; "
            "cast it back in the query, or let it start over: `syncer reset NAME --to start`"
        )
