"""The events that came more than once, the last few of them."""

from collections import OrderedDict
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One event that came again, and how often so far."""

    kind: str
    """`event_id` or `offline`, as in an arrival."""
    dataset_id: str
    event_name: str
    event_id: str | None
    times: int
    """How often it came, the first time included."""
    last_request: int
    last_received_at: float


class Repeats:
    """Counts by event; the longest without a repetition is forgotten beyond `keep`."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._found: OrderedDict[tuple[str, ...], Repeat] = OrderedDict()

    def add(self, key: tuple[str, ...], repeat: Repeat) -> None:
        """Count one more arrival of what `key` stands for."""
        known = self._found.pop(key, None)
        self._found[key] = repeat if known is None else replace(repeat, times=known.times + 1)
        if len(self._found) > self._keep:
            self._found.popitem(last=False)

    def newest_first(self) -> list[Repeat]:
        """Return the repeated events, the last to be repeated first."""
        return list(reversed(self._found.values()))
