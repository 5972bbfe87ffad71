"""The code that stands in the docs, for tests that run it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    """Return what stands below a heading of a page, deeper headings included."""
    text = (ROOT / page).read_text(encoding="utf-8")
    outside = BLOCK.sub(lambda block: "\0" * len(block[0]), text)
    begin = re.search(rf"^(#+) {re.escape(heading)}$", outside, re.MULTILINE)
    assert begin is not None, f"{page} has no heading {heading}"
    end = re.compile(rf"^#{{1,{len(begin[1])}}} ", re.MULTILINE).search(outside, begin.end())
    return text[begin.end() : end.start() if end else None]


def code(page: str, heading: str, language: str) -> list[str]:
    """Return the blocks of a language below a heading."""
    return [found[2] for found in BLOCK.finditer(section(page, heading)) if found[1] == language]


def statements(page: str, heading: str) -> str:
    """Return the SQL below a heading."""
    return "\n".join(code(page, heading, "sql"))
