"""Words to the service manager that started the daemon, where one did (`sd_notify`)."""

import os
import socket
from contextlib import suppress


def notify(*words: str) -> None:
    """Say `words`, such as READY=1, to the socket in NOTIFY_SOCKET; nobody listening is no failure."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.connect(name)
        to.send("\n".join(words).encode(), socket.MSG_DONTWAIT)


def watchdog_s() -> float | None:
    """Return how often the manager wants to hear WATCHDOG=1: twice in the time that it gives; None: never."""
    given = os.environ.get("WATCHDOG_USEC", "")
    is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(given) / 2_000_000 if given.isdecimal() and is_ours else None
