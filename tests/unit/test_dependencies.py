"""What an installation brings along: known to the byte, and not more of it than needed (promise S22)."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
MOST_DIRECT, MOST_OF_ALL = 25, 52
"""Budgets: whoever adds a dependency says here why it is worth its upkeep, or takes another out."""
ENTRY = re.compile(r"^([a-z0-9-]+)==(\S+)( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n", re.MULTILINE)


def direct() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project["dependencies"]]


def test_S22_every_line_of_the_constraints_is_a_version_with_hashes() -> None:
    assert ENTRY.sub("", CONSTRAINTS) == ""
    assert "://" not in CONSTRAINTS
    assert "--index" not in CONSTRAINTS


def test_S22_the_constraints_hold_what_the_project_asks_for() -> None:
    pinned = {found[1]: Version(found[2]) for found in ENTRY.finditer(CONSTRAINTS)}
    for wanted in direct():
        assert pinned[canonicalize_name(wanted.name)] in wanted.specifier, wanted


def test_S22_dependencies_stay_within_their_budget() -> None:
    assert len(direct()) <= MOST_DIRECT
    assert len({found[1] for found in ENTRY.finditer(CONSTRAINTS)}) <= MOST_OF_ALL
