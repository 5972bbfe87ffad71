"""What stands before every page and answer: who may come in, what may be changed, what a browser may do with it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from syncer.web.access import SESSION_S, Access, comes_from_elsewhere, tells_origin

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Form: TypeAlias = dict[str, str]

LOGIN, LOGOUT, API, STATIC = "/login", "/logout", "/api/", "/static/"
FOR_ALL = ("/livez", "/readyz", LOGIN)
"""Without token: they tell nothing but that there is a daemon, or ask for the token."""
HOW_TO_ASK = "Send `Authorization: Bearer TOKEN`: that of `daemon.auth_token`, else the one in `.syncer/page-token`."
MOST_BYTES = 65_536
MOST_OF_LOGIN = 4_096
"""Bytes of the only body that is read of somebody who has not shown the token."""
BODY_S = 10.0
"""Until a body is there, however slowly it comes."""
WRONG_TOKEN_S = 0.5
"""Between two wrong tokens, whoever sends them."""
FORM = "application/x-www-form-urlencoded"
NUL = ("What is asked for has a NUL character (%00), and nothing here is called so.", "Ask without it.")
"""Not every state store or warehouse can be asked for one."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer, browsers would hide from us where a form comes from
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the token tells; in `scope["syncer"]` of each call that came through."""

    by: str
    """`page` or `api`, for the audit log; empty: nobody who knows the token."""
    form_token: str = ""
    """For the forms of the page."""
    form: Form | None = None
    """What a form of the page sent."""


class Guard:
    """An ASGI application around another. Mutable: it lets one wrong token at a time wait."""

    def __init__(
        self,
        app: App,
        access: Access,
        *,
        now: Callable[[], float] = time.time,
        wait_s: float = WRONG_TOKEN_S,
        body_s: float = BODY_S,
    ) -> None:
        self._app, self._access, self._now, self._wait_s, self._body_s = app, access, now, wait_s, body_s
        self._wrong = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or let it through."""
        if scope["type"] != "http":
            return
        call = _Call(scope, send)
        if not self._access.knows_host(call.headers.get("host")):
            await call.refuse(400, "This page has another name.", "Ask by a name in `daemon.hosts` of syncer.yaml.")
        elif "transfer-encoding" in call.headers and "content-length" in call.headers:
            await call.refuse(400, "The call says its length twice.", "Send one of the two headers.")
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await call.refuse(400, *NUL)
        elif scope["method"] not in ("GET", "HEAD", "POST"):
            await call.refuse(405, "Only GET and POST are understood.", "")
        elif scope["method"] == "POST" and comes_from_elsewhere(call.headers):
            await call.refuse(403, "Another site's page sent this.", "Open the daemon's own page and do it there.")
        elif call.scope["path"] == LOGIN and call.scope["method"] == "POST":
            if (body := await self._read(call, receive, MOST_OF_LOGIN)) is not None:
                await self._log_in(call, _form(call, body))
        else:
            await self._let_in(call, receive)

    async def _let_in(self, call: "_Call", receive: Receive) -> None:
        """Let a call through by token or cookie, before anything of its body is read; others see what is open to all."""
        path, cookie, is_post = call.scope["path"], call.cookie(self._access.cookie), call.scope["method"] == "POST"
        is_bearer = self._access.is_bearer(call.headers.get("authorization"))
        if not is_bearer and not (cookie and self._access.is_session(cookie, int(self._now()))):
            if is_post or not (path.startswith(STATIC) or path in FOR_ALL):
                await self._ask_for_token(call)
            else:
                await self._pass(call, Caller(""), receive)
            return
        if (body := await self._read(call, receive, MOST_BYTES)) is None:
            return
        form = _form(call, body)
        if form and "\0" in "".join(form.values()):
            await call.refuse(400, *NUL)
            return
        if is_bearer:
            caller = Caller("api", form=form)
        else:
            assert cookie is not None, "it is a session"  # noqa: S101  # for the types
            caller = Caller("page", self._access.form_token(cookie), form)
            if is_post and not self._is_own_form(call, form, cookie):
                await call.refuse(403, "This form is too old, or not of this page.", "Load the page again.")
                return
        await self._pass(call, caller, _given(body, receive))

    async def _pass(self, call: "_Call", caller: Caller, receive: Receive) -> None:
        if call.scope["path"] == LOGOUT and call.scope["method"] == "POST":
            await call.go_to(LOGIN, self._cookie("", 0))
        else:
            call.scope["syncer"] = caller
            await self._app(call.scope, receive, call.send)

    async def _read(self, call: "_Call", receive: Receive, most: int) -> bytes | None:
        """Return the body; None where it is refused: too much, too slow, or broken off."""
        try:
            body = await asyncio.wait_for(_body(receive, most), self._body_s)
        except TimeoutError:
            await call.refuse(408, "The call does not come to its end.", "Send it again.")
            return None
        if body is None:
            await call.refuse(413, "That is too much.", f"Send {most} bytes at most.")
        return body

    def _is_own_form(self, call: "_Call", form: Form | None, cookie: str) -> bool:
        sent = call.headers.get("x-csrf-token") or (form or {}).get("csrf", "")
        return tells_origin(call.headers) and self._access.is_form_token(sent, cookie)

    async def _ask_for_token(self, call: "_Call") -> None:
        if "authorization" in call.headers:
            await self._wait()
        if call.wants_json or call.scope["method"] == "POST":
            await call.refuse(401, "The token is missing or wrong.", HOW_TO_ASK)
        else:
            await call.go_to(LOGIN)

    async def _log_in(self, call: "_Call", form: Form | None) -> None:
        """Give a browser a cookie for the token; a wrong one waits in line with the others."""
        if not tells_origin(call.headers):
            await call.refuse(403, "The browser does not say where this comes from.", "Use a newer one.")
        elif self._access.is_token((form or {}).get("token", "").strip()):
            await call.go_to("/", self._cookie(self._access.session(int(self._now())), SESSION_S))
        else:
            await self._wait()
            await call.go_to(f"{LOGIN}?wrong")

    async def _wait(self) -> None:
        async with self._wrong:
            await asyncio.sleep(self._wait_s)

    def _cookie(self, value: str, age_s: int) -> tuple[bytes, bytes]:
        secure = "; Secure" if self._access.is_encrypted else ""
        text = f"{self._access.cookie}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}"
        return b"set-cookie", text.encode()


class _Call:
    """One call, and how it is answered."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

    @property
    def wants_json(self) -> bool:
        """Whether a program asks."""
        path: str = self.scope["path"]
        return path.startswith(API) or path == "/metrics"

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, whatever odd ones other pages of this host have set beside it."""
        found = (each.strip().partition("=") for each in self.headers.get("cookie", "").split(";"))
        return next((value for known, _, value in found if known == name), None)

    async def send(self, message: Message) -> None:
        """Send on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            own = [pair for pair in message.get("headers", []) if pair[0].lower() not in dict(HEADERS)]
            message = {**message, "headers": [*own, *HEADERS]}
        await self._send(message)

    async def go_to(self, path: str, *more: tuple[bytes, bytes]) -> None:
        """Send the browser to another page."""
        await self._answer(303, b"", [(b"location", path.encode()), *more])

    async def refuse(self, status: int, what: str, remedy: str) -> None:
        """Say why not, and what to do."""
        kind, body = b"text/plain; charset=utf-8", f"{what} {remedy}".strip()
        if self.wants_json:
            kind, body = b"application/json", json.dumps({"error": what, "remedy": remedy})
        may = [(b"allow", b"GET, HEAD, POST")] if status == 405 else []
        await self._answer(status, body.encode(), [(b"content-type", kind), *may])

    async def _answer(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        length = (b"content-length", str(len(body)).encode())
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await self.send({"type": "http.response.body", "body": b"" if self.scope["method"] == "HEAD" else body})


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return the whole body; None where there is more than `most` bytes, or the caller broke off."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or sum(map(len, parts)) > most:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _form(call: _Call, body: bytes) -> Form | None:
    """Return the fields of a form, of each the last; None where none was sent."""
    if call.scope["method"] != "POST" or call.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        return None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return {}


def _given(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body again that was read already, and then what comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
