import json
import logging
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syncer.cli import cli
from tests.acceptance.shop import Done

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
AFTER_A_RUN = {"syncer status", "syncer runs", "syncer show"}
"""Sections of commands.md whose examples come from a project that has run once."""
ENDS_WITH_CODE = "; echo $?"


def blocks(page: str, language: str) -> list[Any]:
    """Return (heading, block) of a language, named by page and line."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = []
    for found in BLOCK.finditer(text):
        if found[1] == language:
            heading = [page, *HEADING.findall(text, 0, found.start())][-1]
            line = text.count("\n", 0, found.start()) + 2
            blocks.append(pytest.param(heading, found[2], id=f"{page}:{line}"))
    return blocks


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `syncer init` makes."""
    folder = tmp_path_factory.mktemp("new") / "shop"
    assert syncer("init", str(folder)).code == 0
    return folder


@pytest.fixture(scope="module")
def used_project(new_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after one run."""
    folder = tmp_path_factory.mktemp("used") / "shop"
    shutil.copytree(new_project, folder)
    assert syncer("run", "orders", "--project", str(folder)).code == 3
    return folder


def syncer(*arguments: str) -> Done:
    """Run the command in this process, which stays as it was; `err` is what a terminal shows of both streams."""
    outside = {name: None for name in os.environ if name.startswith(("SYNCER_", "META_"))}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        result = CliRunner().invoke(cli, list(arguments), prog_name="syncer", env=outside)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return Done(result.exit_code, result.stdout, result.output)


def typed(line: str) -> str:
    """Return what a terminal shows after the line."""
    command = line.removesuffix(ENDS_WITH_CODE)
    words = shlex.split(command)
    if words[0] != "syncer":
        return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
    done = syncer(*words[1:])
    return done.err + (f"{done.code}\n" if command != line else "")


def shown(text: str) -> str:
    """Return the text with all columns one space apart."""
    return "\n".join(re.sub(" +", " ", line).rstrip() for line in text.strip().splitlines())


def pattern(text: str) -> str:
    """Return an expression for what a page shows: `...` stands for anything."""
    return r"[\s\S]*".join(re.escape(part) for part in shown(text).split("..."))


@pytest.mark.parametrize(("heading", "block"), blocks("docs/commands.md", "console"))
def test_a_command_prints_what_the_page_shows(
    heading: str, block: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(request.getfixturevalue("used_project" if heading in AFTER_A_RUN else "new_project"), folder)
    monkeypatch.chdir(folder)
    for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, expected = example.partition("\n")
        printed = shown(typed(line))
        assert re.fullmatch(pattern(expected), printed), f"$ {line}\n{printed}"


def test_the_first_steps_lead_to_events_in_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sections = ("2. A project", "3. Look before sending", "4. Send to the sandbox")
    found = [each.values for each in blocks("docs/getting-started.md", "sh")]
    lines = [line for heading, block in found if heading in sections for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    codes = [(line, _follow(line)) for line in lines]
    assert [line for line, code in codes if code] == ["syncer run orders", "syncer run orders"]
    assert {code for _, code in codes} == {0, 3}
    assert "4,861" in syncer("status").out


def test_the_commands_of_the_readme_work_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (steps,) = [each.values[1] for each in blocks("README.md", "sh") if each.values[1].startswith("syncer init")]
    monkeypatch.chdir(tmp_path)
    assert [_follow(line) for line in steps.splitlines()] == [0, 0, 0, 3, 0]


def test_the_ci_script_ends_with_each_event_in_a_sandbox_that_fails(new_project: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the script of docs/sandbox.md needs curl, which is not on this machine")
    folder = tmp_path / "shop"
    shutil.copytree(new_project, folder)
    (script,) = [each.values[1] for each in blocks("docs/sandbox.md", "sh")]
    (destination,) = [each.values[1] for each in blocks("docs/sandbox.md", "yaml")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    project = f"version: 1\nsources:\n  warehouse: {{type: duckdb, path: warehouse.duckdb}}\n{destination}targets:\n  local: {{}}\n"
    (folder / "syncer.yaml").write_text(project.replace("8765", port), encoding="utf-8")
    shim = folder / "bin" / "syncer"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m syncer "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script.replace("8765", port)],
        cwd=folder, env={**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report, state = map(json.loads, done.stdout.splitlines()[-2:])
    outcomes = state["outcomes"]
    assert (outcomes["500"], outcomes["reset_after"]) == (1, 1)
    assert state["events"] - state["duplicates"] == report["acknowledged"] > 90


def _follow(line: str) -> int:
    """Run a line of shell that calls syncer or changes the folder; return the last exit code."""
    code = 0
    for command in line.split("&&"):
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            os.chdir(words[1])
        else:
            assert words[0] == "syncer"
            code = syncer(*words[1:]).code
    return code
