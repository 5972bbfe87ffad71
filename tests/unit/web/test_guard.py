"""Promise S20: who comes in, what may be changed, what a browser may do with an answer."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from syncer.errors import ConfigError, SyncerError
from syncer.pipeline import Daemon
from syncer.web.access import SESSION_S, Access
from syncer.web.guard import FORM, MOST_BYTES, Guard, Receive, Scope, Send
from syncer.web.server import listener, refuse_open_door
from tests.unit.web.asgi import Answer, ask

TOKEN = "t0ken-of-the-page-0123456789"
NOW = 1_800_000_000
ACCESS = Access(TOKEN, hosts=frozenset({"syncer.example.com"}))
BEARER = {"authorization": f"Bearer {TOKEN}"}
SESSION = ACCESS.session(NOW)
BROWSER = {"cookie": f"{ACCESS.cookie}={SESSION}", "sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8787"}
COOKIES = {"cookie": f"{ACCESS.cookie}={SESSION}"}
CSRF = ACCESS.form_token(SESSION)
ELSEWHERE = [
    "evil.example",
    "evil.example:8787",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "10.0.0.7",
    "",
    "[::1",
]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Say who asks and what was sent."""
    body = (await receive())["body"]
    text = f"{scope['syncer'].by} {scope['method']} {body.decode()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text})


def guarded(path: str = "/", headers: Mapping[str, str] | None = None, *, at: int = NOW) -> Answer:
    return ask(Guard(inner, ACCESS, now=lambda: at, wait_s=0), path, headers=headers)


def post(*, csrf: str = CSRF, **changes: str | None) -> Answer:
    """A form of the page; `changes` replace headers, None takes one out."""
    wanted = {**BROWSER, "content-type": FORM}
    wanted |= {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    gone = {name.replace("_", "-") for name, value in changes.items() if value is None}
    headers = {name: value for name, value in wanted.items() if name not in gone}
    return ask(
        Guard(inner, ACCESS, now=lambda: NOW),
        "/pipelines/orders/pause",
        method="POST",
        headers=headers,
        body=urlencode({"csrf": csrf}).encode(),
    )


@pytest.mark.parametrize("host", ELSEWHERE)
def test_S20_a_name_that_was_bound_to_this_address_gets_nothing(host: str) -> None:
    assert guarded(headers={"host": host, **BEARER}).status == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost:1", "[::1]:8787", "LOCALHOST", "syncer.example.com"])
def test_S20_its_own_names_are_known(host: str) -> None:
    assert guarded(headers={"host": host, **BEARER}).status == 200


def test_S20_on_all_addresses_any_of_them_is_its_name_and_no_other() -> None:
    access = Access(TOKEN, any_address=True)
    assert access.knows_host("192.0.2.7:8787")
    assert not access.knows_host("evil.example")
    assert not Access(TOKEN, hosts=frozenset({""})).knows_host("evil.example/")


@pytest.mark.parametrize(
    "path", ["/", "/pipelines/orders", "/runs/1", "/audit", "/api/pipelines", "/api/openapi.json", "/metrics"]
)
def test_S20_nothing_is_told_without_the_token(path: str) -> None:
    forged = {"cookie": f"{ACCESS.cookie}={NOW}.{'0' * 64}"}
    for headers in ({}, {"authorization": "Bearer wrong"}, forged):
        answer = guarded(path, headers)
        assert answer.status in (303, 401)
        said = answer.body.decode()
        if answer.headers.get("content-type") == "application/json":
            said = " ".join(json.loads(said).values())
        assert said in (
            "",
            "The token is missing or wrong. Send `Authorization: Bearer TOKEN`: that of `daemon.auth_token`, else the one in `.syncer/page-token`.",
        )


def test_S20_a_program_comes_by_the_token_and_a_browser_by_its_cookie() -> None:
    assert guarded(headers=BEARER).text == "api GET "
    assert guarded(headers=COOKIES).text == "page GET "
    assert guarded("/livez").text == " GET "


def test_S20_a_cookie_ends_after_a_week_and_with_its_token() -> None:
    assert guarded(headers=COOKIES, at=NOW + SESSION_S).status == 200
    assert guarded(headers=COOKIES, at=NOW + SESSION_S + 1).status == 303
    other = Access("another-token-0123456789")
    assert not other.is_session(SESSION, NOW)
    assert other.cookie != ACCESS.cookie
    assert not ACCESS.is_session(SESSION.replace(str(NOW), str(NOW + 9)), NOW)


def test_S20_the_token_gives_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    body = urlencode({"token": TOKEN}).encode()
    headers = {"content-type": FORM, "origin": "http://127.0.0.1:8787"}
    answer = ask(Guard(inner, ACCESS, now=lambda: NOW), "/login", method="POST", headers=headers, body=body)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{ACCESS.cookie}={SESSION}; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in str(answer)
    encrypted = Guard(inner, Access(TOKEN, is_encrypted=True), now=lambda: NOW)
    assert "Secure" in ask(encrypted, "/login", method="POST", headers=headers, body=body).headers["set-cookie"]


def test_S20_a_wrong_token_gives_no_cookie() -> None:
    headers = {"content-type": FORM, "origin": "http://127.0.0.1:8787"}
    answer = ask(Guard(inner, ACCESS, wait_s=0), "/login", method="POST", headers=headers, body=b"token=wrong")
    assert (answer.status, answer.headers["location"]) == (303, "/login?wrong")
    assert "set-cookie" not in answer.headers


def test_S20_a_form_of_the_page_is_taken() -> None:
    assert post().text == f"page POST csrf={CSRF}"
    assert post(sec_fetch_site=None).status == 200
    assert post(origin=None).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://evil.example", "sec_fetch_site": None},
        {"origin": "http://127.0.0.1:8788", "sec_fetch_site": None},
        {"origin": "null", "sec_fetch_site": None},
        {"origin": None, "sec_fetch_site": None},
        {"csrf": ""},
        {"csrf": "0" * 64},
        {"csrf": ACCESS.form_token(ACCESS.session(NOW - 1))},
    ],
)
def test_S20_no_other_sites_form_changes_anything(changes: dict[str, str | None]) -> None:
    assert post(**changes).status == 403  # type: ignore[arg-type]  # csrf is a text


def test_S20_another_sites_page_changes_nothing_by_the_token_either() -> None:
    assert post(authorization=BEARER["authorization"], sec_fetch_site="cross-site").status == 403
    assert post(authorization=BEARER["authorization"], cookie=None, origin=None, sec_fetch_site=None).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_S20_other_methods_and_large_bodies_are_refused(method: str) -> None:
    app = Guard(inner, ACCESS)
    assert ask(app, "/", method=method, headers=BEARER).status == 405
    assert ask(app, "/", method="POST", headers=BEARER, body=b"x" * (MOST_BYTES + 1)).status == 413


def test_S20_a_call_whose_length_two_readers_could_read_in_two_ways_is_refused() -> None:
    twice = {**BEARER, "content-length": "4", "transfer-encoding": "chunked"}
    assert guarded(headers=twice).status == 400


@pytest.mark.parametrize("path", ["/runs?pipeline=a%00", "/runs/\0", "/api/audit?pipeline=%00"])
def test_what_no_postgres_could_be_asked_for_is_refused_in_words(path: str) -> None:
    answer = guarded(path, BEARER)
    assert (answer.status, "has a NUL character" in answer.text) == (400, True)
    assert guarded("/runs?pipeline=%2500", BEARER).status == 200
    form = {**BEARER, "content-type": FORM}
    sent = ask(Guard(inner, ACCESS), "/pipelines/orders/meta/retry", method="POST", headers=form, body=b"reason=%00")
    assert (sent.status, "has a NUL character" in sent.text) == (400, True)


@pytest.mark.parametrize("headers", [BEARER, {}, {"host": "evil.example"}])
def test_S20_every_answer_keeps_to_itself(headers: dict[str, str]) -> None:
    said = guarded(headers=headers).headers
    policy = said["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert said["x-content-type-options"] == "nosniff"
    assert said["cache-control"] == "no-store"
    assert said["referrer-policy"] == "same-origin"
    assert not any(name.startswith("access-control") for name in said)


def test_S20_another_address_than_this_machines_needs_a_token_and_https() -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_open_door(Daemon(host="0.0.0.0"), has_token=False)
    text = str(refused.value)
    for words in ("daemon.auth_token", "daemon.tls_certificate_file", "behind_proxy: true"):
        assert words in text
    with pytest.raises(ConfigError, match="tls_certificate_file"):
        refuse_open_door(Daemon(host="192.0.2.7"), has_token=True)
    with pytest.raises(ConfigError, match="auth_token"):
        refuse_open_door(Daemon(host="::", behind_proxy=True), has_token=False)
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        refuse_open_door(Daemon(host=host), has_token=False)
    refuse_open_door(Daemon(host="0.0.0.0", behind_proxy=True), has_token=True)


def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    with listener("127.0.0.1", 0, key="daemon.port") as first:
        port = first.getsockname()[1]
        with pytest.raises(
            SyncerError, match=f"daemon.port: port {port} of 127.0.0.1 cannot be used: .*; stop what has it"
        ):
            listener("127.0.0.1", port, key="daemon.port")


def test_cookies_of_other_pages_of_this_host_do_not_hide_the_cookie_of_this_one() -> None:
    odd = {"cookie": f'other={{"a": "b"}}; {COOKIES["cookie"]}; another="x'}
    assert guarded(headers=odd).text == "page GET "
