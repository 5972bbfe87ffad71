"""What a sandbox remembers, and the few things that may be changed while it runs."""

from syncer.sandbox.faults import Strike
from syncer.sandbox.refusal import Hints
from syncer.sandbox.repeats import Repeat
from syncer.sandbox.rules import Law
from syncer.sandbox.settings import Settings
from syncer.sandbox.shapes import Json
from syncer.sandbox.store import Arrival, RefusedRecord, RequestRecord, Store
from syncer.sandbox.tokens import Door
from syncer.sandbox.usage import Usage


class Sandbox:
    """Meta's side of the Conversions API: its settings and what arrived."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.faults = self.settings.faults
        """May be changed at any time."""
        self.tokens = {token.text: token for token in self.settings.tokens}
        """By their text; may be changed at any time, for instance to repair one."""
        self.hints: Hints = self.settings.hints
        self.law = Law(strict=self.settings.strict)
        self.store = Store(self.settings.keep)
        self.usage = Usage(self.settings.calls_per_hour)
        self._requests = 0

    @property
    def begun(self) -> int:
        """How many requests of events have begun to arrive, answered or not."""
        return self._requests

    @property
    def received(self) -> int:
        """How many events were taken, kept or not, duplicates included."""
        return self.store.received

    def next_strike(self) -> tuple[int, Strike]:
        """Return the number of the request that now begins, from 1 on, and what happens to it."""
        self._requests += 1
        return self._requests, self.faults.strike(self._requests)

    def door(self) -> Door:
        """Return the checks of who may send where."""
        settings = self.settings
        return Door(
            tokens=self.tokens,
            dataset_ids=settings.dataset_ids,
            app_secret=settings.app_secret,
            proof_code=settings.proof_code,
        )

    def events(self) -> list[Json]:
        """Return the last events taken, as they came, the oldest first."""
        return [arrival.event for arrival in self.store.arrivals()]

    def arrivals(self) -> list[Arrival]:
        """Return the last events taken, with request, remarks and duplicates."""
        return self.store.arrivals()

    def requests(self) -> list[RequestRecord]:
        """Return the last requests, however they ended."""
        return self.store.requests()

    def refused(self) -> list[RefusedRecord]:
        """Return the last refused requests with the reason and the event to blame."""
        return self.store.refused()

    def coverage(self) -> dict[str, int]:
        """Return for each key of user_data how many of the events carried it."""
        return self.store.coverage()

    def coverage_by_name(self) -> list[Json]:
        """Return the keys of user_data of each event name, with how many of its events carried them."""
        return self.store.coverage_by_name()

    def repeats(self) -> list[Repeat]:
        """Return the events that came more than once."""
        return self.store.repeats()

    def state(self) -> Json:
        """Return the sums over everything since the last reset."""
        return self.store.state()

    def reset(self) -> None:
        """Forget what arrived; requests are numbered from 1 again."""
        self._requests = 0
        self.usage = Usage(self.settings.calls_per_hour)
        self.store.reset()
