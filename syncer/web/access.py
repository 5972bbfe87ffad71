"""Who may ask the daemon what: decided by the token and the headers of a call alone."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SESSION_S = 7 * 24 * 3600
"""How long a browser stays logged in."""
SAME = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of this page's own forms, and of what a person typed."""
_COOKIE = re.compile(r"(\d{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Access:
    """The token, and the names under which the page may be asked for."""

    token: str
    hosts: frozenset[str] = frozenset()
    """Beside those of this machine."""
    any_address: bool = False
    """Whether it listens on every address of the machine: any of them may be asked for, no other name."""
    is_encrypted: bool = False
    """Whether browsers come by https."""

    def __repr__(self) -> str:
        return "Access(***)"

    def knows_host(self, host: str | None) -> bool:
        """Return whether `Host` is a name of this page; another one is another page's that was bound to this address."""
        name = _host_name(host or "")
        if not name:
            return False
        if name in LOOPBACK_NAMES or name in self.hosts:
            return True
        return self.any_address and _is_address(name)

    def is_token(self, text: str) -> bool:
        """Return whether `text` is the token; takes as long for each wrong one."""
        return hmac.compare_digest(_digest(text), _digest(self.token))

    def is_bearer(self, authorization: str | None) -> bool:
        """Return whether the header `Authorization` bears the token."""
        scheme, _, text = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(text.strip())

    @property
    def cookie(self) -> str:
        """The name of its cookie: browsers give cookies to all ports of a host, and another daemon has one of its own."""
        return f"syncer_{self._sign('cookie', '')[:8]}"

    def session(self, now: int) -> str:
        """Return what the cookie of a browser that knows the token holds; it ends with the token, or after a week."""
        return f"{now}.{self._sign('session', str(now))}"

    def is_session(self, cookie: str | None, now: int) -> bool:
        """Return whether a cookie is one that `session` gave, not too long ago."""
        found = _COOKIE.fullmatch(cookie or "")
        if found is None or not hmac.compare_digest(found[2], self._sign("session", found[1])):
            return False
        return 0 <= now - int(found[1]) <= SESSION_S

    def form_token(self, cookie: str) -> str:
        """Return what each form of this browser's pages sends along: another site's page cannot know it."""
        return self._sign("form", cookie)

    def is_form_token(self, text: str, cookie: str) -> bool:
        """Return whether a form of one of this browser's pages was sent."""
        return hmac.compare_digest(_digest(text), _digest(self.form_token(cookie)))

    def _sign(self, what: str, text: str) -> str:
        return hmac.new(self.token.encode(), f"{what}\0{text}".encode(), hashlib.sha256).hexdigest()


def comes_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Return whether another site's page sent a call, or a browser that says nothing of where it comes from.

    A program sends neither header, which is for the caller to judge: see `tells_origin`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in SAME:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    if origin == "null":
        return site != "same-origin"
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def tells_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a browser said where a call comes from."""
    return "sec-fetch-site" in headers or "origin" in headers


def _host_name(host: str) -> str:
    """Return the name in a `Host`, lower case, without port and brackets; empty where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return (parts.hostname or "").rstrip(".") if is_plain else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
