"""Calls of an application in this process, as they come from a socket."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncer.web.guard import App, Message


@dataclass
class Answer:
    """What came back. Mutable: it is filled as it comes."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def ask(
    app: App, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send one call; a program's, unless the headers say otherwise."""
    sent = {"host": "127.0.0.1:8787", **(headers or {})}
    name, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": name, "raw_path": name.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(key.encode(), value.encode("latin-1")) for key, value in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8787),
    }  # fmt: skip
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {key.decode(): value.decode("latin-1") for key, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    asyncio.run(_call(app, scope, receive, send))
    return answer


async def _call(app: App, scope: dict[str, Any], receive: Any, send: Any) -> None:
    await app(scope, receive, send)
