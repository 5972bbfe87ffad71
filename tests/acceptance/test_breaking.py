"""What a user gets wrong, and what a command says then: place, remedy, exit code, never a trace."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syncer.cli import COMMANDS, cli
from syncer.cli.common import in_words
from syncer.sandbox.faults import parse_faults
from tests.acceptance.daemons import wait_until
from tests.acceptance.shop import EXAMPLES, MakeShop, Shop

pytestmark = pytest.mark.acceptance
SECOND = "name: refunds"


def add_second_pipeline(shop: Shop) -> None:
    text = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    (shop.folder / "pipelines" / "refunds.yaml").write_text(text.replace("name: orders", SECOND), encoding="utf-8")


@pytest.mark.parametrize("command", ["run", "preview", "status"])
def test_no_command_shows_a_trace_where_the_folder_of_the_state_is_a_file(shop: Shop, command: str) -> None:
    (shop.folder / ".syncer").write_text("a file", encoding="utf-8")
    done = shop.syncer(*([command] if command == "status" else [command, "orders"]))
    assert "Traceback" not in done.out + done.err
    if command != "preview":
        assert done.code == 1
        assert ".syncer" in done.err


def test_an_error_that_nobody_expected_is_named_by_kind_and_place_alone() -> None:
    try:
        from syncer.duration import Duration

        Duration.parse(None)  # type: ignore[arg-type]  # what it raises is not foreseen
    except Exception as error:  # noqa: BLE001  # whatever it is
        said = in_words(error)
    assert "syncer/duration.py:" in said
    assert "jane" not in in_words(ValueError("jane@example.com"))


def test_the_failure_of_one_pipeline_leaves_a_line_and_is_no_others(shop: Shop) -> None:
    add_second_pipeline(shop)
    shop.edit("pipelines/orders.yaml", "event_time: ordered_at", "event_time: orderd_at")
    shop.add_orders(1, 3)
    done = shop.syncer("run", "--all", "--output", "json")
    failed, sent = map(json.loads, done.out.splitlines())
    assert (done.code, failed["pipeline"], failed["status"], failed["events"]) == (2, "orders", "failed", 0)
    assert "mapping.server_event.event_time" in failed["message"]
    assert (sent["pipeline"], sent["acknowledged"]) == ("refunds", 3)

    said = shop.syncer("run", "--all")
    assert said.code == 2
    assert "mapping.server_event.event_time" in said.err
    assert "refunds" in said.out


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def unread_pipe() -> int:
    read, written = os.pipe()
    os.close(read)
    return written


@pytest.mark.parametrize(
    ("words", "streams", "nowhere", "code"),
    [
        ("", ["stdout"], full_disk, 1),
        ("--output json", ["stdout"], full_disk, 1),
        ("", ["stderr"], full_disk, 0),
        ("", ["stdout", "stderr"], unread_pipe, 0),
    ],
)
def test_what_cannot_be_told_keeps_no_pipeline_from_running(
    shop: Shop, words: str, streams: list[str], nowhere: Callable[[], int], code: int
) -> None:
    add_second_pipeline(shop)
    shop.add_orders(1, 3)
    told = nowhere()
    out, err = (told if stream in streams else subprocess.PIPE for stream in ("stdout", "stderr"))
    done = subprocess.run(
        [sys.executable, "-m", "syncer", "run", "--all", *words.split()], cwd=shop.folder, check=False,
        env=shop.environ, stdout=out, stderr=err,
    )  # fmt: skip
    os.close(told)
    assert done.returncode == code
    assert sorted(shop.order_ids()) == ["1", "1", "2", "2", "3", "3"]
    if streams == ["stdout"]:
        assert b"the report cannot be printed (No space left on device)" in done.stderr
        assert b"the run itself is over, and `syncer runs orders` shows it" in done.stderr


def test_who_reads_no_report_of_a_test_gets_the_exit_code_of_its_run(shop: Shop) -> None:
    shop.add_orders(1, 3)
    told = unread_pipe()
    words = ["send-test", "orders", "--code", "TEST1"]
    done = subprocess.run(
        [sys.executable, "-m", "syncer", *words], cwd=shop.folder, env=shop.environ, check=False,
        stdout=told, stderr=told,
    )  # fmt: skip
    os.close(told)
    assert (done.returncode, sorted(shop.order_ids())) == (0, ["1", "2", "3"])


def test_a_failing_state_leaves_a_line_for_programs(shop: Shop) -> None:
    shop.edit("syncer.yaml", "version: 1", "version: 1\nstate: sqlite:////")
    done = shop.syncer("run", "orders", "--output", "json")
    assert (done.code, done.report["status"]) == (1, "failed")
    assert "state" in done.report["message"]


def test_an_interrupted_run_ends_the_command_not_just_its_pipeline(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=2s"))
    add_second_pipeline(shop)
    shop.add_orders(1, 3)
    command = [sys.executable, "-m", "syncer", "run", "--all", "--output", "json"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=shop.folder, env=shop.environ, **pipes) as running:
        try:
            wait_until(lambda: shop.sandbox.sandbox.begun)
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=30)
        finally:
            running.kill()
    (report,) = map(json.loads, out.splitlines())
    assert (running.returncode, report["pipeline"], report["status"]) == (130, "orders", "interrupted")


def test_a_refused_query_is_named_where_it_is_written(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", "SELECT * FROM nowhere")
    (line,) = shop.syncer("validate").out.splitlines()
    assert line.startswith("pipelines/orders.yaml:4:")
    assert "nowhere" in line


def test_a_missing_secret_is_named_by_its_key(shop: Shop) -> None:
    shop.edit("syncer.yaml", "    access_token: ${env:TOKEN}\n", "")
    (line,) = shop.syncer("validate").out.splitlines()
    assert "destinations.meta.access_token: is missing; add `access_token: ${env:" in line


@pytest.mark.parametrize("output", ["text", "json", "github"])
@pytest.mark.parametrize("secret", ["EAAB0canary1234567890", "postgresql://u:canary1234567890@h/db"])
def test_a_secret_in_the_place_of_a_key_is_not_shown(shop: Shop, secret: str, output: str) -> None:
    shop.edit("syncer.yaml", "version: 1", f'version: 1\n"{secret}": x')
    shop.edit("pipelines/orders.yaml", "  customer_info:", f'  customer_info:\n    "{secret}": x')
    said = shop.syncer("validate", "--output", output)
    assert (said.code, "canary" in said.out + said.err) == (2, False)
    assert "unknown key" in said.out
    assert "canary" not in shop.syncer("run", "orders").err


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_URL_in_the_place_of_a_path_is_not_shown(shop: Shop, kind: str) -> None:
    shop.edit("syncer.yaml", "sources:\n", f"sources:\n  other: {{type: {kind}, path: '${{env:ADDRESS}}'}}\n")
    shop.edit("pipelines/orders.yaml", "source: warehouse", "source: other")
    said = shop.syncer("run", "orders", ADDRESS="postgresql://u:canary1234567890@h/db")
    assert "`path` holds a URL; give the path of a " in said.out
    assert "canary" not in said.out + said.err


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_shows_no_marks_of_its_own_source(command: str) -> None:
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert "\\b" not in shown.output


@pytest.mark.parametrize("group", ["held", "rejects", "state"])
def test_a_group_names_what_its_commands_do_in_whole_sentences(group: str) -> None:
    _, _, listed = CliRunner().invoke(cli, [group, "--help"]).output.partition("Commands:")
    assert listed.count("  ") >= 3
    assert "..." not in listed


def test_a_closed_or_full_stdout_shows_no_trace(shop: Shop) -> None:
    for asked in ("fields extinfo >&-", "fields extinfo 2>&-", "fields extinfo > /dev/full", "--help > /dev/full"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"{sys.executable}" -m syncer {asked}'], cwd=shop.folder, env=shop.environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1)
        assert "Traceback" not in done.stderr
        assert "itself failed" not in done.stderr


def test_what_cannot_be_told_is_done_for_every_destination_all_the_same(both: Shop) -> None:
    for asked in ("erase orders --key 1", "pause orders --output json"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"{sys.executable}" -m syncer {asked} > /dev/full'], cwd=both.folder,
            env=both.environ, check=False,
        )  # fmt: skip
        assert done.returncode == 1
    erased = map(json.loads, both.syncer("erase", "orders", "--key", "1", "--output", "json").out.splitlines())
    assert [each["blocked_before"] for each in erased] == [1, 1]
    resumed = map(json.loads, both.syncer("resume", "orders", "--output", "json").out.splitlines())
    assert [each["was"] for each in resumed] == ["by_hand", "by_hand"]


def test_init_makes_the_whole_project_where_nobody_reads_what_it_says(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m syncer init shop > /dev/full'], cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(EXAMPLES)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "choose a folder" in done.stderr) == (1, False)
    assert (tmp_path / "shop" / "warehouse.duckdb").exists()


def test_tables_are_not_squeezed_into_a_narrow_terminal() -> None:
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 30))
    subprocess.run(
        [sys.executable, "-m", "syncer", "fields", "contents_item"], stdout=terminal, check=True, env={"NO_COLOR": "1"}
    )
    os.close(terminal)
    shown = os.read(controller, 10_000).decode()
    os.close(controller)
    assert "delivery_category" in shown
