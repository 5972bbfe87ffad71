"""The token of the page where none is configured (promises S03, S13, S20)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from syncer.errors import SyncerError
from syncer.web.token import FILE, kept_token, require_long


def test_S20_a_token_is_made_once_and_kept_for_this_user_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    token, is_new = kept_token(home)
    assert is_new
    assert len(token) >= 43
    assert kept_token(home) == (token, False)
    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert kept_token(tmp_path / "other")[0] != token


def test_S20_daemons_that_start_at_once_have_one_token(tmp_path: Path) -> None:
    ready = Barrier(4)

    def start(home: Path) -> tuple[str, bool]:
        ready.wait(30)
        return kept_token(home)

    with ThreadPoolExecutor(4) as daemons:
        for number in range(100):
            home = tmp_path / str(number)
            found = [each.result() for each in [daemons.submit(start, home) for _ in range(4)]]
            assert len({token for token, _ in found}) == 1
            assert [is_new for _, is_new in found].count(True) == 1
            assert [path.name for path in home.iterdir()] == [FILE]


def test_S13_a_file_that_others_may_read_or_that_is_a_link_is_refused(tmp_path: Path) -> None:
    kept_token(tmp_path)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(SyncerError, match="others may read or write it; remove it"):
        kept_token(tmp_path)
    (tmp_path / FILE).rename(tmp_path / "elsewhere")
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SyncerError, match="page-token"):
        kept_token(tmp_path)


def test_a_file_without_a_token_and_a_short_token_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(mode=0o600)
    with pytest.raises(SyncerError, match="it holds no token"):
        kept_token(tmp_path)
    with pytest.raises(SyncerError, match="shorter than 16"):
        require_long("0123456789")
