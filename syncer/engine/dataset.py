"""A dataset at Meta, or what stands in for it, that events are posted to."""

from dataclasses import dataclass

import polars as pl

from syncer.capi.body import request_body
from syncer.capi.client import Client
from syncer.ports import doing
from syncer.spec.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Dataset:
    """A sender to one dataset."""

    client: Client
    test_event_code: str | None

    def send(self, events: pl.Series) -> Outcome:
        """Post `events`, a column of JSON texts, as one request; never raises for what the other side does."""
        body = request_body(events, test_event_code=self.test_event_code)
        with doing("post"):
            return self.client.send(body, events=len(events))
