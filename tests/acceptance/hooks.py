"""Receivers of alerts: a webhook and a mail server on loopback."""

import itertools
import json
import socketserver
import ssl
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


ANSWERS = {
    "EHLO": b"250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS",
    "AUTH": b"235 canaryanswer",
    "DATA": b"354 go on",
}


@contextmanager
def mail_server(
    *, refuses: str = "", tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> Iterator[Mails]:
    """A mail server that takes everything but the command `refuses`; by TLS at once, or when it is asked to."""
    mails, answers = Mails(), ANSWERS | {"STARTTLS": b"220 go on" if starttls else b"454 canaryanswer"}

    class Talk(socketserver.StreamRequestHandler):
        def encrypt(self, context: ssl.SSLContext) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def setup(self) -> None:
            super().setup()
            if tls:
                self.encrypt(tls)

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            in_data = False
            while raw := self.rfile.readline():
                line = raw.decode().rstrip("\r\n")
                mails.lines.append(line)
                if in_data and line != ".":
                    continue
                in_data, verb = line.upper() == "DATA", line.upper().partition(" ")[0]
                said = b"550 canaryanswer" if verb == refuses else answers.get(verb, b"250 canaryanswer")
                self.wfile.write(said + b"\r\n")
                if line == "STARTTLS" and starttls:
                    self.encrypt(starttls)
                if line == "QUIT":
                    return

    server = Quiet(("127.0.0.1", 0), Talk)
    mails.port = server.server_address[1]
    with served(server):
        yield mails


class Quiet(socketserver.TCPServer):
    """A server whose guests may leave as they like."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""
        del request, client_address


@contextmanager
def dripping(letters: bytes, *, every_s: float = 0.02) -> Iterator[int]:
    """A server that says one of `letters` after the other and comes to no end; gives its port."""
    is_over = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            for letter in itertools.cycle(letters):
                self.request.sendall(bytes([letter]))
                if is_over.wait(every_s):
                    return

    server = Quiet(("127.0.0.1", 0), Drip)
    with served(server):
        try:
            yield server.server_address[1]
        finally:
            is_over.set()


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
