"""When an alert holds, when it does not, and when nothing is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncer.alerts.facts import EndedRun, PipelineFacts, TokenFacts, Volume
from syncer.alerts.rules import CONDITIONS, TOKEN, Finding, findings
from syncer.duration import Duration
from syncer.pipeline import AlertRules
from syncer.report import RunStatus
from syncer.share import Share

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = AlertRules(
    rejected_above=Share.parse("2%"),
    nothing_delivered_for=Duration.parse("6h"),
    expiring_within=Duration.parse("24h"),
    volume_below=Share.parse("50%"),
)
RUN = EndedRun(run_id="01R", status=RunStatus.DONE, message="", events=100, rejected=2)
ORDERS = PipelineFacts(pipeline="orders", destination="meta", rules=RULES)


def found(condition: str, **facts: Any) -> Finding:
    all_found = findings([replace(ORDERS, **facts)], [], now=NOW)
    return next(finding for finding in all_found if finding.condition == condition)


def ended(status: RunStatus, **more: Any) -> EndedRun:
    return replace(RUN, status=status, **more)


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        ("failed", {}, None),
        ("failed", {"last": ended(RunStatus.FAILED)}, True),
        ("failed", {"last": ended(RunStatus.DONE)}, False),
        ("failed", {"last": ended(RunStatus.DONE_WITH_REJECTS)}, False),
        ("failed", {"last": ended(RunStatus.PAUSED)}, None),
        ("failed", {"last": ended(RunStatus.INTERRUPTED)}, None),
        ("failed", {"last": ended(RunStatus.INTERRUPTED), "crashes": 1}, None),
        ("failed", {"last": ended(RunStatus.INTERRUPTED), "crashes": 2}, True),
        ("paused", {}, False),
        ("paused", {"pause_reason": "rejects_full"}, True),
        ("paused", {"pause_reason": "by_hand", "is_paused_by_hand": True}, False),
        ("rejected_above", {}, None),
        ("rejected_above", {"last": RUN}, False),
        ("rejected_above", {"last": ended(RunStatus.DONE, rejected=3)}, True),
        ("rejected_above", {"last": ended(RunStatus.DONE, events=0, rejected=0)}, None),
        ("rejected_above", {"last": ended(RunStatus.FAILED, rejected=3)}, None),
        ("nothing_delivered_for", {}, None),
        ("nothing_delivered_for", {"delivered_at": NOW - 6 * HOUR}, False),
        ("nothing_delivered_for", {"delivered_at": NOW - 7 * HOUR}, True),
        ("nothing_delivered_for", {"delivered_at": NOW - 7 * HOUR, "is_paused_by_hand": True}, None),
        ("expiring_within", {}, False),
        ("expiring_within", {"waiting": 4, "waiting_until": NOW + 23 * HOUR}, True),
        ("expiring_within", {"waiting": 4, "waiting_until": NOW + 25 * HOUR}, False),
        ("expiring_within", {"waiting": 4, "waiting_until": NOW - HOUR}, True),
        ("expiring_within", {"last": ended(RunStatus.DONE)}, False),
        ("expiring_within", {"last": ended(RunStatus.FAILED)}, None),
        ("expiring_within", {"last": ended(RunStatus.PAUSED)}, None),
        ("expiring_within", {"unread_since": NOW - 6 * DAY, "unread_until": NOW + DAY}, True),
        ("expiring_within", {"unread_since": NOW - 5 * DAY, "unread_until": NOW + 2 * DAY}, False),
        ("volume_below", {}, None),
        ("volume_below", {"volume": Volume(delivered=0, usual=0.0, weeks=0)}, None),
        ("volume_below", {"volume": Volume(delivered=49, usual=100.0, weeks=4)}, True),
        ("volume_below", {"volume": Volume(delivered=50, usual=100.0, weeks=4)}, False),
        ("volume_below", {"volume": Volume(delivered=0, usual=19.0, weeks=4)}, None),
    ],
)
def test_a_condition_holds_does_not_or_is_no_news(condition: str, facts: dict[str, Any], *, holds: bool | None) -> None:
    assert found(condition, **facts).holds is holds


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ({"is_known": False}, None),
        ({"is_known": True}, False),
        ({"is_known": True, "is_dead": True}, True),
        ({"is_known": True, "expires_at": NOW + 14 * DAY}, True),
        ({"is_known": True, "expires_at": NOW + 15 * DAY}, False),
    ],
)
def test_a_token_is_warned_of_by_what_is_known_of_its_end(facts: dict[str, Any], *, holds: bool | None) -> None:
    token = TokenFacts(destination="meta", warn_s=14 * 86_400, **facts)
    [finding] = findings([], [token], now=NOW)
    assert (finding.condition, finding.pipeline, finding.holds) == (TOKEN, None, holds)


def test_only_conditions_that_are_asked_for_are_looked_at() -> None:
    quiet = AlertRules(failed=False, paused=False)
    assert list(findings([replace(ORDERS, rules=quiet)], [], now=NOW)) == []
    asked = {finding.condition for finding in findings([replace(ORDERS, rules=AlertRules())], [], now=NOW)}
    assert asked == {"failed", "paused"}


def test_each_rule_has_a_condition() -> None:
    assert {*CONDITIONS, TOKEN} == set(AlertRules.__slots__)


def test_a_sentence_says_which_run_how_much_and_where_to_look() -> None:
    last = ended(RunStatus.DONE_WITH_REJECTS, rejected=10, reasons=(("currency_missing", 8), ("value_missing", 2)))
    assert found("rejected_above", last=last).text == (
        "orders: 10 of 100 events (10.0%) of run 01R were rejected, more than 2%: currency_missing 8, value_missing 2. "
        "`syncer rejects list orders` names them."
    )
    assert found("volume_below", volume=Volume(delivered=10, usual=400.0, weeks=3)).text == (
        "orders: Meta acknowledged 10 events in 24 hours; the mean of the same 24 hours of the 3 weeks before is 400, "
        "and this is less than 50% of it."
    )


def test_of_several_destinations_each_sentence_and_command_names_the_one_that_is_meant() -> None:
    last = ended(RunStatus.DONE_WITH_REJECTS, rejected=10)
    one = replace(ORDERS, is_one_of_several=True, last=last, waiting=4, waiting_until=NOW + HOUR)
    said = {finding.condition: finding.text for finding in findings([one], [], now=NOW) if finding.text}
    assert [text for text in said.values() if not text.startswith("orders to meta: ")] == []
    assert "`syncer rejects list orders --destination meta`" in said["rejected_above"]
    assert "`syncer status orders --destination meta`" in said["expiring_within"]


@pytest.mark.parametrize(
    ("is_one_of_several", "command"),
    [(False, "syncer resume orders"), (True, "syncer resume orders --destination meta")],
)
def test_a_pause_names_the_pipeline_in_the_command_that_it_advises(*, is_one_of_several: bool, command: str) -> None:
    told = "Its log says where; mend that, then `syncer resume NAME`."
    said = found("paused", pause_reason="crash_loop", pause_text=told, is_one_of_several=is_one_of_several)
    assert f"then `{command}`." in said.text
