"""What is read of a call, and of whom: a body that does not come, and one of somebody without the token."""

import asyncio
from typing import Any

import pytest

from syncer.web.access import Access
from syncer.web.guard import FORM, MOST_OF_LOGIN, Guard, Message, Receive, Scope, Send

TOKEN = "t0ken-of-the-page-0123456789"
ACCESS = Access(TOKEN)
BEARER = (b"authorization", f"Bearer {TOKEN}".encode())


def called(came: list[Message], *headers: tuple[bytes, bytes], path: str = "/api/runs") -> tuple[list[str], int, int]:
    """Send one POST whose body comes in pieces, and then no more; return what was let through, status, pieces left."""
    said = [(b"host", b"localhost"), *headers]
    scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": said}
    let_through: list[str] = []
    statuses: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        let_through.append(scope["path"])

    async def receive() -> Message:
        if not came:
            await asyncio.sleep(30)
        return came.pop(0)

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    asyncio.run(Guard(app, ACCESS, wait_s=0, body_s=0.05)(scope, receive, send))
    return let_through, statuses[0] if statuses else 0, len(came)


def part(body: bytes = b"x") -> Message:
    return {"type": "http.request", "body": body, "more_body": True}


def test_half_a_body_is_never_let_through() -> None:
    assert called([part(b""), {"type": "http.disconnect"}], BEARER)[0] == []


@pytest.mark.parametrize("path", ["/api/pipelines/orders/runs", "/pipelines/orders/meta/run", "/livez", "/static/x"])
def test_S20_nothing_is_read_of_somebody_who_has_not_shown_the_token(path: str) -> None:
    assert called([part(), part()], path=path) == ([], 401, 2)


def test_S20_of_a_login_no_more_is_read_than_a_token_needs() -> None:
    told = [(b"content-type", FORM.encode()), (b"origin", b"http://localhost")]
    assert called([part(b"x" * (MOST_OF_LOGIN + 1)), part()], *told, path="/login") == ([], 413, 1)


def test_R24_a_body_that_does_not_come_to_its_end_is_left_after_a_while() -> None:
    assert called([part()], BEARER) == ([], 408, 0)
