"""JSON of a stranger never raises."""

import pytest

from syncer.capi.untrusted import read_json, read_object, whole


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nul",
        b"NaN",
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'[{"a":{"b":1,"b":2}}]',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b'{"a":1}x',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a":' * 201 + b"1" + b"}" * 201,  # which each Python could read
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_no_strict_json_is_nothing(text: bytes) -> None:
    assert read_json(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"[1, 2.5, true, null]", [1, 2.5, True, None]),
        (b"[%s]" % b", ".join([b"{}"] * 300), [{}] * 300),
        (b"999999999999999999", 999_999_999_999_999_999),
        (b"1000000000000000000", 1e18),
        (b"9" * 100_000, float("inf")),
        (b"1e999", float("inf")),
        ('"é"', "é"),
    ],
)
def test_values_are_read_within_bounds(text: bytes | str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize("text", [b"[]", b"1", b'"a"', b"null", b"x"])
def test_only_an_object_is_an_object(text: bytes) -> None:
    assert read_object(text) is None


@pytest.mark.parametrize(("value", "number"), [(3, 3), (-1, -1), (True, None), (3.0, None), ("3", None), (None, None)])
def test_whole_numbers_are_integers_only(value: object, number: int | None) -> None:
    assert whole(value) == number


def test_an_integer_that_is_too_long_is_no_integer() -> None:
    assert whole(read_json(b"1000000000000000000")) is None
