"""A call that breaks off in its body is not done."""

import asyncio

from syncer.web.access import Access
from syncer.web.guard import Guard, Message, Receive, Scope, Send

SCOPE: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/api/pipelines/orders/resume",
    "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer t")],
}


def test_half_a_body_is_never_let_through() -> None:
    came: list[Message] = [{"type": "http.request", "body": b"", "more_body": True}, {"type": "http.disconnect"}]
    let_through: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        let_through.append(scope["path"])

    async def receive() -> Message:
        return came.pop(0)

    async def send(message: Message) -> None:
        del message

    asyncio.run(Guard(app, Access("t"))(dict(SCOPE), receive, send))
    assert let_through == []
