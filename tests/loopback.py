"""A Postgres server that listens on a Unix socket, by TCP."""

import socket
import threading
from contextlib import suppress

import psycopg


class Loopback:
    """Passes bytes between a port of this machine and the socket of a Postgres server; mutable: holds what is open."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            self._path = f"{connection.info.host}/.s.PGSQL.{connection.info.port}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                self._open += [ours, server]
                for source, target in ((ours, server), (server, ours)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
