"""Waits, usage, clock and version in the headers of an answer."""

import json

import pytest

from syncer.capi.answer import Answer
from syncer.capi.usage import Advice, read_advice

NOON = 1_790_000_000.0
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
"""Is NOON."""


def advice(*headers: tuple[str, str], received_at: float | None = NOON) -> Advice:
    return read_advice(Answer(status=400, headers=headers, received_at=received_at))


def test_no_headers_ask_for_nothing() -> None:
    assert advice() == Advice()


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Monday, 21-Sep-26 14:14:20 GMT", 60.0),
        ("Mon Sep 21 14:14:20 2026", 60.0),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0.0),
        ("999999999999", 604_800.0),
        ("9" * 400, None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Sep 2026 14:14:20 GMT", None),
        ("Mon, 21 Sep 99999999999 14:14:20 GMT", None),
        ("Mon, 21 Foo 2026 14:14:20 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_s: float | None) -> None:
    assert advice(("retry-after", text)).retry_after_s == wait_s


def test_a_date_to_wait_for_counts_from_the_servers_clock() -> None:
    ours_is_an_hour_late = NOON - 3_600
    found = advice(("date", DATE), ("retry-after", "Mon, 21 Sep 2026 14:14:20 GMT"), received_at=ours_is_an_hour_late)
    assert (found.retry_after_s, found.date_skew_s) == (60.0, 3_600.0)


@pytest.mark.parametrize(("text", "skew_s"), [(DATE, 0.0), ("Mon, 21 Sep 2026 14:13:10 GMT", -10.0), ("now", None)])
def test_the_clock_of_the_server_is_compared_with_ours(text: str, skew_s: float | None) -> None:
    assert advice(("date", text)).date_skew_s == skew_s


def test_app_usage_is_the_highest_of_its_shares() -> None:
    found = advice(("x-app-usage", '{"call_count":28,"total_time":25.5,"total_cputime":91}'))
    assert (found.usage_percent, found.retry_after_s) == (91.0, None)


def test_business_usage_counts_its_wait_in_minutes() -> None:
    entry = {
        "type": "ads_management",
        "call_count": 100,
        "total_cputime": 25,
        "total_time": 25,
        "estimated_time_to_regain_access": 19,
        "ads_api_access_tier": "standard_access",
    }
    text = json.dumps({"66782684": [entry, entry | {"estimated_time_to_regain_access": 2}], "7": [{}]})
    found = advice(("x-business-use-case-usage", text))
    assert (found.usage_percent, found.retry_after_s) == (100.0, 1_140.0)


@pytest.mark.parametrize(("percent", "wait_s"), [(9.67, None), (99.9, None), (100, 100.0), (120.5, 100.0)])
def test_ad_account_usage_counts_its_wait_in_seconds_once_it_is_used_up(percent: float, wait_s: float | None) -> None:
    text = json.dumps({"acc_id_util_pct": percent, "reset_time_duration": 100, "ads_api_access_tier": "x"})
    found = advice(("x-ad-account-usage", text))
    assert (found.usage_percent, found.retry_after_s) == (percent, wait_s)


def test_the_longest_wait_of_all_headers_counts() -> None:
    found = advice(
        ("retry-after", "5"),
        ("x-business-use-case-usage", '{"1":[{"estimated_time_to_regain_access":1}]}'),
        ("x-ad-account-usage", '{"acc_id_util_pct":100,"reset_time_duration":30}'),
    )
    assert found.retry_after_s == 60.0


@pytest.mark.parametrize("name", ["x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "3",
        "null",
        '{"call_count":"28"}',
        '{"call_count":true}',
        '{"call_count":NaN}',
        '{"call_count":-5}',
        '{"call_count":1e999}',
        '{"call_count":' + "9" * 5_000 + "}",
        '{"call_count":[28],"acc_id_util_pct":{}}',
        '{"1":{"call_count":3}}',
        '{"1":[3,null,[{"call_count":3}]]}',
        '{"1":[{"estimated_time_to_regain_access":"19"}]}',
        '{"reset_time_duration":3600}',
        "[" * 10_000,
        '{"call_count":28' + " " * 20_000 + "}",
    ],
)
def test_usage_that_cannot_be_read_is_left_out(name: str, text: str) -> None:
    found = advice((name, text))
    assert (found.usage_percent, found.retry_after_s) == (None, None)


def test_a_warning_on_the_version_is_told_in_our_words() -> None:
    text = "The call has been auto-upgraded to v26.0 as v19.0 has been deprecated. person@example.com"
    found = advice(("x-ad-api-version-warning", text))
    assert "(v26.0, v19.0)" in found.warning
    assert "set api_version" in found.warning
    assert "person" not in found.warning


def test_a_warning_that_names_no_version_is_told_as_well() -> None:
    assert "naming none" in advice(("x-ad-api-version-warning", "")).warning
