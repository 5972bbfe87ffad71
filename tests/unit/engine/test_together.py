"""Which answers have one commit, and which of them wait for nobody."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from syncer.engine.deliver import Delivery
from syncer.engine.endings import INTERRUPTED
from syncer.engine.executor import Inline
from syncer.pipeline import Delivery as Settings
from syncer.ports import Points
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.runs import RunLog
from tests.unit.engine.test_deliver import ACKED, NOT_SENT, OneByOne

QUICK_S, SLOW_S = 0.000_039, 0.000_041
"""For each event."""
COMPANY_S = 0.000_005
"""For each event under way."""
ONE_EACH = Settings(events_per_request=1, requests_in_flight=4)


class Together(OneByOne):
    """Ends requests when it is told to, and all others within the moment that somebody waits for them. Mutable."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []
        """How long at most, for requests only."""
        self.made: Future[Any] | None = None

    def end(self, *places: int) -> None:
        """End the requests that were begun in these places; 0 is the oldest that is under way."""
        for future in [list(self.sends)[place] for place in places]:
            made = Inline().submit(self.sends.pop(future))
            future.set_exception(made.exception()) if made.exception() else future.set_result(made.result())

    def beside(self, work: Callable[[], Any]) -> Future[Any]:
        self.made = Future()
        return self.made

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        """Where none is done and somebody would wait, end the oldest, and what is made only once no request is left."""
        if timeout_s != 0.0 and not any(future.done() for future in futures):
            self.end(0) if self.sends else self._make()
        return {future for future in futures if future.done()}

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        assert self.made not in futures
        self.waited.append(timeout_s)
        self.end(*range(len(self.sends)))
        return {future for future in futures if future.done()}

    def _make(self) -> None:
        assert self.made is not None
        self.made.set_result(None)


class Commits(Points):
    """Counts the outcomes of each commit. Mutable."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def hit(self, name: str, /) -> None:
        self.names.append(name)

    @property
    def sizes(self) -> list[int]:
        groups = groupby(name for name in self.names if name in ("outcome.in", "outcome.after"))
        return [len(list(group)) for name, group in groups if name == "outcome.after"]


def proven(bench: Any, run: RunLog, executor: Together) -> Delivery:
    """Return a delivery that may have several requests under way, and has none."""
    bench.clock.sleep(1.0)
    delivery: Delivery = bench.delivery(run, ONE_EACH, executor=executor)
    delivery.submit(bench.page(run, 1, 1))
    delivery.drain()
    executor.waited.clear()
    return delivery


@pytest.mark.parametrize("events", [1, 50])
@pytest.mark.parametrize(("took_s", "sizes"), [(0.0, [3]), (QUICK_S, [3]), (SLOW_S, [1, 1, 1]), (0.2, [1, 1, 1])])
def test_quick_answers_that_come_together_have_one_commit_and_slow_ones_wait_for_nobody(
    bench: Any, events: int, took_s: float, sizes: list[int]
) -> None:
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.settings = replace(ONE_EACH, events_per_request=events)
        delivery.submit(bench.page(run, 2, 3 * events))
        bench.clock.sleep(took_s * events)
        commits = bench.store.points = Commits()
        delivery.drain()
        assert run.report().acknowledged == 1 + 3 * events
    assert commits.sizes == sizes
    assert executor.waited == pytest.approx([COMPANY_S * 3 * events] if sizes == [3] else [])


@pytest.mark.parametrize(("ended", "company"), [([], 0), ([0], 0), ([1], 3), ([0, 1], 3), ([0, 1, 2], 3)])
def test_it_is_what_came_that_was_quick_and_not_what_is_under_way(bench: Any, ended: list[int], company: int) -> None:
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.submit(bench.page(run, 2, 1))
        bench.clock.sleep(SLOW_S)
        delivery.submit(bench.page(run, 3, 2))
        assert (len(executor.sends), executor.waited) == (3, [])
        executor.end(*ended)
        delivery.submit(bench.page(run, 5, 1))
        assert executor.waited == [COMPANY_S * company] * bool(company)
        delivery.drain()
        assert run.report().acknowledged == 5


def test_a_page_that_was_made_waits_for_no_request_and_no_request_for_a_page(bench: Any) -> None:
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.submit(bench.page(run, 2, 2))
        delivery.meanwhile(lambda: None)
        assert (executor.waited, executor.sends) == ([COMPANY_S * 2], {}), "a request that ends while a page is made"
        delivery.submit(bench.page(run, 4, 2))
        executor.beside = lambda work: Inline().beside(work)  # type: ignore[method-assign]
        delivery.meanwhile(lambda: None)
        assert (executor.waited, len(executor.sends)) == ([COMPANY_S * 2], 2), "a page that is made at once"
        delivery.drain()


def test_a_request_that_is_sent_again_is_as_quick_as_its_last_answer(bench: Any) -> None:
    bench.sender.follow([ACKED, NOT_SENT, ACKED])
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.submit(bench.page(run, 2, 1))
        bench.clock.sleep(SLOW_S)
        delivery.drain()
        assert len(bench.sender.sent) == 3
    assert executor.waited == [COMPANY_S]


@pytest.mark.parametrize("took_s", [0.0, SLOW_S])
def test_R21_a_wait_that_one_answer_asks_for_stands_though_others_came_with_it(bench: Any, took_s: float) -> None:
    """The oldest request is told to wait after a younger one was answered: other runs of the process heed it as well."""
    limit = Outcome(kind=OutcomeClass.THROTTLED, retry_after_s=120.0)
    bench.sender.answer = lambda number, events: limit if events == ["2"] else ACKED
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.submit(bench.page(run, 2, 2))
        bench.clock.sleep(took_s)
        executor.end(1)
        delivery.stop(INTERRUPTED)
        delivery.drain()
        assert delivery.tools.breaker.resumes_at >= 120.0


def test_R21_a_wait_that_one_answer_asks_for_stands_though_others_come_later(bench: Any) -> None:
    limit = Outcome(kind=OutcomeClass.THROTTLED, retry_after_s=120.0)
    bench.sender.answer = lambda number, events: limit if events == ["2"] else ACKED
    with bench.begin() as run:
        delivery = proven(bench, run, executor := Together())
        delivery.submit(bench.page(run, 2, 2))
        bench.clock.sleep(SLOW_S)
        executor.end(0)
        delivery.stop(INTERRUPTED)
        delivery.drain()
        assert delivery.tools.breaker.resumes_at >= 120.0


@pytest.mark.parametrize("took_s", [0.0, SLOW_S])
@pytest.mark.parametrize("bad", ["2", "3", "4"])
def test_a_send_that_raises_leaves_only_itself_in_doubt(bench: Any, bad: str, took_s: float) -> None:
    def answer(number: int, events: list[str]) -> Outcome:
        if events == [bad]:
            raise MemoryError
        return ACKED

    bench.sender.answer = answer
    executor = Together()
    with bench.begin() as run:
        delivery = proven(bench, run, executor)
        delivery.submit(bench.page(run, 2, 7))
        assert len(executor.sends) == 4
        bench.clock.sleep(took_s)
        with pytest.raises(MemoryError):
            delivery.drain()
        delivery.stop(INTERRUPTED)
        delivery.drain()
        assert run.report().acknowledged == len(bench.sender.sent) - 1
        assert took_s or len(bench.sender.sent) == 1 + 4, "nothing is sent after it"
    with bench.begin() as run:
        assert [request.events for request in run.unfinished()] == [1]
