"""The unit for systemd and the container file of the docs, as far as they can be checked without either."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

from syncer.cli.daemon import command
from syncer.duration import Duration
from syncer.health import SILENT_S, Health
from syncer.pipeline import Daemon as Settings
from syncer.web.health_port import health_served
from tests.acceptance.daemons import running
from tests.acceptance.pages import ROOT
from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance
PAGE = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string(block("ini"))
    return parser


def container() -> dict[str, str]:
    """Instruction to its last text, continued lines joined."""
    lines = block("dockerfile").replace("\\\n", " ").splitlines()
    return dict(line.split(None, 1) for line in lines if line)


def words(line: str) -> list[str]:
    """Arguments behind `syncer daemon`."""
    return line.partition("daemon")[2].replace('"', " ").replace(",", " ").replace("]", " ").split()


def test_the_unit_waits_longer_than_the_drain_and_listens_to_what_the_daemon_says() -> None:
    service = unit()["Service"]
    assert Duration.parse(service["TimeoutStopSec"]) > Settings().drain
    assert float(Duration.parse(service["WatchdogSec"])) == SILENT_S
    assert (service["Type"], service["NotifyAccess"], service["KillMode"]) == ("notify", "main", "mixed")
    assert service["Restart"] == "on-failure"


@pytest.mark.parametrize("line", [unit()["Service"]["ExecStart"], container()["ENTRYPOINT"]])
def test_both_call_the_daemon_with_options_that_it_has(line: str) -> None:
    known = {spelling for parameter in command.params for spelling in parameter.opts}
    assert {word for word in words(line) if word.startswith("-")} <= known


def test_the_container_runs_as_nobody_special_and_is_stopped_in_order() -> None:
    assert container()["USER"].isdecimal()
    assert container()["STOPSIGNAL"] == "SIGTERM"


def test_the_check_of_the_container_fails_where_nothing_answers(shop: Shop) -> None:
    _, _, argv = container()["HEALTHCHECK"].partition("CMD ")
    python, *rest = json.loads(argv)
    assert python == "python"

    def check(port: int) -> int:
        code = [word.replace(":8788/", f":{port}/") for word in rest]
        return subprocess.run([sys.executable, *code], stderr=subprocess.DEVNULL, check=False).returncode

    with running(shop) as daemon, health_served(Health(daemon, daemon.clock), "127.0.0.1", 0) as port:
        assert check(port) == 0
    with closing(create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
    assert check(port) != 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = unit()["Service"]["ExecStart"].split()[0]
    file = tmp_path / "syncer.service"
    file.write_text(block("ini").replace(program, sys.executable), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False)
    assert (done.returncode, "\n".join(line for line in done.stderr.splitlines() if "syncer.service" in line)) == (
        0,
        "",
    )
