"""Countries, states, postal codes."""

from decimal import Decimal

import pytest

from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.places import ALPHA_2, US_STATES, country, postal_code, row_country, state


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("U.S.A.", "us"),
        ("UK", "gb"),
        ("England", "gb"),
        ("el", "gr"),
        ("Bosnia & Herzegovina", "ba"),
        ("St. Lucia", "lc"),
        ("Korea, Republic of", "kr"),
        ("Republic of Korea", "kr"),
        ("Republic of Indonesia", "id"),
        ("Democratic Republic of the Congo", "cd"),
        ("Cote d'Ivoire", "ci"),
        ("Österreich", "at"),
        ("日本", "jp"),
        ("Vietnam", "vn"),
        ("the Netherlands", "nl"),
        ("Germany, Europe", None),
        ("840", None),
        ("EU", None),
        (276, None),
    ],
)
def test_a_country_is_known_by_code_and_whole_name(given: object, code: str | None) -> None:
    assert country(given, NOTHING_KNOWN) == code


def test_the_codes_are_those_of_iso() -> None:
    import pycountry

    assert {item.alpha_2.lower() for item in pycountry.countries} == ALPHA_2


def test_the_states_are_those_of_iso() -> None:
    import pycountry

    codes = {item.code[3:].lower() for item in pycountry.subdivisions if item.country_code == "US"}

    assert set(US_STATES.values()) == codes - {"um"}


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("Germany", "us", "de"),
        (None, "US", "us"),
        (" ", "us", "us"),
        ("n/a", "us", "us"),
        ("Narnia", "us", None),
        (None, None, None),
    ],
)
def test_the_default_country_fills_gaps_alone(value: object, default: str | None, expected: str | None) -> None:
    assert row_country(value, default) == expected


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        ("California", None, "ca"),
        ("Hawai\u02bbi", "us", "hi"),
        ("Washington, D.C.", "us", "dc"),
        ("U.S. Virgin Islands", "us", "vi"),
        ("us-tx", "us", "tx"),
        ("Kalifornien", "us", None),
        ("zz", "us", None),
        (6, "us", None),
        ("CA-QC", "ca", "qc"),
        ("DE-BY", None, "by"),
        ("DE-BY", "at", "deby"),
        ("Nordrhein-Westfalen", "de", "nordrheinwestfalen"),
    ],
)
def test_a_state_is_a_code_in_the_us_and_a_name_elsewhere(given: object, of: str | None, expected: str | None) -> None:
    assert state(given, Context(country=of)) == expected


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        (2138.0, "us", "02138"),
        ("2138.0", "us", "02138"),
        (Decimal("2138.0"), "us", "02138"),
        (501, "pr", "00501"),
        ("21391234", "us", "02139"),
        ("02139\u20131234", None, "02139"),
        ("0", "us", None),
        ("00000", "us", None),
        ("123456", "us", None),
        ("SW1A 1AA", "us", None),
        (94035.5, "us", None),
        ("１００－０００１", "jp", "1000001"),
        (1067, "de", "01067"),
        (8001, "es", "08001"),
        (1310100, "br", "01310100"),
        (100, "de", "100".zfill(5)),
        (10, "de", "10"),
        (1010, "at", "1010"),
        ("75.018", "fr", "75018"),
        ("12345-6789", "br", "123456789"),
        (12345, None, "12345"),
    ],
)
def test_a_postal_code_comes_out_whole(given: object, of: str | None, expected: str | None) -> None:
    assert postal_code(given, Context(country=of)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(["Germany", "at"], "de"), ([None, "n/a", "at"], "at"), ([], "us"), (["Narnia", "at"], None), (True, "us")],
)
def test_a_list_says_its_country_by_the_first_element_that_says_something(value: object, expected: str | None) -> None:
    assert row_country(value, "us") == expected
