"""Connections to a state file: what is set up once for the process, not once for each file."""

from pathlib import Path

from syncer.state.database import COMPILED
from syncer.state.store import open_store


def opened_and_asked(root: Path) -> bytes:
    with open_store("sqlite:///.syncer/state.db", root=root, home=root / ".syncer") as store:
        return store.salt


def test_what_was_compiled_for_one_file_serves_the_next(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    first = opened_and_asked(tmp_path / "one")
    known = set(COMPILED)
    assert known, "nothing goes through the store of statements"
    assert opened_and_asked(tmp_path / "other") != first
    assert set(COMPILED) == known
