import hashlib
import hmac
from typing import Any

import pytest

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.tokens import Door, Token

NOW = 1_795_000_000


def _door(**settings: Any) -> Door:
    tokens = [
        Token(text="good"),
        Token(text="other", dataset_ids={"2"}),
        Token(text="old", expires_at=NOW - 1),
        Token(text="changed", invalid_subcode=460),
        Token(text="weak", code=200),
    ]
    return Door(**{"tokens": {token.text: token for token in tokens}, "dataset_ids": {"1", "2"}, **settings})


def _refuses(door: Door, token: str | None, dataset_id: str = "1", proof: object = None) -> Refusal | None:
    return door.refuses(token, dataset_id=dataset_id, proof=proof, now=NOW)


def test_a_good_token_may_send() -> None:
    assert _refuses(_door(), "good") is None


@pytest.mark.parametrize(
    ("token", "dataset_id", "code", "subcode", "status"),
    [
        (None, "1", 104, None, 400),
        ("unknown", "1", 190, None, 401),
        ("old", "1", 190, 463, 401),
        ("changed", "1", 190, 460, 401),
        ("weak", "1", 200, None, 403),
        ("good", "3", 100, 33, 400),
        ("other", "1", 100, None, 400),
    ],
)
def test_a_token_that_may_not_send_is_told_why(
    token: str | None, dataset_id: str, code: int, subcode: int | None, status: int
) -> None:
    refusal = _refuses(_door(), token, dataset_id)
    assert refusal is not None
    assert (refusal.code, refusal.subcode, refusal.status) == (code, subcode, status)


def test_the_token_of_another_dataset_misses_a_permission() -> None:
    refusal = _refuses(_door(), "other")
    assert refusal is not None
    assert refusal.message == "Missing Permission"


def test_an_invalid_token_is_answered_with_four_fields_only() -> None:
    # seen live on v26.0
    refusal = _refuses(_door(), "unknown")
    assert refusal is not None
    envelope: Any = refusal.envelope("AbC")
    assert set(envelope["error"]) == {"message", "type", "code", "fbtrace_id"}


def test_without_a_table_any_token_and_any_decimal_dataset_will_do() -> None:
    door = _door(tokens={}, dataset_ids=None)
    assert _refuses(door, "anything", "123") is None
    assert _refuses(door, "two words", "123") is not None
    assert _refuses(door, "anything", "12a") is not None


@pytest.mark.parametrize("proof_code", [104, 100])
def test_the_proof_is_an_hmac_of_the_token_by_the_app_secret(proof_code: int) -> None:
    door = _door(app_secret="secret", proof_code=proof_code)
    right = hmac.new(b"secret", b"good", hashlib.sha256).hexdigest()
    assert _refuses(door, "good", proof=right) is None
    for wrong in (None, "", right.upper(), "é", 7):
        refusal = _refuses(door, "good", proof=wrong)
        assert refusal is not None
        assert refusal.code == proof_code


def test_debug_token_tells_datasets_and_expiry() -> None:
    # seen live: type SYSTEM_USER, expires_at 0, scope read_ads_dataset_quality limited by granular_scopes
    data: Any = _door().described("other", NOW)["data"]
    assert data["is_valid"] is True
    assert data["type"] == "SYSTEM_USER"
    assert data["expires_at"] == 0
    assert data["granular_scopes"] == [{"scope": "read_ads_dataset_quality", "target_ids": ["2"]}]


@pytest.mark.parametrize(("token", "subcode"), [("old", 463), ("changed", 460), ("unknown", 467)])
def test_debug_token_tells_what_is_wrong_with_a_dead_token(token: str, subcode: int) -> None:
    data: Any = _door().described(token, NOW)["data"]
    assert data["is_valid"] is False
    assert data["error"]["subcode"] == subcode


@pytest.mark.parametrize(
    ("token", "proof", "code", "subcode"),
    [("unknown", None, 190, None), ("old", None, 190, 463), ("shy", None, 100, None), ("good", "wrong", 104, None)],
)
def test_debug_token_refuses_who_may_not_ask(token: str, proof: object, code: int, subcode: int | None) -> None:
    known = {each: Token(text=each) for each in ("good",)} | {"old": Token(text="old", expires_at=NOW - 1)}
    door = _door(tokens={**known, "shy": Token(text="shy", may_describe=False)}, app_secret=proof and "secret")
    refusal = door.refuses_to_describe(token, proof, now=NOW)
    assert refusal is not None
    assert (refusal.code, refusal.subcode) == (code, subcode)
    assert _door().refuses_to_describe("good", None, now=NOW) is None


def test_a_token_never_prints() -> None:
    assert "good" not in repr(_door())
    assert "good" not in repr(Token(text="good"))
