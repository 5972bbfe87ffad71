"""The sandbox as an ASGI application: reads calls, waits, resets and writes as the faults say."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Protocol

from syncer.sandbox.answer import Answer
from syncer.sandbox.api import answer_api, is_api
from syncer.sandbox.faults import Strike
from syncer.sandbox.graph import Visit, answer_other, is_events
from syncer.sandbox.request import Call
from syncer.sandbox.sandbox import Sandbox

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Transport(Protocol):
    """The connection under a call, which `syncer.sandbox.server` puts into the scope's state."""

    def abort(self) -> None:
        """Close at once; what is not sent is lost."""

    def get_extra_info(self, name: str) -> Any:  # asyncio's own signature
        """Return the socket, under the name `socket`."""


def create_app(sandbox: Sandbox) -> App:
    """Return the ASGI application; faults that break the connection need the server of this package."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = _call(scope)
        if is_events(call):
            await _events(sandbox, call, _Wire(scope, receive, send, sandbox))
            return
        wire = _Wire(scope, receive, send, sandbox)
        body = await wire.body(sandbox.settings.body_limit_bytes)
        call = replace(call, body=body or b"")
        await wire.write(answer_api(sandbox, call) if is_api(call) else answer_other(sandbox, call))

    return app


async def _events(sandbox: Sandbox, call: Call, wire: "_Wire") -> None:
    number, strike = sandbox.next_strike()
    visit = Visit(sandbox, call, number, strike, sandbox.settings.clock())
    if strike.name == "reset_before":
        visit.lost(0)
        await wire.reset()
        return
    body = await wire.body(sandbox.settings.body_limit_bytes)
    if strike.latency_s:
        await asyncio.sleep(strike.latency_s)
    visit = replace(visit, call=replace(call, body=body or b""), now=sandbox.settings.clock())
    answer = visit.lost(413) if body is None else visit.answer()
    await wire.write_struck(answer, strike)


class _Wire:
    """One call's connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, sandbox: Sandbox) -> None:
        self._transport: Transport | None = scope.get("state", {}).get("transport")
        self._receive, self._send, self._sandbox = receive, send, sandbox

    async def body(self, limit: int) -> bytes | None:
        """Return the whole body; None where it is larger than `limit` (the rest is read and dropped)."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return b""
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                parts.clear()
            else:
                parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts) if size <= limit else None

    async def write_struck(self, answer: Answer, strike: Strike) -> None:
        """Write the answer as the fault lets it through."""
        match strike.name:
            case "reset_after":
                await self.reset()
            case "cut":
                await self._start(answer)
                half = answer.body[: len(answer.body) // 2]
                await self._send({"type": "http.response.body", "body": half, "more_body": True})
                await self._flush()
                await self.reset()
            case "drip":
                await self._drip(answer, strike.fault.seconds if strike.fault else 0.0)
            case _:
                await self.write(answer)

    async def write(self, answer: Answer) -> None:
        """Write the answer."""
        await self._start(answer)
        await self._send({"type": "http.response.body", "body": answer.body})

    async def reset(self) -> None:
        """Break the connection off; a peer that writes gets a reset."""
        if self._transport is None:
            raise ConnectionResetError
        peer = self._transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _drip(self, answer: Answer, seconds: float) -> None:
        await self._start(answer)
        pause_s = seconds / max(1, len(answer.body))
        for place in range(len(answer.body)):
            part = answer.body[place : place + 1]
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(pause_s)
        await self._send({"type": "http.response.body", "body": b""})

    async def _flush(self) -> None:
        """Give the loop a turn to hand written bytes to the system."""
        await asyncio.sleep(0)

    async def _start(self, answer: Answer) -> None:
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
            (b"date", formatdate(self._sandbox.settings.clock(), usegmt=True).encode()),
            *answer.headers,
        ]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})


def _call(scope: Scope) -> Call:
    return Call(method=scope["method"], path=scope["path"], query=scope["query_string"], headers=dict(scope["headers"]))
