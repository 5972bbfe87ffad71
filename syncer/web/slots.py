"""Events over time: runs put into equal slots, and the curves drawn of them; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syncer.report import REJECTED, Bucket
from syncer.state.volumes import Volume

WIDTHS_S: Final = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 7 * 86_400)
MOST_SLOTS: Final = 72
TAKEN: Final = "acknowledged"
OUTCOMES: Final[dict[str, tuple[str, ...]]] = {
    TAKEN: (TAKEN,),
    "rejected": REJECTED,
    "held": (Bucket.HELD,),
    "too old": (Bucket.EXPIRED, Bucket.PAST_MAX_AGE),
}
"""What a chart shows, and which buckets that is; what nobody wanted sent is left out."""
DRAWN: Final = frozenset(bucket for buckets in OUTCOMES.values() for bucket in buckets)


@dataclass(frozen=True, slots=True)
class Series:
    """Events by outcome in slots of equal width, oldest first."""

    width_s: int
    starts: tuple[int, ...]
    """Unix seconds."""
    counts: dict[str, tuple[int, ...]]
    """Outcome to events in each slot; every key of `OUTCOMES`."""

    @property
    def total(self) -> int:
        """Return all events."""
        return sum(map(sum, self.counts.values()))

    def rows(self) -> list[tuple[datetime, list[int]]]:
        """Return the slots with events, newest first: when each begins, and its events by outcome."""
        found = zip(self.starts, zip(*self.counts.values(), strict=True), strict=True)
        return [(datetime.fromtimestamp(start, UTC), list(each)) for start, each in reversed([*found]) if any(each)]

    def to_json(self) -> dict[str, object]:
        """Return plain data, for the script that draws it."""
        return {"width_s": self.width_s, "starts": self.starts, "outcomes": list(self.counts.items())}


def series(volumes: Iterable[Volume], *, since: datetime, until: datetime) -> Series:
    """Return the events of runs that began between the two; the slots are as narrow as `MOST_SLOTS` allows."""
    span_s = max(1.0, (until - since).total_seconds())
    width_s = next((width for width in WIDTHS_S if span_s / width <= MOST_SLOTS), WIDTHS_S[-1])
    first = int(since.timestamp()) // width_s * width_s
    starts = tuple(range(first, int(until.timestamp()) + 1, width_s))
    counts = {outcome: [0] * len(starts) for outcome in OUTCOMES}
    for volume in volumes:
        slot = (int(volume.started_at.timestamp()) - first) // width_s
        if 0 <= slot < len(starts):
            for outcome, buckets in OUTCOMES.items():
                counts[outcome][slot] += sum(volume.events.get(bucket, 0) for bucket in buckets)
    return Series(width_s, starts, {outcome: tuple(each) for outcome, each in counts.items()})


def span(volumes: Sequence[Volume], *, until: datetime, longest: timedelta) -> tuple[datetime, datetime]:
    """Return from when to when a chart of these runs, newest first, goes: at least an hour, at most `longest`."""
    first = volumes[-1].started_at if volumes else until
    return max(until - longest, min(first, until - timedelta(hours=1))), until


def curve(values: Sequence[int], *, width: int, height: int) -> str:
    """Return the points of an SVG polyline of the values, the largest at the top; a flat line where all are zero."""
    top, step = max(values, default=0) or 1, width / max(1, len(values) - 1)
    return " ".join(f"{index * step:.1f},{height - value / top * height:.1f}" for index, value in enumerate(values))
