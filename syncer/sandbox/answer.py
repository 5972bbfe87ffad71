"""An HTTP answer, ready to be written."""

import base64
import hashlib
from dataclasses import dataclass, field

import orjson

from syncer.sandbox.refusal import Hints, Path, Refusal
from syncer.sandbox.usage import Headers
from syncer.sandbox.wording import Locale

_PAGES = {
    413: b"<html><head><title>413 Request Entity Too Large</title></head><body><h1>413</h1></body></html>",
    503: b"<html><head><title>Sorry, something went wrong.</title></head><body><h1>Error</h1></body></html>",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, body and headers."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)
    content_type: bytes = b"application/json; charset=UTF-8"


def document(value: object, *, headers: Headers | None = None) -> Answer:
    """Return a JSON answer of status 200; what is nested too deeply to be written gives 500."""
    try:
        return Answer(status=200, body=orjson.dumps(value), headers=headers or [])
    except orjson.JSONEncodeError as reason:
        return Answer(
            status=500, body=orjson.dumps({"error": f"this cannot be shown: {reason}"}), headers=headers or []
        )


def page(status: int) -> Answer:
    """Return the HTML page that a machine before Meta's API answers."""
    return Answer(status=status, body=_PAGES[status], content_type=b"text/html; charset=utf-8")


def error(
    refusal: Refusal, trace_id: str, *, locale: Locale, hints: Hints = "none", blame: Path | None = None
) -> Answer:
    """Return the answer of a Graph error."""
    envelope = refusal.envelope(trace_id, locale=locale, hints=hints, blame=blame)
    challenge = b'OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token."'
    headers = [(b"www-authenticate", challenge)] if refusal.status == 401 else []
    return Answer(status=refusal.status, body=orjson.dumps(envelope), headers=headers)


def trace_id(seed: int, number: int) -> str:
    """Return the fbtrace_id of a request: the same for the same seed and number."""
    digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return "A" + base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
