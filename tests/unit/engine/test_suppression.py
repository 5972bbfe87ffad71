"""Which rows without consent are written down, and when a run says that most are."""

import logging
from dataclasses import dataclass, field, replace
from typing import Any, cast

import polars as pl
import pytest

from syncer.engine.page import allowed
from syncer.engine.suppression import Watch, newly_suppressed
from syncer.report import Bucket, Tally
from syncer.state.ledger import Ledger, empty_ledger
from syncer.state.runs import RunLog
from syncer.transform import Transformed
from syncer.transform.plan import EVENTS
from syncer.transform.verdicts import no_refusals

NAMES = [bytes([number]) * 16 for number in range(4)]


@dataclass
class Run:
    """What a run knows of identities."""

    suppressed: Ledger = field(default_factory=empty_ledger)
    ledger: Ledger = field(default_factory=empty_ledger)

    def new(self, *unsent: tuple[bytes | None, str]) -> dict[str, bytes]:
        rows = [
            {"row": row, "identity": identity, "bucket": Bucket.NO_CONSENT.value, "reason": reason, "field": "ok"}
            for row, (identity, reason) in enumerate(unsent)
        ]
        return newly_suppressed(pl.DataFrame(rows, schema=no_refusals().schema), cast("RunLog", self))


def test_S17_a_row_is_written_down_once_with_the_reason_for_which_it_has_no_consent() -> None:
    run = Run()
    found = run.new(
        (NAMES[0], "consent_came_later"), (NAMES[0], "consent_denied"), (NAMES[1], "consent_missing"),
        (None, "consent_denied"), (NAMES[1], "consent_denied"),
    )  # fmt: skip
    assert found == {"consent_denied": NAMES[0], "consent_missing": NAMES[1]}
    assert run.new((NAMES[0], "consent_unknown"), (NAMES[2], "consent_unknown")) == {"consent_unknown": NAMES[2]}


def test_S17_what_was_sent_before_its_consent_was_withdrawn_is_not_written_down() -> None:
    run = Run()
    run.ledger.add(NAMES[0])
    assert run.new((NAMES[0], "consent_denied"), (NAMES[1], "consent_denied")) == {"consent_denied": NAMES[1]}


def test_S17_of_an_erased_person_nothing_is_written_down_again() -> None:
    lines = [
        {"row": 0, "identity": name, "bucket": Bucket.NO_CONSENT.value, "reason": "consent_denied", "field": "ok"}
        for name in NAMES[:2]
    ]
    unsent = pl.DataFrame(lines, schema=no_refusals().schema)
    of_one_row = replace(made(1, 1), rejects=unsent.head(1), unsent=unsent)  # its rules gave two events
    left = allowed(of_one_row, {NAMES[1]})
    assert (left.unsent["identity"].to_list(), left.rejects.height) == ([NAMES[0]], 1)
    assert allowed(of_one_row, set(NAMES)).unsent.height == 0


def made(rows: int, unsent: int) -> Transformed:
    tally = Tally(rows_read=rows)
    tally.buckets[Bucket.NO_CONSENT] = unsent
    return Transformed(
        events=pl.DataFrame(schema=EVENTS),
        rejects=no_refusals(),
        tally=tally,
        unsent=no_refusals(),
        consent_column="ok",
    )


def test_S17_most_rows_are_those_of_the_whole_run_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    watch = Watch("orders")
    for rows, unsent in ((10, 5), (4, 2)):
        watch.saw(made(rows, unsent))
    assert caplog.records == []
    for rows, unsent in ((2, 2), (2, 2)):
        watch.saw(made(rows, unsent))
    (record,) = caplog.records
    facts: dict[str, Any] = record.__dict__
    assert (facts["rows"], facts["without_consent"], facts["column"]) == (16, 9, "ok")
