import re
from pathlib import Path

import pytest

from docs.reference import HERE, pages
from syncer.cli import COMMANDS
from syncer.config.pipelines import KEYS as PIPELINE_KEYS
from syncer.config.projects import KEYS as PROJECT_KEYS
from syncer.spec.events import STANDARD_EVENTS
from syncer.spec.fields import PARAMETERS

DOCS = HERE.parent
GENERATED = pages()
LINK = re.compile(r"\]\(([^)\s#]+)")


def table(page: str, heading: str) -> dict[str, list[str]]:
    """Return the cells behind each key of the table below a heading."""
    text = GENERATED[HERE / page].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = ([cell.strip() for cell in line.split(" |")] for line in text.splitlines() if line.startswith("| `"))
    return {row[0].strip("| `"): row[1:-1] for row in rows}


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_generated_page_is_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == GENERATED[page], "run: python -m docs.reference"


def test_the_keys_of_both_files_are_there_with_type_and_default() -> None:
    assert table("pipeline.md", "A pipeline file").keys() == set(PIPELINE_KEYS)
    assert table("syncer-yaml.md", "syncer.yaml").keys() == set(PROJECT_KEYS)
    assert table("pipeline.md", "delivery")["events_per_request"][:2] == ["number", "`1000`"]
    assert table("pipeline.md", "settings")["browser_pixel"][0] == "`same_events`, `other_events`, `none`"
    assert table("pipeline.md", "tests[].expect_rejected[]").keys() == {"key", "reason"}
    assert "gte" in table("pipeline.md", "condition")


def test_a_source_has_a_table_of_its_own_that_says_what_it_must_have() -> None:
    keys = table("syncer-yaml.md", "sources: duckdb")
    assert [key for key, (_, default, _) in keys.items() if default == "required"] == ["type", "path"]


def test_every_parameter_and_every_command_is_there() -> None:
    for group, parameters in PARAMETERS.items():
        assert table("parameters.md", group.value).keys() == set(parameters)
    assert table("parameters.md", "Standard events").keys() == set(STANDARD_EVENTS)
    assert table("parameters.md", "Standard events")["Purchase"][0] == "`value`, `currency`"
    for command in COMMANDS:
        assert f"\n## syncer {command}" in GENERATED[HERE / "commands.md"]
    assert table("commands.md", "syncer run").keys() == {
        "--all",
        "--select",
        "--limit",
        "--destination",
        "--project",
        "--target",
        "--output",
    }


def test_each_page_is_in_the_list_of_all_pages() -> None:
    listed = {(DOCS / target).resolve() for target in LINK.findall((DOCS / "README.md").read_text(encoding="utf-8"))}
    assert {page for page in DOCS.rglob("*.md") if page.name != "README.md"} == listed
