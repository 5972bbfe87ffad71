"""The files of the sandbox's page, and the headers that keep it to itself."""

from functools import cache
from importlib.resources import files

from syncer.sandbox.answer import Answer
from syncer.sandbox.usage import Headers

_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def safe_headers(policy: bytes = b"default-src 'none'; frame-ancestors 'none'") -> Headers:
    """Return the headers of an answer that no other page may frame, load, keep or guess the type of."""
    return [
        (b"content-security-policy", policy),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
    ]


def page_file(name: str) -> Answer | None:
    """Return a file of the page, or None where there is none of this name."""
    body = _files().get(name)
    if body is None:
        return None
    content_type = _TYPES[name.rpartition(".")[2]]
    return Answer(status=200, body=body, content_type=content_type, headers=safe_headers(_POLICY))


@cache
def _files() -> dict[str, bytes]:
    folder = files("syncer.sandbox") / "page"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
