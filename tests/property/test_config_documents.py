"""Whatever is written in the files, the loader ends in time, in one kind of error, and shows no secret."""

import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.config.load import load_project
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Project
from tests.counts import count
from tests.unit.config.folder import PIPELINE, PROJECT
from tests.unit.config.test_schema import EVENT_RULES, WHOLE_PIPELINE, WHOLE_PROJECT

DOCUMENTS = count(10_000)
"""Mutated documents in all."""
CANARY = "canary7f3a"
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
ENVIRON = {"META_ACCESS_TOKEN": CANARY, "PGPORT": CANARY, "SYNCER_TOKEN": CANARY, "A": CANARY, "ODD": "007"}
PIECES = (
    "{", "}", "[", "]", ":", ": ", ",", "-", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!!str ", "!", "|", ">", "'", '"',
    "? ", "<<: ", "%", "@", "`", "---\n", "...\n", "null", "true", "True", "yes", "0x1F", "007", "1e999", ".nan", "~", "9" * 30,
    "${", "${env:A}", "${env:A:-b}", "${env:NOPE}", "${env:ODD}", "${file:x}", "$${", "\ufeff", "\x85", "\u2028", "\u202e", "\x00", "\x1b",
    "\\u0000", "é", "😀", "\r", "\r\n", "value", "column", "first_of", "from", "sql", "em", "email", "*", "default", "targets",
    " " * 60, "[" * 60, "{a: " * 60, "x" * 300,
)  # fmt: skip
SEEDS = (PROJECT, WHOLE_PROJECT, PIPELINE, WHOLE_PIPELINE, EVENT_RULES)

edits = st.lists(
    st.tuples(
        st.sampled_from(("insert", "replace", "delete", "repeat", "swap")),
        st.floats(0, 1),
        st.integers(1, 40),
        st.one_of(st.sampled_from(PIECES), st.text(max_size=8)),
    ),
    min_size=1,
    max_size=6,
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12), st.sampled_from(PIECES)
)
KEYS = (
    "name", "source", "query", "table", "key", "start", "cursor", "destination", "settings", "mapping", "server_event",
    "customer_info", "custom_data", "user_defined", "em", "email", "event_name", "event_time", "contents", "value", "column",
    "first_of", "from", "id", "sql", "map", "default", "format", "schedule", "cron", "every", "events", "when", "tests", "rows",
    "consent", "require", "any", "pii", "delivery", "action_source", "hashing", "timezone", "delay", "app_data", "extinfo", "*",
    "version", "sources", "destinations", "targets", "type", "path", "defaults", "alerts", "to", "daemon", "state", "retention",
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda child: st.one_of(
        st.lists(child, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=6)), child, max_size=6),
    ),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files each example writes anew."""
    path = tmp_path_factory.mktemp("project")
    (path / "pipelines").mkdir()
    return path


def mutate(text: str, changes: list[tuple[str, float, int, str]]) -> str:
    for kind, where, length, piece in changes:
        at = int(where * len(text))
        end = at + length
        match kind:
            case "insert":
                text = text[:at] + piece + text[at:]
            case "replace":
                text = text[:at] + piece + text[end:]
            case "delete":
                text = text[:at] + text[end:]
            case "repeat":
                text = text[:end] + text[at:end] * 3 + text[end:]
            case _:
                text = text[:at] + text[end : end + length] + text[at:end] + text[end + length :]
    return text


def flow(tree: object) -> str:
    """Write a tree as YAML would hold it: odd texts unquoted."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(flow(item) for item in tree) + "]"
    return str(tree)


def check(project: Path, project_text: str, pipeline_text: str) -> None:
    """Load; the outcome is a project or one `ConfigError` whose every problem can be acted on."""
    (project / "syncer.yaml").write_bytes(project_text.encode("utf-8", "surrogatepass"))
    (project / "pipelines" / "orders.yaml").write_bytes(pipeline_text.encode("utf-8", "surrogatepass"))
    start = time.process_time()
    loaded, problems = load(project)
    assert time.process_time() - start < 1.0
    assert bool(loaded) != bool(problems)
    for problem in problems:
        assert problem.what
        assert problem.remedy
        assert problem.line >= 1
        assert problem.column >= 1
        assert str(problem).isprintable()
        assert CANARY not in str(problem)
    if "${env:A" not in project_text + pipeline_text:
        assert CANARY not in repr(loaded)


def load(project: Path) -> tuple[Project | None, tuple[Problem, ...]]:
    try:
        return load_project(project, environ=ENVIRON, cwd=project), ()
    except ConfigError as error:
        return None, error.problems


@settings(max_examples=DOCUMENTS * 6 // 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.sampled_from(SEEDS), changes=edits)
def test_S04_mutated_files_end_in_a_project_or_in_problems(
    project: Path, seed: str, changes: list[tuple[str, float, int, str]]
) -> None:
    text = mutate(seed, changes)
    is_project = "version: 1\n" in seed and "sources:" in seed
    check(project, text if is_project else PROJECT, PIPELINE if is_project else text)


@settings(max_examples=DOCUMENTS * 3 // 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees, key=st.sampled_from(("", *KEYS)), is_project=st.booleans())
def test_S04_grown_files_end_in_a_project_or_in_problems(
    project: Path,
    tree: object,
    key: str,
    is_project: bool,  # noqa: FBT001 - drawn
) -> None:
    seed = PROJECT if is_project else PIPELINE
    text = f"{seed}{key}: {flow(tree)}\n" if key and f"\n{key}:" not in seed else flow(tree)
    check(project, text if is_project else PROJECT, PIPELINE if is_project else text)


@settings(max_examples=DOCUMENTS // 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_S04_bytes_end_in_problems(project: Path, content: bytes) -> None:
    (project / "syncer.yaml").write_text(PROJECT)
    (project / "pipelines" / "orders.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_project(project, environ={}, cwd=project)
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_thousand_broken_files_leave_no_memory_behind(project: Path) -> None:
    broken = [PIPELINE[:cut] for cut in range(0, len(PIPELINE), 3)] + [
        "[" * 100_000,
        "[" + "1," * 30_000 + "]",
        "a: 1\n" * 2_000,
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for text in broken:
        check(project, PROJECT, text)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
