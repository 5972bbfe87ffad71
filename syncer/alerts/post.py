"""One POST of JSON to the address of a receiver: no redirect is followed, nothing of the environment is obeyed."""

import http.client
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from syncer import __version__
from syncer.alert_rules import fault_of_address
from syncer.alerts.connection import connected, tls_context
from syncer.alerts.errors import NotTold
from syncer.ports import doing

LONGEST_S = 20.0
"""For all of it, however slowly the answer comes."""
HEADERS = {"Content-Type": "application/json", "User-Agent": f"syncer/{__version__}", "Connection": "close"}


def post(url: str, body: bytes, *, longest_s: float = LONGEST_S) -> None:
    """Send `body`; raises `NotTold` unless the answer is a 2xx. Neither the address nor the answer is quoted."""
    if (fault := fault_of_address(url)) is not None:
        raise NotTold(f"the address {fault}; write https://host/path")
    try:
        status = _asked(url.strip(), body, longest_s)
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        failure = NotTold(_in_words(error))
    else:
        if 200 <= status < 300:
            return
        failure = NotTold(f"it answered HTTP {status}; {_remedy(status)}")
    raise failure


def _asked(url: str, body: bytes, longest_s: float) -> int:
    parts = urlsplit(url)
    path, host = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/", parts.hostname or ""
    context, standard = (None, 80) if parts.scheme == "http" else (tls_context(), 443)
    connection = http.client.HTTPConnection(host, parts.port or standard)
    connection.default_port = standard  # which the header `Host` leaves out
    with doing("post"), connected(host, parts.port or standard, context=context, longest_s=longest_s) as opened:
        connection.sock = opened
        connection.request("POST", path, body, HEADERS)
        with closing(connection.getresponse()) as answer:
            return answer.status


def _in_words(error: Exception) -> str:
    """Return what failed: the text of an error may hold the address."""
    match error:
        case TimeoutError():
            return f"it did not answer within {LONGEST_S:g} s"
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
