"""Neither the token nor a value of an event shows in any output, whatever the server does (promises S01, S02)."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from syncer.secret import Secret

TOKEN = "EAABcanaryTOKEN0123456789"
SECRET = "canaryAPPSECRET"
EMAIL = "canary.person@example.com"
PHONE = "4915100000042"
BODY = f'{{"data":[{{"user_data":{{"em":["{EMAIL}"],"ph":["{PHONE}"]}}}}]}}'.encode()

Serve = Callable[..., Any]
ClientOf = Callable[..., Any]


def echoes(status: str) -> Callable[[Any], None]:
    """Answer with all that came, in every place that an outcome is made of."""

    def act(peer: Any) -> None:
        while peer.read_request():
            body = (
                f'{{"error":{{"message":"{TOKEN} {EMAIL}","type":"{EMAIL}","code":100,"error_subcode":2804050,'
                f'"error_user_title":"{EMAIL}","error_user_msg":"{PHONE}","fbtrace_id":"{PHONE}",'
                f'"error_data":{{"blame_field_specs":[["data",0,"{EMAIL}"]]}}}}}}'
            ).encode()
            head = (
                f"HTTP/1.1 {status} {EMAIL}\r\nContent-Length: {len(body)}\r\nX-App-Usage: {EMAIL}\r\nDate: {PHONE}\r\n"
                f"X-Ad-Api-Version-Warning: {TOKEN} {EMAIL}\r\nRetry-After: {EMAIL}\r\nLocation: /{TOKEN}\r\n\r\n"
            )
            peer.send(head.encode() + body)

    return act


def breaks(answer: bytes) -> Callable[[Any], None]:
    def act(peer: Any) -> None:
        peer.read_request()
        peer.send(answer)

    return act


ACTS: dict[str, Callable[[Any], None]] = {
    **{f"echo with {status}": echoes(status) for status in ("200", "302", "400", "401", "403", "413", "429", "500")},
    "no HTTP": breaks(f"{TOKEN} {EMAIL}\r\n\r\n".encode()),
    "a header that is none": breaks(f"HTTP/1.1 200 OK\r\n{EMAIL}\r\n\r\n".encode()),
    "nothing": breaks(b""),
    "reset": lambda peer: peer.reset(),
}


@pytest.mark.parametrize("name", ACTS)
def test_no_secret_shows_in_logs_outcomes_or_representations(
    name: str, serve: Serve, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=logger)
    client = client_of(serve(ACTS[name]).url, access_token=Secret(TOKEN), app_secret=Secret(SECRET))
    outcome = client.send(BODY, events=1)
    seen = " ".join((caplog.text, repr(outcome), str(outcome), repr(client), repr(vars(client)), str(client._endpoint)))
    for canary in (TOKEN, SECRET, EMAIL, PHONE):
        assert canary not in seen


def test_no_request_carries_a_query(serve: Serve, client_of: ClientOf) -> None:
    server = serve(echoes("200"))
    client_of(server.url, access_token=Secret(TOKEN), app_secret=Secret(SECRET)).send(BODY, events=1)
    line = server.requests[0].split(b"\r\n")[0]
    assert line == b"POST /v26.0/1234567890/events HTTP/1.1"


def test_the_loggers_of_the_http_library_are_quiet_even_under_a_root_at_debug(
    serve: Serve, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client_of(serve(echoes("200")).url).send(BODY, events=1)
    assert [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []
