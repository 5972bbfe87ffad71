"""Engines that break the protocol in one place: the checker must find each of them out (F05)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.base import Query
from connectors.incremental import CursorValue
from syncer.engine import deliver, outgoing, page, readings, sync
from syncer.engine.again import Reprieve
from syncer.engine.age import left_out
from syncer.engine.checkpoint import Frontier
from syncer.engine.decide import Acknowledge, Again, Decision, Divide, decide
from syncer.engine.deliver import Delivery
from syncer.engine.pack import pack
from syncer.engine.page import Page
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state import outbox
from syncer.state.ledger import Ledger
from syncer.state.many_settled import ManySettled
from syncer.state.runs import RunLog
from syncer.state.writes import Writes
from syncer.transform import plan, reference
from syncer.watermark import Watermark
from tests.counts import FULL, count
from tests.simulation.simulate import BrokenError, simulate

SEEDS = max(60, count(300))
Patch = pytest.MonkeyPatch
MUTANTS: dict[str, Callable[[Patch], None]] = {}


def mutant(change: Callable[[Patch], None]) -> Callable[[Patch], None]:
    MUTANTS[change.__name__] = change
    return change


@mutant
def sends_before_the_intent_is_written(patch: Patch) -> None:
    take_turn = Delivery._take_turn

    def early(self: Delivery, ended: Any, page: Page | None = None) -> None:
        if self._may_launch():
            self.sender.send(self._queue[0].events["json"])
        take_turn(self, ended, page)

    patch.setattr(Delivery, "_take_turn", early)


@mutant
def moves_the_watermark_before_requests_are_settled(patch: Patch) -> None:
    submit = Delivery.submit

    def eager(self: Delivery, read: Page) -> None:
        if read.upto is not None:
            self.run.advance(Watermark(read.upto))
        submit(self, read)

    patch.setattr(Delivery, "submit", eager)


@mutant
def ignores_open_pages_when_it_moves_the_watermark(patch: Patch) -> None:
    def reached(self: Frontier) -> CursorValue | None:
        done = [read.upto for read in self._pages.values() if read.open_requests == 0 and read.upto]
        return done[-1] if done else None

    patch.setattr(Frontier, "reached", reached)


@mutant
def does_not_ask_the_ledger(patch: Patch) -> None:
    patch.setattr("syncer.state.ledger.Ledger.settled", lambda self, digests: pl.Series([False] * (len(digests) // 16)))


@mutant
def does_not_look_into_the_files_of_its_ledger(patch: Patch) -> None:
    patch.setattr(
        "syncer.state.ledger_files.LedgerFiles.settled",
        lambda self, digests: pl.Series([False] * (len(digests) // 16), dtype=pl.Boolean),
    )


@mutant
def forgets_what_is_on_its_way_as_its_ledger_goes_into_files(patch: Patch) -> None:
    put_in_files = Ledger._put_in_files

    def forgetful(self: Ledger) -> None:
        self._many = ManySettled(part=8)
        put_in_files(self)

    patch.setattr(Ledger, "_put_in_files", forgetful)


@mutant
def forgets_a_sorted_part_of_its_ledger(patch: Patch) -> None:
    sort = ManySettled._sort

    def forgetful(self: ManySettled) -> None:
        sort(self)
        self._sorted = self._sorted[-1:]

    patch.setattr(ManySettled, "_sort", forgetful)


@mutant
def counts_nothing_of_what_is_written_together(patch: Patch) -> None:
    patch.setattr(Writes, "_count", lambda self, joint: None)


@mutant
def counts_twice_what_is_written_together(patch: Patch) -> None:
    whole = Writes._count

    def twice(self: Writes, joint: Any) -> None:
        whole(joint)
        whole(joint)

    patch.setattr(Writes, "_count", twice)


@mutant
def takes_a_ledger_that_is_small_for_empty(patch: Patch) -> None:
    patch.setattr("syncer.state.few_settled.FewSettled.store", lambda self, digests: None)


@mutant
def does_not_read_what_its_files_left_out(patch: Patch) -> None:
    patch.setattr("syncer.state.ledger_files.LedgerFiles.held", ())


@mutant
def forgets_what_it_queued_itself(patch: Patch) -> None:
    patch.setattr("syncer.state.ledger.Ledger.add", lambda self, digests: None)


def decides(patch: Patch, change: Callable[[Outcome, Decision], Decision]) -> None:
    def changed(outcome: Outcome, **facts: Any) -> Decision:
        return change(outcome, decide(outcome, **facts))

    patch.setattr(deliver, "decide", changed)


@mutant
def takes_doubt_for_not_sent(patch: Patch) -> None:
    def change(outcome: Outcome, decision: Decision) -> Decision:
        return replace(decision, is_doubt=False) if isinstance(decision, Again) else decision

    decides(patch, change)


@mutant
def sends_doubt_again_although_at_most_once(patch: Patch) -> None:
    def change(outcome: Outcome, decision: Decision) -> Decision:
        return Again(is_doubt=True) if outcome.kind is OutcomeClass.DOUBT else decision

    decides(patch, change)
    patch.setattr(outgoing, "left_out", partial(careless, left_out))  # which would hold them


def careless(whole: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return whole(*args, **{**kwargs, "mode": "at_least_once"})


@mutant
def takes_a_wrong_count_for_success(patch: Patch) -> None:
    def change(outcome: Outcome, decision: Decision) -> Decision:
        return Acknowledge() if outcome.kind is OutcomeClass.ANOMALY else decision

    decides(patch, change)


@mutant
def gives_up_the_rest_of_a_divided_request(patch: Patch) -> None:
    following = Delivery._next_part

    def first_only(self: Delivery, request: Any, *rest: Any) -> Any:
        return None if request.search else following(self, request, *rest)

    patch.setattr(Delivery, "_next_part", first_only)


@mutant
def acknowledges_what_was_refused(patch: Patch) -> None:
    def change(outcome: Outcome, decision: Decision) -> Decision:
        return Acknowledge() if isinstance(decision, Divide) else decision

    decides(patch, change)


@mutant
def recovers_without_noting_possible_duplicates(patch: Patch) -> None:
    def forgetful(run: RunLog, **facts: Any) -> dict[bytes, Any]:
        for request in run.unfinished():
            run.supersede(request.id)
        return {}

    patch.setattr(sync, "recover", forgetful)


@mutant
def takes_an_outcome_for_written_that_it_does_not_write(patch: Patch) -> None:
    patch.setattr(outbox._SETTLE, "changed", lambda connection, values: 1)


@mutant
def forgets_outcomes_that_came_with_another(patch: Patch) -> None:
    ended = Delivery._ended
    patch.setattr(Delivery, "_ended", lambda *args, **patience: ended(*args, **patience)[-1:])


@mutant
def does_not_recover(patch: Patch) -> None:
    patch.setattr(sync, "recover", lambda run, **facts: {})


@mutant
def sends_doubt_again_without_noting_it(patch: Patch) -> None:
    patch.setattr(RunLog, "note_possible_duplicates", lambda self, events: None)


@mutant
def passes_rows_that_must_be_read_again(patch: Patch) -> None:
    take = page.take_page

    def unblocked(number: int, rows: Any, *args: Any, **kwargs: Any) -> Page:
        read = take(number, rows, *args, **kwargs)
        return replace(read, blocks=False, upto=read.cursor_at(rows.num_rows - 1) if rows.num_rows else None)

    patch.setattr(sync, "take_page", unblocked)


@mutant
def passes_events_that_must_wait(patch: Patch) -> None:
    patch.setattr(page, "_early", lambda rejects, first: rejects["row"].clear())


@dataclass(frozen=True, slots=True)
class _Changed:
    change: Callable[[Query], Query]

    def __call__(self, *args: Any, **kwargs: Any) -> Query:
        from syncer.engine.plan import plan

        return self.change(plan(*args, **kwargs))


@mutant
def does_not_read_rows_without_a_cursor_again(patch: Patch) -> None:
    def change(query: Query) -> Query:
        return replace(query, ranges=tuple(replace(part, with_null=False) for part in query.ranges))

    patch.setattr(readings, "plan", _Changed(change))


@mutant
def does_not_look_back(patch: Patch) -> None:
    patch.setattr("syncer.engine.plan._lookback", lambda pipeline: 0)


@mutant
def does_not_reconcile(patch: Patch) -> None:
    new_only = readings.readings

    def first(*args: Any, **kwargs: Any) -> Any:
        return new_only(*args, **{**kwargs, "sweep": readings.Sweep.NONE})

    patch.setattr(sync, "readings", first)


@mutant
def reads_on_while_requests_of_new_rows_are_open(patch: Patch) -> None:
    whole = sync._read_all

    def hurried(*args: Any) -> None:
        with patch.context() as meanwhile:
            meanwhile.setattr(Delivery, "drain", lambda self: None)
            whole(*args)

    patch.setattr(sync, "_read_all", hurried)


@mutant
def repeats_an_event_in_two_requests(patch: Patch) -> None:

    def overlapping(events: pl.DataFrame, **limits: int) -> Iterator[pl.DataFrame]:
        yield from pack(events, **limits)
        if events.height > 1:
            yield events.head(1)

    patch.setattr(deliver, "pack", overlapping)


@mutant
def sends_rows_without_consent(patch: Patch) -> None:
    patch.setattr(plan, "refuse_without_consent", lambda *facts: None)


@mutant
def sends_rows_of_small_batches_without_consent(patch: Patch) -> None:
    patch.setattr(reference, "REFUSED_FOR", {})


@mutant
def sends_again_what_it_sends_refused_events_with(patch: Patch) -> None:
    patch.setattr(Reprieve, "with_reprieved", lambda self, events, fresh, cursor_at: events)


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_finds_what_it_breaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon, not once `make faults` looks for it: a name of the engine that has moved is an AttributeError."""
    MUTANTS[name](monkeypatch)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(MUTANTS)[:: 1 if FULL else 8])
def test_the_checker_kills_every_mutant(name: str, monkeypatch: pytest.MonkeyPatch, room: Path, template: Path) -> None:
    MUTANTS[name](monkeypatch)
    for seed in range(SEEDS):
        try:
            simulate(seed, room / f"mutant{seed}", template)
        except BrokenError:
            return
    pytest.fail(f"{SEEDS} worlds did not notice an engine that {name.replace('_', ' ')}")
