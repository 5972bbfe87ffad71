"""One POST of JSON to the address of a receiver: no redirect is followed, nothing of the environment is obeyed."""

import http.client
import socket
import ssl
from contextlib import closing, suppress
from threading import Timer
from urllib.parse import urlsplit

from syncer import __version__
from syncer.alert_rules import fault_of_address
from syncer.alerts.errors import NotTold
from syncer.ports import doing

TIMEOUT_S = 10.0
LONGEST_S = 20.0
"""For all of it, however slowly the answer comes."""
HEADERS = {"Content-Type": "application/json", "User-Agent": f"syncer/{__version__}", "Connection": "close"}


def post(url: str, body: bytes) -> None:
    """Send `body`; raises `NotTold` unless the answer is a 2xx. Neither the address nor the answer is quoted."""
    if (fault := fault_of_address(url)) is not None:
        raise NotTold(f"the address {fault}; write https://host/path")
    with closing(_connection(url)) as connection:
        try:
            status = _asked(connection, url, body)
        except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
            failure = NotTold(_in_words(error))
        else:
            if 200 <= status < 300:
                return
            failure = NotTold(f"it answered HTTP {status}; {_remedy(status)}")
    raise failure


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.keylog_filename is not None:
        context.keylog_filename = None  # type: ignore[assignment] # None is how it is switched off
    return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context)


def _asked(connection: http.client.HTTPConnection, url: str, body: bytes) -> int:
    parts = urlsplit(url.strip())
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    giving_up = Timer(LONGEST_S, _hang_up, [connection])
    giving_up.daemon = True
    giving_up.start()
    try:
        with doing("post"):
            connection.request("POST", path, body, HEADERS)
            return connection.getresponse().status
    finally:
        giving_up.cancel()


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    """Return what failed: the text of an error may hold the address."""
    match error:
        case TimeoutError():
            return f"it did not answer within {TIMEOUT_S:g} s"
        case ssl.SSLCertVerificationError():
            return "its certificate is not valid; name its authority in SSL_CERT_FILE if it is your own"
        case ssl.SSLError():
            return "no TLS connection of version 1.2 or newer could be made"
        case socket.gaierror():
            return "its host has no address; check the name and this machine's DNS"
        case ConnectionRefusedError():
            return "it takes no connection; check host, port and firewall"
        case OSError():
            return "the connection broke; check host, port and firewall"
    return "the address or the answer is no HTTP"


def _remedy(status: int) -> str:
    if status in (401, 403, 404, 410):
        return "make a new address there and put it where the reference leads"
    return "look there for the reason"
