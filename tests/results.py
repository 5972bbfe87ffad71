"""Write the table of what `make soak` came to into docs/reliability.md: `python -m tests.results FILE`."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
WHAT = {
    "F01": "random worlds",
    "F02": "deaths at three points of a run",
    "F06": "kills of a process, state in SQLite",
    "F07": "kills of a process, state in Postgres, 5 % of the answers faulty",
    "F12": "rows by six writers in 10 minutes",
    "F18": "rows in one run, with a kill",
    "F26": "runs in one process",
    "R24": "seconds of a daemon under load",
}
COLUMNS = {
    "tried": "tried",
    "deaths": "deaths",
    "requests": "requests",
    "duplicates": "sent twice",
    "announced": "announced",
}
"""The figures that have a column; others stand behind as they are. What was lost fails the test: it is 0 in each row."""


def table(lines: list[str]) -> str:
    """Return the table of figures, summed by fault; `lines` are what `counts.note` wrote."""
    found: dict[str, Counter[str]] = {}
    for line in lines:
        figures = json.loads(line)
        found.setdefault(figures.pop("fault"), Counter()).update(figures)
    head = ["fault", "what", *COLUMNS.values(), "lost", "else"]
    rows = [head, ["---"] * len(head)]
    for fault in sorted(found):
        figures = found[fault]
        known = [f"{figures[name]:,}" if name in figures else "" for name in COLUMNS]
        others = ", ".join(f"{name.replace('_', ' ')} {figures[name]:,}" for name in figures if name not in COLUMNS)
        rows.append([fault, WHAT[fault], *known, "0", others])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Put the table and where it comes from in place of the one before."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, check=True, text=True).stdout
    source = f"`make soak` of {datetime.now(UTC):%Y-%m-%d}, commit {commit.strip()}:\n\n"
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{source}{table(lines)}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
