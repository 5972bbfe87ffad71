"""Write the table of what `make soak` came to into docs/reliability.md: `python -m tests.results FILE`."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
WHAT = {
    "F01": ("random worlds", "tried", 50_000),
    "F02": ("deaths at three points of a run", "tried", 50_000),
    "F06": ("kills of a process, state in SQLite, 100,000 rows", "deaths", 1_000),
    "F07": ("kills of a process, state in Postgres, 5 % of the answers faulty", "deaths", 500),
    "F12": ("rows by six writers", "minutes", 10),
    "F18": ("rows in one run from Postgres and one from DuckDB, each with a kill", "tried", 2_000_000),
    "F26": ("runs in one process", "tried", 1_000),
    "F31": ("days of schedules in five time zones", "tried", 365),
    "F32": ("signals to stop", "tried", 200),
    "R24": ("seconds of a daemon under load", "tried", 600),
}
"""What was tried, and how much of which figure is all of it."""
COLUMNS = {
    "tried": "tried",
    "deaths": "deaths",
    "requests": "requests",
    "duplicates": "sent twice",
    "announced": "announced",
}
"""The figures that have a column; others stand behind as they are. What was lost fails the test: it is 0 in each row."""


def table(lines: Iterable[str]) -> str:
    """Return the table of figures, summed by fault; `lines` are what `counts.note` wrote, a test's last one counts."""
    noted = {line["test"]: line for line in map(json.loads, lines)}
    head = ["fault", "what", *COLUMNS.values(), "lost", "else", "when"]
    faults = sorted({line["fault"] for line in noted.values()})
    rows = [_row(fault, [line for line in noted.values() if line["fault"] == fault]) for fault in faults]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def _row(fault: str, lines: list[dict[str, Any]]) -> list[str]:
    figures: Counter[str] = Counter()
    for line in lines:
        figures.update({name: value for name, value in line.items() if name not in ("fault", "test", "date", "commit")})
    what, measure, whole = WHAT[fault]
    texts = {name: f"{value:,}" for name, value in figures.items()}
    if figures[measure] < whole:
        texts[measure] = f"{texts.get(measure, 0)} of {whole:,}"
    known = [texts.pop(name, "") for name in COLUMNS]
    others = ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in texts.items())
    dates = sorted({line["date"] for line in lines})
    when = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    commits = ", ".join(dict.fromkeys(line["commit"] for line in lines))
    return [fault, what, *known, "0", others, f"{when}, commit {commits}"]


def main() -> None:
    """Put the table in place of the one before."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{table(lines)}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
