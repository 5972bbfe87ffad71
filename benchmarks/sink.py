"""The least that answers as the Conversions API does: counts events, waits as long as asked, keeps bodies if asked.

`python -m benchmarks.sink [LATENCY_S [FILE]]` prints its URL. Every peer posts to it, so what it costs is the same for
all, and it is small: the sandbox would take a core of its own.
"""

import asyncio
import json
import sys
from pathlib import Path

EVENT = b"user_data"
"""Without quotes, which Meta's SDK sends as `%5C%22`."""
TRACE_ID = "AmXn5oJBdXTQ8hNNfmMq3Vn"
"""As long as Meta's: syncer looks for it in what it sent."""


class Connection(asyncio.Protocol):
    """One connection that is kept open; reads a request whole, then answers it."""

    def __init__(self, latency_s: float, kept: Path | None) -> None:
        self._latency_s = latency_s
        self._kept = kept
        self._parts: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take a piece; requests are not pipelined."""
        self._parts.append(data)
        self._missing -= len(data)
        if self._missing <= 0:
            self._look()

    def _look(self) -> None:
        whole = b"".join(self._parts)
        self._parts = [whole]
        head, found, body = whole.partition(b"\r\n\r\n")
        if not found:
            self._missing = 1
            return
        fields = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
        length = next((int(value) for name, _, value in fields if name == b"content-length"), 0)
        self._missing = length - len(body)
        if self._missing <= 0:
            self._parts = []
            asyncio.get_running_loop().call_later(self._latency_s, self._answer, body)

    def _answer(self, body: bytes) -> None:
        if self._kept is not None and body:
            with self._kept.open("ab") as file:
                file.write(body + b"\n")
        said = json.dumps({"events_received": body.count(EVENT), "messages": [], "fbtrace_id": TRACE_ID}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
        self._transport.write(head.encode() + said)


async def serve(latency_s: float, kept: Path | None) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(latency_s, kept), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    latency, file = [*sys.argv[1:], *("0", "")[len(sys.argv) - 1 :]][:2]
    asyncio.run(serve(float(latency), Path(file) if file else None))
