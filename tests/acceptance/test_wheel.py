"""The built wheel in a clean environment: what somebody gets who installs it.

All it needs is installed from constraints.txt in `make faults`; `make test` lends it the libraries of this environment.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.counts import FULL

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(400)]


def base_python() -> str:
    """The Python outside this environment: the one that has pip."""
    found = getattr(sys, "_base_executable", None) or shutil.which("python3")
    assert found is not None
    return str(found)


def call(*command: object, cwd: Path, codes: tuple[int, ...] = (0,)) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SYNCER", "VIRTUAL"))}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


def install(python: Path, *what: object, cwd: Path) -> None:
    if uv := shutil.which("uv"):
        call(uv, "pip", "install", "--quiet", "--python", python, *what, cwd=cwd)
        return
    quietly = ("--quiet", "--disable-pip-version-check", "--no-compile")  # most of it is never imported here
    call(base_python(), "-m", "pip", "--python", python, "install", *quietly, *what, cwd=cwd)


def borrow_libraries(python: Path, *, cwd: Path) -> None:
    """Let it find what is installed here, but not this checkout: a path within a path file is no site of its own."""
    site = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=cwd).strip()
    (Path(site) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


def test_S22_the_wheel_installs_with_hashes_checked_and_syncs_with_its_own_migrations(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    packed = ZipFile(wheel).namelist()
    for page_file in (ROOT / "syncer" / "sandbox" / "page").iterdir():
        assert f"syncer/sandbox/page/{page_file.name}" in packed
    for preset in (ROOT / "syncer" / "config" / "presets").iterdir():
        assert f"syncer/config/presets/{preset.name}" in packed
    clean = tmp_path / "clean"
    call(base_python(), "-m", "venv", "--without-pip", clean, cwd=tmp_path)
    python = clean / "bin" / "python"
    if FULL:
        install(python, "--require-hashes", "-r", ROOT / "constraints.txt", cwd=tmp_path)
    else:
        borrow_libraries(python, cwd=tmp_path)
    install(python, "--no-deps", wheel, cwd=tmp_path)
    where = call(python, "-c", "import syncer, connectors; print(syncer.__file__)", cwd=tmp_path)
    assert str(clean) in where
    call(clean / "bin" / "syncer", "init", "shop", cwd=tmp_path)
    run = (clean / "bin" / "syncer", "run", "orders", "--limit", "50", "--output", "json")
    said = call(*run, cwd=tmp_path / "shop", codes=(0, 3))
    assert '"acknowledged": 50' in said
    assert (tmp_path / "shop" / ".syncer" / "state.db").exists()
