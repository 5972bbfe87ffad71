"""Reading the URL of the state store; nothing of a password is ever shown."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncer.errors import StateError
from syncer.state.place import make_private_folder, parse

ROOT = Path("/srv/project")
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///.syncer/state.db", "/srv/project/.syncer/state.db"),
        ("sqlite:////var/lib/syncer/state.db", "/var/lib/syncer/state.db"),
        ("sqlite:///../other/state.db", "/srv/other/state.db"),
        ("sqlite:///with%20space/100%25.db", "/srv/project/with space/100%.db"),
    ],
)
def test_a_relative_file_starts_at_the_project(url: str, path: str) -> None:
    assert str(parse(url, root=ROOT).path) == path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql+psycopg://ada:{SECRET}@db.example:5433/state", "postgresql://db.example:5433/state"),
        (f"postgres://ada:{SECRET}@db/state", "postgresql://db/state"),
        (f"postgresql://ada:{SECRET}@/state?host=/run/pg", "postgresql:///run/pg/state"),
        (f"postgresql://db/state?password={SECRET}", "postgresql://db/state"),
        (f"postgresql://ada:p%40{SECRET}%2F@[::1]:5432/state", "postgresql://::1:5432/state"),
    ],
)
def test_a_server_is_shown_without_user_and_password(url: str, shown: str) -> None:
    place = parse(url, root=ROOT)
    assert (str(place), repr(place)) == (shown, f"Place('{shown}')")
    assert place.path is None
    assert place.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "the URL cannot be read"),
        ("state.db", "the URL cannot be read"),
        (f"postgresql://ada:x@db:{SECRET}/state", "the URL cannot be read"),
        (f"postgresql://ada:a@{SECRET}@db/state", "the URL's host cannot be read; write @ : / in"),
        (f"mysql://ada:{SECRET}@db/state", r"no store of this kind \(mysql\)"),
        (f"{SECRET}!://x/y", "the URL cannot be read"),
        ("sqlite://", "is three slashes and a path"),
        ("sqlite:///", "must outlive the process"),
        ("sqlite:///:memory:", "must outlive the process"),
        ("sqlite:///file:x.db", "must outlive the process"),
        (
            "sqlite:///~/state.db",
            "`~` would be a folder of this name in the project, not your home; write the whole path",
        ),
        ("sqlite://state.db", "is three slashes and a path"),
        ("sqlite:///state.db?mode=ro", "is three slashes and a path"),
        ("sqlite+aiosqlite:///state.db", "is three slashes and a path"),
        ("postgresql+asyncpg://db/state", r"no store of this kind \(postgresql\+asyncpg\)"),
    ],
)
def test_S14_a_wrong_url_is_explained_without_quoting_it(url: str, message: str) -> None:
    with pytest.raises(StateError, match=message) as raised:
        parse(url, root=ROOT)
    assert SECRET not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("quick_switches")
def test_a_folder_that_somebody_else_makes_just_now_is_no_mistake(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(300) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make_private_folder, folders))
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders)


def test_a_file_where_the_folder_must_be_is_named(tmp_path: Path) -> None:
    (tmp_path / ".syncer").touch()
    with pytest.raises(StateError, match=r"\.syncer is a file where a folder must be; move it away"):
        make_private_folder(tmp_path / ".syncer")


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy() -> None:
    with pytest.raises(StateError, match=r"the folder /proc/\.syncer cannot be made: .*; mend it or correct `state:`"):
        make_private_folder(Path("/proc/.syncer"))  # where nobody makes one


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match=r"\.syncer cannot be made: permission denied; give this user the right"):
        make_private_folder(tmp_path / ".syncer")
