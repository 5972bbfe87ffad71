"""A private folder is gone when it is left, and also after its process was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.private_folder import private_folder

KILLED = """
import os, sys
from pathlib import Path
from connectors.private_folder import private_folder

with private_folder("mine", parent=Path(sys.argv[1])) as folder:
    (folder / "rows").write_text("canary")
    os._exit(9)
"""


def test_the_folder_is_closed_to_others_and_gone_at_the_end(tmp_path: Path) -> None:
    before = os.umask(0)
    with private_folder("mine", parent=tmp_path) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "rows").write_text("canary")
        rights = folder.stat().st_mode & 0o777
    os.umask(before)

    assert rights == 0o700
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_gone_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), private_folder("mine", parent=tmp_path):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = [path.read_text() for path in tmp_path.rglob("rows")]

    with private_folder("mine", parent=tmp_path) as folder:
        remaining = list(tmp_path.iterdir())

    assert left == ["canary"]
    assert remaining == [folder]


def test_folders_in_use_and_of_other_names_stay(tmp_path: Path) -> None:
    (tmp_path / "mine-of-a-person").mkdir()
    (tmp_path / "yours-1").mkdir()
    with private_folder("mine", parent=tmp_path) as first, private_folder("mine", parent=tmp_path) as second:
        there = {path.name for path in tmp_path.iterdir()}

    assert there == {"mine-of-a-person", "yours-1", first.name, second.name}


def test_a_link_in_place_of_a_folder_leads_nowhere(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    (tmp_path / "mine-link").symlink_to(precious)

    with private_folder("mine", parent=tmp_path):
        pass

    assert (precious / "lock").exists()


def test_a_parent_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), private_folder("mine", parent=tmp_path / "nowhere"):
        pass
