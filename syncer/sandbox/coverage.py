"""Which keys of user_data the events carried, in all and by event name."""

from collections import Counter
from collections.abc import Iterator

from syncer.sandbox.shapes import Json

IP_AND_AGENT = ("client_ip_address", "client_user_agent")
"""Meta uses the address together with the user agent; one alone says little."""

_MOST_COMBINATIONS = 4_096


class Coverage:
    """Counts events by name and combination of keys; memory ends at some thousand combinations."""

    def __init__(self) -> None:
        self._sets: Counter[tuple[str, tuple[str, ...]]] = Counter()

    def count(self, event_name: str, keys: tuple[str, ...]) -> None:
        """Count one event; where combinations are too many, its keys one by one."""
        sets = self._sets
        found = (event_name, keys)
        if found in sets or len(sets) < _MOST_COMBINATIONS:
            sets[found] += 1
            return
        for part in _parts(keys):
            if (event_name, part) in sets or len(sets) < 2 * _MOST_COMBINATIONS:
                sets[(event_name, part)] += 1

    def totals(self) -> dict[str, int]:
        """Return for each key how many of the events carried it, the most frequent first."""
        counted: Counter[str] = Counter()
        for (_, keys), events in self._sets.items():
            for key in keys:
                counted[key] += events
        return dict(counted.most_common())

    def by_name(self, names: Counter[str]) -> list[Json]:
        """Return the keys of each of these event names, the most frequent name first."""
        keys: dict[str, Counter[str]] = {name: Counter() for name in names}
        pairs: Counter[str] = Counter()
        for (name, combination), events in self._sets.items():
            counted = keys.setdefault(name, Counter())
            for key in combination:
                counted[key] += events
            pairs[name] += events if set(IP_AND_AGENT) <= set(combination) else 0
        return [
            {
                "event_name": name,
                "events": events,
                "user_data": dict(keys[name].most_common()),
                "ip_and_agent": pairs[name],
            }
            for name, events in names.most_common()
        ]


def _parts(keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    together = set(IP_AND_AGENT) <= set(keys)
    if together:
        yield IP_AND_AGENT
    yield from ((key,) for key in keys if not (together and key in IP_AND_AGENT))
