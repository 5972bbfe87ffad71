"""Cron lines, zones, starts, durations, shares."""

import pytest

from syncer.config.times import cron_mistake, start_mistake, zone_mistake
from syncer.duration import Duration
from syncer.share import Share


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *", "*/15 * * * *", "0 6 * * mon-fri", "5,10-20/2 0-23/6 1,15 jan,JUL 0", "0 0 L * *", "0 9 LW * *",
        "0 9 * * 5#2", "0 9 * * friL", "0 9 * * 7", "@hourly", "@daily", "@Weekly", "@yearly", "  0  0 1 1 *",
    ],
)  # fmt: skip
def test_a_cron_line_is_read_as_cron_reads_it(text: str) -> None:
    assert cron_mistake(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 * ", "* * * * 8",
        "*/0 * * * *", "*/99 * * * *", "5-1 * * * *", "a * * * *", "* * * * foo", "1,,2 * * * *", "-1 * * * *", "@dayly",
        "@every 5m", "* * * * 5#6", "1-2-3 * * * *", "*/x * * * *", "99999999999999999999 * * * *",
    ],
)  # fmt: skip
def test_a_wrong_cron_line_is_told_with_a_remedy(text: str) -> None:
    mistake = cron_mistake(text)
    assert mistake is not None
    assert all(mistake)


def test_a_wrong_cron_line_names_the_field_that_is_wrong() -> None:
    assert cron_mistake("0 25 * * *") == (
        "cannot be read at its hour",
        "write *, a number from 0 to 23, a range, a list, or a step such as */5",
    )


@pytest.mark.parametrize("name", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_zone_is_one_of_the_database(name: str) -> None:
    assert zone_mistake(name) is None


@pytest.mark.parametrize(
    "name", ["", "Paris", "UTC+2", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "Europe/Paris ", "x" * 5000]
)
def test_any_other_text_is_no_zone(name: str) -> None:
    mistake = zone_mistake(name)
    assert mistake is not None
    assert all(mistake)


@pytest.mark.parametrize(
    "text", ["", "Now", "3d", "-3", "-3y", "--3d", "2026-02-30", "20261101", "2026-W01", "2026-11-01T25:00", "tomorrow"]
)
def test_a_wrong_start_is_told_with_a_remedy(text: str) -> None:
    mistake = start_mistake(text)
    assert mistake is not None
    assert all(mistake)


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [("30s", 30, "30s"), ("15m", 900, "15m"), ("1h", 3600, "1h"), ("7d", 604_800, "7d"), ("2w", 1_209_600, "14d"), (" 5 m ", 300, "5m"), ("90m", 5400, "90m"), ("0m", 0, "0s")],
)  # fmt: skip
def test_a_duration_is_whole_seconds_and_prints_as_written(text: str, seconds: int, shown: str) -> None:
    duration = Duration.parse(text)
    assert duration == seconds
    assert str(duration) == shown
    assert Duration.parse(shown) == duration


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-1h", "1h30m", "1y", "٣d", "1h\n2", "1" * 10 + "d"])
def test_other_texts_are_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="write a number and a unit"):
        Duration.parse(text)


def test_a_duration_is_a_hundred_years_at_most_so_that_the_calendar_holds_what_lies_so_far_from_now() -> None:
    assert Duration.parse("36500d") == Duration.parse("876000h")
    for text in ("36501d", "999999d", "999999999w"):
        with pytest.raises(ValueError, match="longer than a hundred years; write 36500d at most"):
            Duration.parse(text)


@pytest.mark.parametrize(("text", "ratio"), [("0%", 0), ("2%", 0.02), (" 0.5 %", 0.005), ("100%", 1)])
def test_a_share_is_a_part_of_the_whole(text: str, ratio: float) -> None:
    assert Share.parse(text).ratio == ratio


@pytest.mark.parametrize("text", ["", "2", "101%", "-1%", "0.02", "%", "1e1%", "٣%"])
def test_other_texts_are_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="write it in per cent"):
        Share.parse(text)
