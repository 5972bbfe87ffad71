"""A migrated state file to copy, and room for worlds: in memory where the system offers it, since every commit waits."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.simulate import make_template

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def room() -> Iterator[Path]:
    """A folder for the state files of worlds."""
    where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="syncer", dir=where) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def template(room: Path) -> Path:
    """A state file with the newest schema."""
    (room / "template").mkdir()
    return make_template(room / "template")
