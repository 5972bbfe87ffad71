"""`/livez`, `/readyz` and `/metrics`: on a port of their own without token, or as part of the daemon's page."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from syncer.health import Health, Verdict
from syncer.metrics import CONTENT_TYPE

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer: TypeAlias = tuple[int, str, bytes]
"""Status, type of the content, content."""
PATHS = ("/livez", "/readyz", "/metrics")
JSON = "application/json"
HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


def answer(health: Health, path: str) -> Answer:
    """Return the answer to a GET of one of `PATHS`; may wait for the state."""
    match path:
        case "/livez":
            return _of(health.live())
        case "/readyz":
            return _of(health.ready())
    text = health.metrics()
    return (200, CONTENT_TYPE, text) if text else (503, "text/plain; charset=utf-8", b"# not begun yet\n")


def _of(verdict: Verdict) -> Answer:
    return 200 if verdict.is_well else 503, JSON, json.dumps(verdict.facts).encode()


class HealthApp:
    """An ASGI application that answers `PATHS` and nothing else."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        del receive
        if scope["type"] != "http":
            return
        status, content_type, body = await self._answer(scope["method"], scope["path"])
        length = (b"content-length", str(len(body)).encode())
        headers = [(b"content-type", content_type.encode()), length, *HEADERS]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, method: str, path: str) -> Answer:
        if path not in PATHS:
            remedy = f"there is {', '.join(PATHS)}"
            return 404, JSON, json.dumps({"error": "there is no such page here", "remedy": remedy}).encode()
        if method not in ("GET", "HEAD"):
            return 405, JSON, json.dumps({"error": "nothing can be changed here", "remedy": "send a GET"}).encode()
        if path == "/livez":  # without a thread: all of them may wait for a state that is away
            return answer(self._health, path)
        return await asyncio.to_thread(answer, self._health, path)
