import orjson
import pytest

from syncer.sandbox.usage import Usage, account_headers, usage_headers, version_headers

NOW = 1_795_000_000  # 2026-11-18


def test_usage_headers_appear_after_some_traffic() -> None:
    usage = Usage(1000)
    for _ in range(10):
        assert usage.headers(usage.add(NOW), "1", now=NOW) == []
    assert dict(usage.headers(usage.add(NOW), "1", now=NOW)).keys() == {b"x-app-usage", b"x-business-use-case-usage"}


def test_usage_is_the_share_of_the_calls_of_the_last_hour() -> None:
    usage = Usage(4)
    assert [usage.add(NOW + minute * 60) for minute in (0, 10, 50, 61)] == [25.0, 50.0, 75.0, 75.0]


def test_the_wait_is_told_in_minutes_until_the_oldest_call_leaves_the_hour() -> None:
    usage = Usage(10)
    percent = [usage.add(NOW) for _ in range(11)][-1]
    business = orjson.loads(dict(usage.headers(percent, "77", now=NOW + 1800))[b"x-business-use-case-usage"])
    assert business["77"][0]["estimated_time_to_regain_access"] == 31
    assert business["77"][0]["call_count"] == 100


def test_usage_headers_have_the_documented_fields() -> None:
    headers = dict(usage_headers(40, "1", minutes=0))
    assert set(orjson.loads(headers[b"x-app-usage"])) == {"call_count", "total_time", "total_cputime"}
    assert set(orjson.loads(dict(account_headers(100, seconds=60))[b"x-ad-account-usage"])) == {
        "acc_id_util_pct",
        "reset_time_duration",
        "ads_api_access_tier",
    }


@pytest.mark.parametrize(
    ("version", "is_warned"), [("v26.0", False), ("v21.0", False), ("v20.0", True), ("v12.0", True)]
)
def test_a_version_that_has_ended_is_served_with_a_warning(version: str, *, is_warned: bool) -> None:
    # v20.0 ended 2026-09-24
    assert bool(version_headers(version, now=NOW)) == is_warned
