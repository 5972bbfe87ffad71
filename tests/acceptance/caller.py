"""Somebody who calls the API of a daemon."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from syncer.session import Session
from tests.acceptance.served import TOKEN


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API of a daemon."""

    port: int
    session: Session
    token: str = TOKEN

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of the answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            text = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"} if text else {}
            connection.request(method, f"/api{path}", text, headers | {"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def actors(self) -> list[tuple[str, bool]]:
        """What was done, oldest first, and whether it was by the API."""
        return [(entry["action"], entry["actor"].startswith("api of ")) for entry in self("GET", "/audit")[1][::-1]]
