"""A dataset at Meta, or what stands in for it, that events are posted to."""

from dataclasses import dataclass

import polars as pl

from syncer.capi.body import request_body
from syncer.capi.client import Client
from syncer.ports import NO_SPANS, Spans, doing
from syncer.spec.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Dataset:
    """A sender to one dataset."""

    client: Client
    test_event_code: str | None
    spans: Spans = NO_SPANS

    def send(self, events: pl.Series) -> Outcome:
        """Post `events`, a column of JSON texts, as one request; never raises for what the other side does."""
        body = request_body(events, test_event_code=self.test_event_code)
        with doing("post"), self.spans.span("request", events=len(events), bytes=len(body)) as note:
            outcome = self.client.send(body, events=len(events))
            note(outcome=outcome.kind.value, reason=outcome.reason, code=outcome.code, fbtrace_id=outcome.fbtrace_id)
            return outcome
