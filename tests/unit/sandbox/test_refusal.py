from typing import Any

import pytest

from syncer.sandbox.refusal import bad_parameter, invalid
from syncer.sandbox.wording import TEXTS, Locale, wording


def _error(document: object) -> dict[str, Any]:
    assert isinstance(document, dict)
    assert list(document) == ["error"]
    error = document["error"]
    assert isinstance(error, dict)
    return error


def test_a_known_error_carries_the_texts_that_were_seen_live() -> None:
    error = _error(invalid(2804003, ("event_time",)).at(3).envelope("AbC"))
    texts = wording(2804003, "en")
    assert texts is not None
    assert error == {
        "message": "Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": 2804003,
        "is_transient": False,
        "error_user_title": "Event Timestamp Too Old",
        "error_user_msg": texts.text,
        "fbtrace_id": "AbC",
    }


def test_an_error_without_subcode_has_no_text_for_people() -> None:
    error = _error(bad_parameter(("event_name",), "is required").envelope("AbC"))
    assert set(error) == {"message", "type", "code", "is_transient", "fbtrace_id"}


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("en", "Missing Currency for Purchase Event"),
        ("fr", "Devise manquante pour l’évènement d’achat"),
        ("da", "Manglende valuta for købshændelse"),
    ],
)
def test_texts_come_in_the_language_of_the_account(locale: Locale, title: str) -> None:
    error = _error(invalid(2804010).envelope("AbC", locale=locale))
    assert error["error_user_title"] == title
    assert error["error_subcode"] == 2804010


def test_every_subcode_is_worded_in_every_language() -> None:
    assert all(set(texts) == {"en", "fr", "da"} for texts in TEXTS.values())


def test_a_hint_names_the_value_to_blame() -> None:
    refusal = invalid(2804010, ("custom_data", "currency")).at(7)
    as_object = _error(refusal.envelope("AbC", hints="object"))
    as_text = _error(refusal.envelope("AbC", hints="text"))
    assert as_object["error_data"] == {"blame_field_specs": [["data", "7", "custom_data", "currency"]]}
    assert as_text["error_data"] == '{"blame_field_specs":[["data","7","custom_data","currency"]]}'


def test_a_message_names_the_parameter() -> None:
    assert bad_parameter(("custom_data", "contents", 0), "must be an object").message == (
        "(#100) Param custom_data[contents][0] must be an object"
    )
