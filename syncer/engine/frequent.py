"""The most frequent value of a few parameters among any number of events, in bounded memory; pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import polars as pl

WATCHED: Final = ("em", "ph", "client_ip_address", "fbp", "fbc", "external_id")
MOST_VALUES: Final = 50_000
KEPT: Final = 5_000
"""So many of the most frequent values stay when there are too many: what is in 2 % of the events is among them."""


@dataclass(slots=True)
class Frequent:
    """Counts values of customer information, as they are sent, batch by batch; shows none of them. Mutable."""

    _values: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in WATCHED})

    def add(self, texts: pl.Series) -> None:
        """Count the values of some events, given as JSON."""
        for name, counter in self._values.items():
            values = texts.str.json_path_match(f"$.user_data.{name}").drop_nulls()
            for value, count in values.value_counts().iter_rows():
                counter[value] += count
            if len(counter) > MOST_VALUES:
                self._values[name] = Counter(dict(counter.most_common(KEPT)))

    def most(self) -> dict[str, int]:
        """Return how often the most frequent value of each parameter occurred, without the value."""
        return {name: max(counter.values(), default=0) for name, counter in self._values.items()}
