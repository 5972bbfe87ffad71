"""What proves to Meta who sends: the access token and, where an app secret is given, its proof."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from syncer.capi.endpoint import Endpoint
from syncer.errors import ConfigError, Problem

PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Never printed."""

    token: str = field(repr=False)
    proof: str | None = field(repr=False)


def read_credentials(endpoint: Endpoint) -> Credentials:
    """Return what the references of `endpoint` hold now; raises `ConfigError`, which never quotes a value.

    Source of the proof: Graph API, "Secure Requests": lower-case hex HMAC-SHA256, the app secret is the key, the
    access token the message.
    """
    token = _plain(endpoint.access_token.resolve(), "access_token")
    if endpoint.app_secret is None:
        return Credentials(token, None)
    secret = _plain(endpoint.app_secret.resolve(), "app_secret")
    return Credentials(token, hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest())


def _plain(text: str, path: str) -> str:
    """Return `text` without the line end of a file; a header takes nothing but printable ASCII."""
    text = text.strip()
    if PRINTABLE.fullmatch(text):
        return text
    what = "it holds a blank or a character that no token has" if text else "it is empty"
    raise ConfigError([Problem(file=None, path=path, what=what, remedy="copy it again to where this points")])
