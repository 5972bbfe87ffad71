"""The parameters of a call, out of query, form, multipart or JSON body."""

from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Literal
from urllib.parse import parse_qsl

import orjson

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.shapes import Json

TokenPlace = Literal["header", "body", "query", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request as it arrived."""

    method: str
    path: str
    query: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    """By lower-case name; the last one where a name repeats."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a call says, and where its token stood."""

    values: Json
    token: str | None = field(repr=False)
    token_in: TokenPlace


def parameters_of(call: Call) -> Parameters | Refusal:
    """Return the parameters of a call; a body wins over the query, the header over both for the token."""
    query: Json = dict(parse_qsl(call.query.decode("latin-1")))
    body = _body(call)
    if isinstance(body, Refusal):
        return body
    values = {**query, **body}
    token, place = bearer(call), "header"
    if token is None:
        given = values.get("access_token")
        token = given if isinstance(given, str) else None
        place = "none" if token is None else "body" if "access_token" in body else "query"
    return Parameters(values, token, place)  # type: ignore[arg-type]  # the names above are the places


def bearer(call: Call) -> str | None:
    """Return the token of the Authorization header."""
    scheme, _, token = call.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _body(call: Call) -> Json | Refusal:
    if not call.body:
        return {}
    kind = call.headers.get(b"content-type", b"").decode("latin-1")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(call.body.decode("utf-8", "replace")))
    if kind.startswith("multipart/form-data"):
        return _multipart(kind, call.body)
    try:
        document = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return Refusal(code=100, message="(#100) The request body is no valid JSON document")
    if not isinstance(document, dict):
        return Refusal(code=100, message="(#100) The request body must be a JSON object")
    return document


def _multipart(kind: str, body: bytes) -> Json:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    if not message.is_multipart():
        return {}
    parts: Json = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = content.decode("utf-8", "replace")
    return parts
