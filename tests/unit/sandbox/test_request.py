import pytest

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.request import Call, Parameters, parameters_of

FORM = b"application/x-www-form-urlencoded"


def _parameters(body: bytes = b"", kind: bytes = b"application/json", query: bytes = b"", **more: bytes) -> Parameters:
    headers = {b"content-type": kind, **{name.encode(): value for name, value in more.items()}}
    found = parameters_of(Call(method="POST", path="/v26.0/1/events", query=query, headers=headers, body=body))
    assert isinstance(found, Parameters)
    return found


@pytest.mark.parametrize(
    ("found", "token", "place"),
    [
        (_parameters(b'{"access_token": "b"}', authorization=b"Bearer h"), "h", "header"),
        (_parameters(authorization=b"bearer h"), "h", "header"),
        (_parameters(b'{"access_token": "b"}', query=b"access_token=q"), "b", "body"),
        (_parameters(b"access_token=f", FORM), "f", "body"),
        (_parameters(query=b"access_token=q"), "q", "query"),
        (_parameters(), None, "none"),
        (_parameters(authorization=b"Basic h"), None, "none"),
        (_parameters(b'{"access_token": 7}'), None, "none"),
    ],
)
def test_a_token_is_found_in_header_body_form_or_query(found: Parameters, token: str | None, place: str) -> None:
    # all four work (Authorization header and JSON body seen live, form and query documented)
    assert (found.token, found.token_in) == (token, place)


def test_a_form_carries_data_as_text() -> None:
    found = _parameters(b"data=%5B%7B%7D%5D&test_event_code=T1", FORM)
    assert found.values == {"data": "[{}]", "test_event_code": "T1"}


def test_a_multipart_form_is_read_as_curl_sends_it() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n[{}]\r\n--x--\r\n'
    assert _parameters(body, b"multipart/form-data; boundary=x").values == {"data": "[{}]"}


@pytest.mark.parametrize("kind", [b"multipart/form-data", b"multipart/form-data; boundary=", FORM])
@pytest.mark.parametrize("body", [b"\x00\xff", b"--x", b"=&=&%"])
def test_a_broken_form_says_nothing(kind: bytes, body: bytes) -> None:
    assert "data" not in _parameters(body, kind).values


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"\xff", b'{"a": NaN}', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    call = Call(method="POST", path="/", headers={b"content-type": b"application/json"}, body=body)
    found = parameters_of(call)
    assert isinstance(found, Refusal)
    assert found.code == 100


def test_the_token_never_prints() -> None:
    assert "secret-token" not in repr(_parameters(authorization=b"Bearer secret-token"))
