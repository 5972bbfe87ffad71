"""The crash points that the states of a request pass as it is settled."""

from syncer.state.requests import RequestState

POINT = {
    RequestState.ACKED: "outcome",
    RequestState.DEAD: "dead",
    RequestState.SPLIT: "split",
    RequestState.RETRY: "retry",
    RequestState.DOUBT: "outcome",
    RequestState.HELD: "hold",
    RequestState.EXPIRED: "outcome",
    RequestState.SUPERSEDED: "recover",
}
