"""The pages for those who come from another tool name each of its features once, with an example and a test that is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "coming-from"
FEATURES = {
    "customer-io": [f"C{number}" for number in range(1, 18)],
    "segment": [f"S{number}" for number in range(1, 32)],
    "commanders-act": [f"A{number}" for number in range(1, 28)],
    "castled": [f"K{number}" for number in range(1, 13)],
    "bloomreach": [f"E{number}" for number in range(1, 17)],
}
DISAGREED = {"C15", "S8", "S10", "S11", "S15", "S20", "S28", "S30", "A8", "A17", "A19", "A22", "A27", "K5", "E8", "E15"}
"""Features of which Meta's documents say otherwise than the tool did."""


def rows(page: str) -> list[list[str]]:
    lines = (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [A-Z]\d+ \|", line)
    ]


@cache
def named_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_there_is_a_page_for_each_tool() -> None:
    assert {path.stem for path in PAGES.iterdir()} == set(FEATURES)


@pytest.mark.parametrize("page", FEATURES)
def test_each_feature_has_one_complete_row(page: str) -> None:
    found = rows(page)
    assert [row[0] for row in found] == FEATURES[page]
    assert [row[0] for row in found if len(row) != 5 or not all(row)] == []


@pytest.mark.parametrize("page", FEATURES)
def test_each_row_names_an_example_and_a_test_that_are_there(page: str) -> None:
    lacking = []
    for feature, _, _, example, test in rows(page):
        link = re.fullmatch(r"\[\w+\]\((\S+)\)", example)
        named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", test)
        if link is None or not (PAGES / link[1]).is_file():
            lacking.append((feature, example))
        if named is None or not (ROOT / named[1]).is_file() or named[2] not in named_in(named[1]):
            lacking.append((feature, test))
    assert lacking == []


def test_where_meta_says_otherwise_the_row_says_so() -> None:
    marked = {row[0] for page in FEATURES for row in rows(page) if "**Meta:**" in row[2]}
    assert marked == DISAGREED
