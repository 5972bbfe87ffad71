"""Rows that are not sent for want of consent: what is written down of them, and when somebody is told."""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from syncer.pipeline import Pipeline
from syncer.report import Bucket
from syncer.state.history import stored_pipelines
from syncer.state.ledger import packed
from syncer.state.suppressed import suppressed_of
from syncer.transform.consent import LATER, Known, Unsent
from syncer.transform.identity import Scope as IdentityScope

if TYPE_CHECKING:
    from syncer.state.runs import RunLog
    from syncer.state.store import Store
    from syncer.transform import Transformed

log = logging.getLogger(__name__)


def newly_suppressed(unsent: pl.DataFrame, run: "RunLog") -> dict[str, bytes]:
    """Return packed identities, by reason, of the events without consent that no run left unsent before.

    One that was sent before its consent was withdrawn is none of them. The run knows them from now on.
    """
    if not unsent.height:
        return {}
    found = unsent.filter((pl.col("reason") != LATER) & pl.col("identity").is_not_null())
    found = found.unique("identity", keep="first", maintain_order=True)
    if not found.height:
        return {}
    digests = packed(found["identity"])
    new = found.filter(~(run.suppressed.settled(digests) | run.ledger.settled(digests)))
    run.suppressed.add(packed(new["identity"]))
    by_reason = new.group_by("reason", maintain_order=True).agg("identity")
    return {reason: b"".join(identities) for reason, identities in by_reason.iter_rows()}


def left_unsent(store: "Store", pipeline: Pipeline, scope: IdentityScope, *, own: Known | None = None) -> Unsent:
    """Return what runs of `pipeline` to any destination left unsent, `scope` being that of one of them.

    A row may go to another destination by the time it gets its consent. `own` tells of that one as it grows.
    """
    if pipeline.consent is None or pipeline.consent.retroactive:
        return ()
    found = [each for each in stored_pipelines(store, scope.target) if each.scope.pipeline == pipeline.name]
    others = [each for each in found if own is None or each.scope.destination != scope.destination]
    scopes = (replace(scope, destination=each.scope.destination, ids_name=each.ids_name) for each in others)
    unsent = zip(scopes, (suppressed_of(store, each.id).settled for each in others), strict=True)
    return (*unsent, *([] if own is None else [(scope, own)]))


@dataclass(slots=True)
class Watch:
    """Says once, before the events of the batch at hand are sent, that most rows so far are without consent. Mutable."""

    pipeline: str
    _rows: int = 0
    _unsent: int = 0
    _has_told: bool = False

    def saw(self, made: "Transformed") -> None:
        """Take note of a batch."""
        self._rows += made.tally.own_rows
        self._unsent += made.tally.buckets[Bucket.NO_CONSENT]
        if not self._has_told and is_most(self._unsent, self._rows):
            self._has_told = True
            facts = {"pipeline": self.pipeline, "rows": self._rows, "without_consent": self._unsent}
            log.warning("consent.most_rows_unsent", extra={**facts, "column": made.consent_column})


def is_most(unsent: int, rows: int) -> bool:
    """Return whether more than half of the rows are without consent."""
    return 2 * unsent > rows
