"""The machine's clock, moved by a test."""

from datetime import UTC, datetime, timedelta

from syncer.ports import SystemClock


class MovedClock(SystemClock):
    """Shows another time; waits by moving. Mutable."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by

    def monotonic(self) -> float:
        return super().monotonic() + self.by.total_seconds()

    def sleep(self, seconds: float) -> None:
        self.by += timedelta(seconds=seconds)
