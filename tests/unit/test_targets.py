"""What `make bench` writes down, and the table of targets that is made of it."""

import json
from pathlib import Path

import pytest

from benchmarks.targets import TARGETS, found, shown, table


def line(target: str, *values: float, commit: str = "abc1234") -> str:
    written = {"target": target, "values": values, "rows": 1_000_000, "date": "2026-11-30", "commit": commit}
    return json.dumps({**written, "versions": {"Python": "3.11.7"}})


def row(name: str, *lines: str) -> list[str]:
    what = TARGETS[name].what
    (found,) = [each for each in table(lines).splitlines() if each.startswith(f"| {what} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("whole-script", 5.0, "met"),
        ("whole-script", 4.99, "**missed**"),
        ("ledger-cpu", 1.05, "met"),
        ("ledger-cpu", 1.06, "**missed**"),
        ("memory", 489.0, "**missed**"),
        ("wall-4", 17_990.0, "**missed**"),
    ],
)
def test_a_target_is_met_at_its_limit_and_missed_beyond_it(name: str, value: float, said: str) -> None:
    assert row(name, line(name, value))[3] == said


def test_the_median_counts_and_the_range_stands_behind_it() -> None:
    assert row("whole-script", line("whole-script", 4.0, 9.0, 5.5))[1:5] == [
        "5.5 (4 to 9)",
        "at least 5",
        "met",
        "3 of 1,000,000",
    ]


def test_the_newest_line_counts() -> None:
    lines = line("safety", 6.0, commit="older00"), line("safety", 4.5, commit="newer00")
    assert row("safety", *lines)[1:] == ["4.5 %", "at most 5 %", "met", "1 of 1,000,000", "2026-11-30, newer00"]


def test_what_was_not_measured_says_so() -> None:
    assert row("hard", line("safety", 4.5))[1:4] == ["not measured", "at most 3", ""]


def test_figures_are_written_down_but_not_those_of_a_quick_look(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    found("whole-script", [8.0], rows=20_000, to=results)
    assert not results.exists()
    found("whole-script", [9.01234, 8.5], rows=1_000_000, to=results)
    written = json.loads(results.read_text())
    assert (written["target"], written["values"], written["rows"]) == ("whole-script", [9.012, 8.5], 1_000_000)
    assert {"Python", "polars", "duckdb"} <= written["versions"].keys()


@pytest.mark.parametrize(
    ("value", "text"), [(1.054, "1.05"), (18_121.4, "18,121"), (0.0702, "0.0702"), (99.94, "99.9")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert shown(value) == text
