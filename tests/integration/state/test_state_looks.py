"""A large state file is looked through whole once a day, and for a moment at each other start (R30)."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import StateError
from syncer.state.damage import LOOKED, look_for_damage
from syncer.state.database import connect
from syncer.state.place import parse
from syncer.state.store import open_store

URL = "sqlite:///.syncer/state.db"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path, acts: Any) -> Path:
    with open_store(URL, root=tmp_path, home=tmp_path / ".syncer") as store, acts.begin(store) as run:
        for number in range(20):
            acts.deliver(run, number * 1_000, 1_000)
    return tmp_path / ".syncer" / "state.db"


def look(state: Path, now: datetime = NOW, *, large_bytes: int = 0) -> str | None:
    """Look for damage as a start does; return the note that is left, None where none is."""
    database = connect(parse(f"sqlite:///{state}", root=state.parent))
    try:
        look_for_damage(database, beside=state.parent / "ledger", now=now, large_bytes=large_bytes)
    finally:
        database.close()
    note = state.parent / "ledger" / LOOKED
    return note.read_text(encoding="ascii") if note.exists() else None


def test_all_of_it_once_a_day(state: Path) -> None:
    first = look(state)
    assert first is not None
    assert look(state, NOW + timedelta(hours=23)) == first
    assert look(state, NOW + timedelta(hours=25)) != first


@pytest.mark.parametrize("how", ["a clock set back", "another file", "no note of ours", "a link"])
def test_all_of_it_where_the_note_is_not_of_this_file_and_day(state: Path, tmp_path: Path, how: str) -> None:
    first, later = look(state), NOW + timedelta(hours=1)
    note = state.parent / "ledger" / LOOKED
    match how:
        case "a clock set back":
            later = NOW - timedelta(hours=1)
        case "another file":
            shutil.copy(state, tmp_path / "copy")
            (tmp_path / "copy").replace(state)
        case "no note of ours":
            note.write_text("?", encoding="ascii")
        case "a link":
            note.rename(tmp_path / "elsewhere")
            note.symlink_to(tmp_path / "missing")
    assert look(state, later) != first
    assert not (tmp_path / "missing").exists()


def test_a_small_file_has_no_note(state: Path) -> None:
    assert look(state, large_bytes=state.stat().st_size) is None


def test_the_note_is_for_its_user_alone(state: Path) -> None:
    look(state)
    assert (state.parent / "ledger" / LOOKED).stat().st_mode & 0o777 == 0o600


def spoil(state: Path, what: str) -> None:
    """Write nonsense over the first page of a table."""
    with sqlite3.connect(state) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (what,)).fetchone()
    connection.close()
    content = bytearray(state.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\x5a" * 4096
    state.write_bytes(content)


@pytest.mark.parametrize("table", ["install", "pipelines", "erased", "quarantine"])
def test_a_look_of_a_moment_finds_damage_of_what_decides_and_is_small(state: Path, table: str) -> None:
    look(state)
    spoil(state, table)
    with pytest.raises(StateError, match="the file is damaged"):
        look(state)


def test_a_file_that_is_damaged_has_no_note(state: Path) -> None:
    spoil(state, "requests")
    with pytest.raises(StateError, match="the file is damaged"):
        look(state)
    assert not (state.parent / "ledger" / LOOKED).exists()


def test_a_copy_put_into_a_file_that_was_damaged_is_looked_through_whole(state: Path) -> None:
    look(state)
    whole = state.read_bytes()
    spoil(state, "pipelines")
    with pytest.raises(StateError, match="the file is damaged"):
        look(state)
    state.write_bytes(whole)
    spoil(state, "requests")
    with pytest.raises(StateError, match="the file is damaged"):
        look(state)
