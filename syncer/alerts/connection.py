"""A connection to a receiver that ends after so long, however slowly the other side talks."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer


def tls_context() -> ssl.SSLContext:
    """Return TLS 1.2 or newer that always verifies; the environment cannot let it log its keys."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.keylog_filename is not None:
        context.keylog_filename = None  # type: ignore[assignment] # None is how it is switched off
    return context


@contextmanager
def connected(host: str, port: int, *, context: ssl.SSLContext | None, longest_s: float) -> Iterator[socket.socket]:
    """Give a connection for the block, by TLS where there is a context. Each answer may take half of `longest_s`.

    Raises `OSError`; `TimeoutError` instead of whatever the block raises where it is not over after `longest_s`.
    """
    with socket.create_connection((host, port), longest_s / 2) as plain, plain.dup() as handle:
        is_over = Event()
        giving_up = Timer(longest_s, _hang_up, [handle, is_over])
        giving_up.daemon = True
        giving_up.start()
        try:
            with context.wrap_socket(plain, server_hostname=host) if context else plain as opened:
                yield opened
        except Exception:
            if is_over.is_set():
                raise TimeoutError from None
            raise
        finally:
            giving_up.cancel()
            giving_up.join()


def _hang_up(handle: socket.socket, is_over: Event) -> None:
    """End the connection, whatever wraps it by now."""
    is_over.set()
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
