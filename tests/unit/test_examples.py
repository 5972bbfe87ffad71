from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncer.config.document import read_document
from syncer.config.problems import Problems
from syncer.sample.new_project import make
from syncer.session import Session, load_project

ROOT = Path(__file__).parents[2]


def test_the_tests_beside_the_mappings_of_the_examples_hold() -> None:
    with Session(load_project(ROOT, target="dev")) as session:
        verdicts = [verdict for pipeline in session.project.pipelines.values() for verdict in session.tests(pipeline)]
    assert len(verdicts) >= 3
    assert [verdict.failures for verdict in verdicts if verdict.failures] == []


def test_the_tests_beside_the_mappings_of_other_tools_tables_hold() -> None:
    with Session(load_project(ROOT / "tests" / "data" / "coming_from")) as session:
        verdicts = [verdict for pipeline in session.project.pipelines.values() for verdict in session.tests(pipeline)]
    assert {verdict.pipeline: verdict.failures for verdict in verdicts} == {
        "bloomreach_events": (), "customer_io_events": (), "ga4_events": ()
    }  # fmt: skip


def test_a_new_project_is_this_one_without_what_single_examples_connect_to(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").touch()
    made = dict(make(tmp_path, now=datetime.now(UTC), schemas={}))
    assert made[tmp_path / "syncer.yaml"]
    ours, theirs = plain(ROOT / "syncer.yaml"), plain(tmp_path / "syncer.yaml")
    assert set(ours["sources"]) - set(theirs["sources"]) == {"shop_postgres", "shop_snowflake"}
    assert set(ours["destinations"]) - set(theirs["destinations"]) == {"meta_america"}
    assert without_examples(ours) == without_examples(theirs)


def without_examples(project: Any) -> Any:
    """Return the project with the connections alone that a new one has."""
    sandboxes = project["targets"]["dev"]["destinations"]
    dev = {**project["targets"]["dev"], "destinations": {"meta": sandboxes["meta"]}}
    own = {name: {key: project[name][key]} for name, key in (("sources", "warehouse"), ("destinations", "meta"))}
    return {**project, **own, "targets": {**project["targets"], "dev": dev}}


def plain(file: Path) -> Any:
    node = read_document(file, shown=file, problems=Problems())
    assert node is not None
    return node.plain()


def test_the_readme_lists_each_example_once() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "pipelines").glob("*.yaml"):
        assert readme.count(f"| [{path.name}](pipelines/{path.name}) |") == 1, path.name
