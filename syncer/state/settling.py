"""What settling a request means elsewhere: the counter of its events, the crash point it passes."""

from syncer.report import Bucket
from syncer.state import counts
from syncer.state.requests import RequestState

COUNTER = {
    RequestState.ACKED: counts.ACKNOWLEDGED,
    RequestState.DEAD: (counts.BUCKET, Bucket.REJECTED_REMOTE.value),
    RequestState.HELD: (counts.BUCKET, Bucket.HELD.value),
    RequestState.EXPIRED: (counts.BUCKET, Bucket.EXPIRED.value),
}
"""Where the events of a settled request are counted."""
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
"""The crash points that a settling passes."""
