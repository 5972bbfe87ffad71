"""Which rows of a batch a run wants, and what becomes of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from syncer.engine.again import Recall, Reprieve
from syncer.engine.job import Job
from syncer.engine.page import allowed, rows_needed, unsettled
from syncer.engine.settled_rows import Skim
from syncer.engine.span import Selection
from syncer.ports import Spans
from syncer.state.runs import RunLog

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from syncer.state.ledger import Ledger
    from syncer.state.quarantine import Reject
    from syncer.transform import Transform, Transformed


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows of a batch a run wants, and what becomes of them."""

    job: Job
    run: RunLog
    transform: "Transform"
    start: int | None
    rejects: "tuple[Reject, ...]"
    settled: "Ledger | None"
    """What was settled before, where that is sent again."""
    reprieve: Reprieve
    recall: Recall | None
    """Given: rows that were set aside are wanted, and no others."""
    judged: frozenset[bytes]
    """Identities of events that are judged, settled or not: of rejects, and of persons who were erased."""
    skims: bool
    """Whether rows whose event was settled before need not be judged."""
    repeats: bool = True
    """Whether many of the next rows may have been settled before, so that they are looked up before events are made."""

    @classmethod
    def of(
        cls, job: Job, run: RunLog, transform: "Transform", start: int | None, rejects: "tuple[Reject, ...]"
    ) -> Self:
        """Return what `job` wants."""
        settled = run.send_again() if job.resend else None
        fingerprint = None if job.retry else job.pipeline.fingerprint
        reprieve = Reprieve.of(lambda: run.ledger_without_refused, rejects, fingerprint=fingerprint)
        recall = Recall(rejects) if job.retry else None
        judged = run.erased.union(reject.identity for reject in rejects if reject.identity is not None)
        skims = job.is_regular and transform.tells_by_key
        return cls(job, run, transform, start, rejects, settled, reprieve, recall, judged, skims)

    @property
    def is_out_of_turn(self) -> bool:
        """Return whether these rows move no watermark."""
        return not self.job.is_regular or self.recall is not None

    @property
    def is_complete(self) -> bool:
        """Return whether all rows were found that are wanted by name."""
        chosen = self.recall or self.job.span
        return chosen is not None and chosen.is_complete

    def rows(
        self, rows: "pa.RecordBatch", span: Selection | None, *, at: int, room: int | None
    ) -> "tuple[pa.RecordBatch, pl.Series | None]":
        """Return the rows that are wanted, and the identities of those of their events that are; None: all.

        No other is judged or counted.
        """
        sample, chosen = self.job.sample, self.recall or span
        if chosen is not None:
            wanted, named = chosen.rows(rows, self.transform, now=at)
            return wanted, named["identity"]
        if sample is None or sample.key:  # a key's rows are all that is read
            return rows, None
        transformed = self.transform(rows, now=at, start=self.start)
        needed = rows_needed(transformed, self.run, room=room) if room else None
        return rows.slice(0, needed), None

    def made(
        self, rows: "pa.RecordBatch", only: "pl.Series | None", *, at: int, spans: Spans
    ) -> "tuple[Skim, Transformed]":
        """Return which rows events were made of, and what became of all of them."""
        skims = self.skims and only is None
        skim = Skim(rows)
        if skims and self.repeats:
            skim = Skim.of(rows, self.transform, self.run.ledger, judged=self.judged)
        with spans.span("transform", rows=rows.num_rows):
            made = skim.whole(self._transformed(skim.rows, only, at=at))
        if skims and not self.repeats:
            return Skim.behind(rows, made, self.run.ledger, judged=self.judged)
        return skim, made

    def _transformed(self, rows: "pa.RecordBatch", only: "pl.Series | None", *, at: int) -> "Transformed":
        """Return events and rejects of the rows; what Meta has already is noted before it is sent again."""
        made = self.transform(rows, now=at, start=self.start, only=only)
        if self.recall is not None:
            self.recall.note(made)
        if self.settled is not None:
            sent = allowed(made, self.run.erased).events
            again = sent.height - unsettled(sent, self.settled).height
            if again:
                self.run.note_possible_duplicates(again)
        return made
