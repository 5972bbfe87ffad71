"""What a daemon says of the token that it made: to a person at a terminal all of it, to a log where it is kept (S02)."""

import os
import pty
import subprocess
import sys

import pytest

from syncer.web.token import FILE
from tests.acceptance.daemons import environ, fresh_process_of, process_of, said, wait_until
from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance


def test_S02_a_log_is_told_where_the_new_token_is_kept_and_never_the_token(shop: Shop) -> None:
    with process_of(shop):
        wait_until(lambda: "daemon.started" in said(shop))
    file = shop.folder / ".syncer" / FILE
    assert str(file) in said(shop)
    assert file.read_text(encoding="ascii").strip() not in said(shop)


def test_a_person_at_a_terminal_is_shown_the_new_token(shop: Shop) -> None:
    seen, terminal = pty.openpty()
    command = [sys.executable, "-m", "syncer", "daemon", "--port", "0"]
    with subprocess.Popen(command, cwd=shop.folder, env=environ(shop), stderr=terminal, stdout=terminal) as daemon:
        os.close(terminal)
        try:
            text = b""
            while b"page.served" not in text:
                text += os.read(seen, 4_096)
        finally:
            daemon.terminate()
            daemon.wait(30)
            os.close(seen)
    assert (shop.folder / ".syncer" / FILE).read_bytes().strip() in text


def test_a_daemon_that_makes_a_token_serves_also_where_its_log_is_on_a_full_disk(shop: Shop) -> None:
    with fresh_process_of(shop, log="/dev/full") as daemon:
        wait_until(lambda: daemon.poll() is not None or "Served by" in shop.syncer("status").out)
        assert daemon.poll() is None
    assert (shop.folder / ".syncer" / FILE).exists()
