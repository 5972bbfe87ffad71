"""Receivers of alerts: a webhook and a mail server on loopback."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Hook:
    """A webhook; mutable: what came, and how it answers from now on."""

    url: str = ""
    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def alerts(self) -> list[tuple[str, str]]:
        """Status and condition of each alert, as they came."""
        return [(alert["status"], alert["condition"]) for body in self.bodies for alert in body["alerts"]]


@contextmanager
def webhook() -> Iterator[Hook]:
    """A webhook that notes what comes, also what it refuses."""
    hook = Hook()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.status < 300:
                hook.bodies.append(json.loads(body))
            self.send_response(hook.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            del args

    server = HTTPServer(("127.0.0.1", 0), Answer)
    hook.url = f"http://127.0.0.1:{server.server_port}/hook?key=canaryhook7f3a"
    with served(server):
        yield hook


@dataclass
class Mails:
    """A mail server; mutable: the lines that came."""

    port: int = 0
    lines: list[str] = field(default_factory=list)


@contextmanager
def mail_server(*, refuses: str = "") -> Iterator[Mails]:
    """A mail server that takes everything but the command `refuses`."""
    mails = Mails()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                mails.lines.append(line)
                if in_data and line != ".":
                    continue
                in_data = line.upper() == "DATA"
                said = b"354 go on" if in_data else b"250 canaryanswer"
                if refuses and line.upper().startswith(refuses):
                    said = b"550 canaryanswer"
                self.wfile.write(said + b"\r\n")
                if line == "QUIT":
                    return

    server = socketserver.TCPServer(("127.0.0.1", 0), Talk)
    mails.port = server.server_address[1]
    with served(server):
        yield mails


@contextmanager
def served(server: socketserver.TCPServer) -> Iterator[None]:
    """Let `server` answer during the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
