import ast
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from syncer.cli import COMMANDS, cli
from syncer.config.document import Node, read_document
from syncer.config.load import validate_project
from syncer.config.pipelines import KEYS as PIPELINE_KEYS
from syncer.config.problems import Problems
from syncer.config.projects import KEYS as PROJECT_KEYS
from syncer.config.schema import pipeline_schema, project_schema
from syncer.spec.context import Context
from syncer.spec.events import INSUFFICIENT
from syncer.spec.normalize import HASHED, NORMALIZERS, digest, normalize
from syncer.spec.reasons import REASONS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")

PROJECT = {
    "version": 1,
    "sources": {"warehouse": {"type": "duckdb", "path": "warehouse.duckdb"}},
    "destinations": {
        name: {"dataset_id": f"123456789{number}", "access_token": "${env:META_ACCESS_TOKEN}"}
        for number, name in enumerate(("meta", "local", "meta_agency", "meta_acme", "meta_globex"))
    },
}
PIPELINE = {
    "version": 1,
    "name": "orders",
    "source": "warehouse",
    "table": "orders",
    "key": "order_id",
    "start": "now",
    "destination": "meta",
    "settings": {"action_source": "website", "browser_pixel": "none"},
    "mapping": {
        "server_event": {"event_name": {"value": "Lead"}, "event_time": "ordered_at", "event_id": "event_id"},
        "customer_info": {"em": "email", "fn": "first", "ln": "last", "zp": "code"},
    },
}
ORIGINS = ("query", "query_file", "table")
OPEN = ("sources", "destinations", "mapping", "server_event")
"""Maps of which a fragment may show a part."""


@dataclass(frozen=True)
class Section:
    """What stands below one heading."""

    heading: str
    text: str

    @property
    def coded(self) -> Iterator[str]:
        """Yield the rows of its tables that begin with code."""
        return (line for line in self.text.splitlines() if line.startswith("| `"))

    def rows(self) -> dict[str, list[str]]:
        """Return the cells behind each key of its tables."""
        cut = ([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in self.coded)
        return {cells[0].strip("`"): cells[1:] for cells in cut}


def sections(page: Path) -> list[Section]:
    """Return a page cut at its headings, headings inside code left alone."""
    text = page.read_text(encoding="utf-8")
    outside = FENCE.sub(lambda block: "\0" * len(block[0]), text)
    starts = [(found[2].strip(), found.end(), found.start()) for found in HEADING.finditer(outside)]
    ends = [start for *_, start in starts[1:]] + [len(text)]
    return [Section(name, text[begin:end]) for (name, begin, _), end in zip(starts, ends, strict=True)]


def configuration() -> dict[str, Section]:
    return {section.heading: section for section in sections(ROOT / "docs" / "configuration.md")}


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(language: str) -> list[Any]:
    """Return every block of a language with the page and line where it begins."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            if block[1] == language:
                line = text.count("\n", 0, block.start()) + 2
                found.append(pytest.param(block[2], id=f"{shown(page)}:{line}"))
    return found


# --- keys ----------------------------------------------------------------------------------------


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the first branch that has some."""
    branches = [schema, *schema.get("anyOf", [])]
    return next((branch["properties"] for branch in branches if "properties" in branch), {})


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each heading of configuration.md with the properties that its tables must list."""
    project, pipeline = project_schema(), pipeline_schema()
    top, own, shared = properties(project), properties(pipeline), pipeline["$defs"]
    yield "syncer.yaml", top
    yield "A pipeline file", own
    yield "destinations", properties(project["$defs"]["destination"])
    yield "targets", properties(top["targets"]["additionalProperties"])
    for shape in project["$defs"]["source"]["anyOf"]:
        yield shape["properties"]["type"]["const"], shape["properties"]
    for name in ("daemon", "retention"):
        yield name, properties(top[name])
    for name in (
        "cursor", "settings", "delivery", "tolerate", "consent", "limited_data_use", "require", "pii", "schedule",
        "reconcile", "rejects",
    ):  # fmt: skip
        yield name, properties(own[name])
    yield "Several destinations", properties(own["destination"])
    rules = next(branch["items"] for branch in own["events"]["anyOf"] if "items" in branch)
    yield "events", rules["properties"]
    yield "tests", own["tests"]["items"]["properties"]
    alerts = properties(top["alerts"])
    yield "alerts", alerts | alerts["when"]["properties"]
    yield "smtp", alerts["smtp"]["properties"]
    yield "The mapping", properties(shared["mapping"]["anyOf"][0])
    entries = {key: value for kind in ("column", "first_of", "sql") for key, value in properties(shared[kind]).items()}
    yield "Entries", {"value": {}, **entries, **properties(shared["items"])}
    comparisons = next(
        branch["properties"]
        for branch in shared["condition"]["additionalProperties"]["anyOf"]
        if "properties" in branch
    )
    yield "Conditions", comparisons


DOCUMENTED = dict(documented())


@pytest.mark.parametrize("heading", DOCUMENTED)
def test_configuration_lists_the_keys_of_the_schema_and_no_others(heading: str) -> None:
    listed = {key for key in configuration()[heading].rows() if re.fullmatch(r"\w+", key)}
    entries = {"email"} if heading == "Entries" else set()
    assert listed - entries == set(DOCUMENTED[heading])


@pytest.mark.parametrize("heading", DOCUMENTED)
def test_configuration_gives_the_defaults_of_the_schema(heading: str) -> None:
    listed = configuration()[heading].rows()
    for key, schema in DOCUMENTED[heading].items():
        if "default" in schema:
            default = schema["default"]
            written = default if isinstance(default, str) else json.dumps(default)
            assert f"`{written}`" in listed[key][1], key


def test_no_key_of_either_schema_is_left_without_a_table() -> None:
    tables = set(DOCUMENTED) | {"sources", "defaults", "mapping", "destination"}
    without = {
        "version",
        "state",
        "default_target",
        *ORIGINS,
        "name",
        "description",
        "tags",
        "enabled",
        "source",
        "key",
    }
    assert set(properties(project_schema())) | set(properties(pipeline_schema())) <= tables | without | {"start"}


# --- files ---------------------------------------------------------------------------------------


def validated(folder: Path, project: Any, pipeline: Any) -> Any:
    """Return the project made of the two files, which must be right; JSON is YAML."""
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "orders.sql").write_text("SELECT 1")
    (folder / "syncer.yaml").write_text(json.dumps(project))
    (folder / "pipelines" / "orders.yaml").write_text(json.dumps(pipeline))
    environ = {"META_ACCESS_TOKEN": "token", "META_DATASET_ID": "1234567890"}
    found, problems = validate_project(folder, target=None, environ=environ, cwd=folder)
    assert [str(problem) for problem in problems] == []
    return found


def over(base: Any, fragment: dict[str, Any]) -> Any:
    """Return a whole file around a fragment; the parts of a map that a fragment does not name stay."""
    merged: dict[str, Any] = {
        key: value for key, value in base.items() if not (key in ORIGINS and fragment.keys() & set(ORIGINS))
    }
    for key, value in fragment.items():
        is_open = key in OPEN and isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = over(merged[key], value) if is_open else value
    return merged


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_in_the_docs_is_read_without_mistakes(text: str, tmp_path: Path) -> None:
    file, problems = tmp_path / "block.yaml", Problems()
    file.write_text(text, encoding="utf-8")
    node = read_document(file, shown=file, problems=problems)
    assert isinstance(node, Node), problems.found()
    written: Any = node.plain()
    assert written, "an empty block"
    if set(written) <= set(PROJECT_KEYS):
        validated(tmp_path, over(PROJECT, written), PIPELINE)
    else:
        assert set(written) <= set(PIPELINE_KEYS)
        validated(tmp_path, PROJECT, over(PIPELINE, written))


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in {slug(each.heading) for each in sections(file)}):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_headings_of_a_page_have_anchors_of_their_own(page: Path) -> None:
    repeated = [anchor for anchor, count in Counter(slug(each.heading) for each in sections(page)).items() if count > 1]
    assert not repeated


# --- commands ------------------------------------------------------------------------------------


def commands() -> dict[str, click.Command]:
    """Return every command by its full name, `state upgrade` among them."""
    found: dict[str, click.Command] = {}
    with click.Context(cli) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            found[name] = command
            inner = command.commands if isinstance(command, click.Group) else {}
            found |= {f"{name} {each}": child for each, child in inner.items()}
    return found


def options(command: click.Command) -> dict[str, set[str]]:
    """Return the spellings of each option by its longest one, and arguments by their name."""
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            found[max(parameter.opts, key=len)] = {*parameter.opts, *parameter.secondary_opts}
    return found


ALL_COMMANDS = commands()


def command_sections() -> dict[str, str]:
    found = {each.heading.removeprefix("syncer "): each.text for each in sections(ROOT / "docs" / "commands.md")}
    return found | {"common": found["Options of every command"]}


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_each_command_is_described_with_all_its_options(name: str) -> None:
    described = command_sections()
    text = described[name] + described["common"]
    missing = [option for option in options(ALL_COMMANDS[name]) if f"`{option}" not in text]
    assert not missing


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_no_option_is_described_that_a_command_does_not_have(name: str) -> None:
    known = {spelling for spellings in options(ALL_COMMANDS[name]).values() for spelling in spellings}
    text = FENCE.sub("", command_sections()[name])
    described = {option for line in text.splitlines() if line.startswith("| `-") for option in OPTION.findall(line)}
    assert described <= known


def command_lines() -> list[Any]:
    """Return every call of syncer in a sh or console block."""
    lines = [line for parameter in blocks("sh") for line in parameter.values[0].splitlines()]
    lines += [line[2:] for each in blocks("console") for line in each.values[0].splitlines() if line.startswith("$ ")]
    found = {shlex.join(words): words[1:] for line in lines for words in calls(line) if words[:1] == ["syncer"]}
    return [pytest.param(words, id=line) for line, words in found.items()]


def calls(line: str) -> list[list[str]]:
    """Return the commands of a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set(";&|<>()"):
            found.append([])
        else:
            found[-1].append(word)
    return found


def test_python_in_the_docs_compiles_and_calls_commands_that_there_are() -> None:
    trees = [ast.parse(each.values[0], filename=str(each.id)) for each in blocks("python")]
    texts = [node.values for tree in trees for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    for text in texts:
        command = "".join(str(part.value) if isinstance(part, ast.Constant) else "orders" for part in text)
        program, name, *rest = shlex.split(command)
        assert program == "syncer"
        ALL_COMMANDS[name].make_context(name, rest)


KNOWN_TO_FAIL = {"valdate"}


@pytest.mark.parametrize("words", command_lines())
def test_every_command_line_in_the_docs_can_be_parsed(words: list[str]) -> None:
    if words[-1] in {"--version", "--help"}:
        return
    name = " ".join(words[:2]) if " ".join(words[:2]) in ALL_COMMANDS else words[0]
    if name in KNOWN_TO_FAIL:
        return
    ALL_COMMANDS[name].make_context(name, words[len(name.split()) :])


# --- facts ---------------------------------------------------------------------------------------


def rules() -> dict[str, Section]:
    return {section.heading: section for section in sections(ROOT / "docs" / "meta-rules.md")}


def test_every_parameter_of_customer_info_has_its_rule() -> None:
    rows = [line for line in rules()["What is normalised"].coded if line.count("|") == 5]
    named = [(name, row) for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(name for name, _ in named) == sorted(NORMALIZERS)
    for name, row in named:
        assert row.split("|")[3].strip().startswith("yes" if name in HASHED else "never")


def test_the_examples_of_normalising_hold() -> None:
    rows = [line.split("|")[1:-1] for line in rules()["What is normalised"].coded if line.count("|") == 6]
    assert len(rows) > 15
    for cells in rows:
        name, value, country, normalised, hashed = (cell.strip().strip("`") for cell in cells)
        found = normalize(name, value, Context(country=country or None))
        assert (name, value, found) == (name, value, normalised)
        assert not hashed or digest(normalised) == hashed


def test_the_combinations_that_identify_nobody_are_those_of_the_code() -> None:
    lines = re.findall(r"^- (`.+`)$", rules()["Which rows are refused"].text, re.MULTILINE)
    assert {frozenset(re.findall(r"`(\w+)`", line)) for line in lines} == set(INSUFFICIENT)


def test_the_reasons_that_the_pages_name_exist() -> None:
    rows = [line.split("|")[2] for line in rules()["Which rows are refused"].text.splitlines() if line.startswith("| ")]
    named = {code for cell in rows for code in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 20
    assert named <= set(REASONS)
