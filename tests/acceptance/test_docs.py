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

import duckdb
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization

from syncer.cli import cli
from syncer.sandbox.server import start
from syncer.sandbox.settings import Settings
from tests.acceptance.pages import BLOCK, ROOT, code
from tests.acceptance.shop import EXAMPLES, Done

pytestmark = pytest.mark.acceptance

TUTORIAL = "docs/tutorial.md"
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
WITH_OUTPUT = [str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))]
FOLLOWED = {
    TUTORIAL: ("6. Your own data", "7. To Meta", "8. Keep it running"),
    "docs/how-to/dataset-and-token.md": ("Where the token goes",),
    "docs/how-to/verify-in-events-manager.md": ("Before anything is sent", "Test Events", "After the first run"),
    "docs/how-to/first-run-and-cut-over.md": ("A new pipeline", "Taking over from another tool"),
    "docs/how-to/dev-and-prod.md": ("A state that survives", "In a pull request"),
}
"""Pages whose commands are followed, from heading to heading; Meta is a sandbox."""
AFTER_A_RUN = {
    f"syncer {name}"
    for name in (
        "backfill",
        "reconcile",
        "status",
        "runs",
        "show",
        "trace",
        "deliveries",
        "held list",
        "held resend",
        "held assume-delivered",
        "reset",
        "erase",
        "rename",
        "state backup",
        "state accept",
        "rejects list",
        "rejects show",
        "rejects export",
        "rejects retry",
        "rejects drop",
    )
}
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


def syncer(*arguments: str, **environ: str) -> Done:
    """Run the command in this process, which stays as it was; `err` is what a terminal shows of both streams."""
    outside: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("SYNCER_", "META_"))}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        result = CliRunner().invoke(cli, list(arguments), prog_name="syncer", env=outside | environ)
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


@pytest.mark.parametrize(("heading", "block"), [each for page in WITH_OUTPUT for each in blocks(page, "console")])
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
    lines = [line for heading in sections for block in code(TUTORIAL, heading, "sh") for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    codes = [(line, _follow(line)) for line in lines]
    assert [line for line, code in codes if code] == ["syncer run orders", "syncer run orders"]
    assert {code for _, code in codes} == {0, 3}
    assert "4,861" in syncer("status").out


def test_the_tutorial_shows_what_arrived_in_a_sandbox_of_its_own(
    new_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(new_project, folder)
    serve, sync = code(TUTORIAL, "5. See what arrived", "sh")
    assert serve == "syncer sandbox\n"
    export, run = sync.splitlines()
    (targets,) = code(TUTORIAL, "5. See what arrived", "yaml")
    running = start(Settings())
    try:
        before, _, _ = (folder / "syncer.yaml").read_text(encoding="utf-8").partition("targets:")
        text = f"{before}{targets.replace('http://127.0.0.1:8765', running.url)}"
        (folder / "syncer.yaml").write_text(text, encoding="utf-8")
        monkeypatch.chdir(folder)
        name, value = export.removeprefix("export ").split("=")
        done = syncer(*shlex.split(run)[1:], **{name: value})
        assert (done.code, running.sandbox.state()["events"]) == (3, 4_861), done.err
    finally:
        running.stop()


@pytest.mark.parametrize("page", FOLLOWED)
def test_the_commands_of_a_page_work_one_after_the_other(
    page: str, new_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(new_project, folder)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("DELETE FROM orders WHERE order_id NOT BETWEEN 1000 AND 1200")
    running = start(Settings())
    try:
        prod = f"  prod:\n    destinations: {{meta: {{base_url: '{running.url}'}}}}\n"
        text = (folder / "syncer.yaml").read_text(encoding="utf-8").replace("  prod:\n", prod)
        (folder / "syncer.yaml").write_text(text, encoding="utf-8")
        monkeypatch.chdir(folder)
        lines = [
            line for heading in FOLLOWED[page] for block in code(page, heading, "sh") for line in block.splitlines()
        ]
        commands = [line for line in lines if line.startswith("syncer ")]
        codes = {line: _follow(line, META_ACCESS_TOKEN="any", META_DATASET_ID="1234567890") for line in commands}
        assert commands
        only_asks = [line for line, found in codes.items() if found == 2 and "adopt" in line and "--yes" not in line]
        assert {line: found for line, found in codes.items() if found not in (0, 3) and line not in only_asks} == {}
        is_sent = any({"run", "send-test"} & set(line.split()) and "prod" in line for line in commands)
        assert is_sent == bool(running.sandbox.state()["events"])
    finally:
        running.stop()


def test_the_script_for_cron_says_only_what_somebody_should_see(new_project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(new_project, folder)
    (script,) = code("docs/how-to/scheduling.md", "cron", "sh")
    script = script.replace("/srv/shop", str(folder)).replace("--target prod", "--target dev")
    (folder / "sync.sh").write_text(script, encoding="utf-8")
    (folder / "secrets.env").write_text("SYNCER_STATE=sqlite:///own.db\n", encoding="utf-8")
    with_syncer = {**os.environ, "PATH": f"{shim(folder)}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "sync.sh"], cwd=folder, env=with_syncer, capture_output=True, text=True, check=False, timeout=60
    )
    said, report, *_ = done.stdout.splitlines()
    assert (done.returncode, said, json.loads(report)["acknowledged"]) == (3, "syncer ended with 3", 4_861)
    assert (folder / "own.db").exists()


def test_the_key_pair_of_the_page_is_one_that_can_sign_in(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the commands of docs/how-to/read-only-roles.md need openssl, which is not on this machine")
    (commands,) = code("docs/how-to/read-only-roles.md", "Snowflake", "sh")
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    key = serialization.load_pem_private_key((tmp_path / "snowflake_key.p8").read_bytes(), password=None)
    public = serialization.load_pem_public_key((tmp_path / "snowflake_key.pub").read_bytes())
    assert key.public_key() == public
    assert (tmp_path / "snowflake_key.p8").stat().st_mode & 0o777 == 0o600


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
    (target,) = [each.values[1] for each in blocks("docs/sandbox.md", "yaml")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    project = (folder / "syncer.yaml").read_text(encoding="utf-8").replace("targets:\n", target)
    (folder / "syncer.yaml").write_text(project.replace("8765", port), encoding="utf-8")
    done = subprocess.run(
        ["bash", "-c", script.replace("8765", port)],
        cwd=folder, env={**os.environ, "PATH": f"{shim(folder)}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report, state = map(json.loads, done.stdout.splitlines()[-2:])
    outcomes = state["outcomes"]
    assert (outcomes["500"], outcomes["reset_after"]) == (1, 1)
    assert state["events"] - state["duplicates"] == report["acknowledged"] > 90


def shim(folder: Path) -> Path:
    """Return a folder for PATH that holds the command `syncer`."""
    command = folder / "bin" / "syncer"
    command.parent.mkdir()
    here = f"PYTHONPATH={shlex.quote(str(EXAMPLES))} exec {shlex.quote(sys.executable)}"
    command.write_text(f'#!/bin/sh\n{here} -m syncer "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return command.parent


def _follow(line: str, **environ: str) -> int:
    """Run a line of shell that calls syncer or changes the folder; return the last exit code."""
    exit_code = 0
    for command in line.split("&&"):
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            os.chdir(words[1])
        else:
            assert words[0] == "syncer"
            exit_code = syncer(*words[1:], **environ).code
    return exit_code
