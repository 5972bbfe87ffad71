"""Phone numbers."""

import gc
from decimal import Decimal
from weakref import ref

import pytest

from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.phone import CALLING_CODE, phone, phone_lacks_country


@pytest.mark.parametrize(
    ("given", "country", "expected"),
    [
        ("0049 151 23456789", None, "4915123456789"),
        ("+49 (0) 151 / 234 567 89", None, "4915123456789"),
        ("+4402079460958", None, "442079460958"),
        ("+34 (0)612 345 678", None, "34612345678"),
        ("+39 (0)6 6982 1234", None, "390669821234"),
        ("+36 06 1 234 5678", None, "3612345678"),
        ("(+44) 7911 123456", None, "447911123456"),
        ("tel:+1-650-555-1212;ext=12", None, "16505551212"),
        ("p:+4915123456789", None, "4915123456789"),
        ("+1 650 555 1212 ext. 12", None, "16505551212"),
        ("+7 912 345-67-89 ДОБ 12", None, "79123456789"),
        ("+7 912 345-67-89 \u1c81об. 12", None, "79123456789"),
        ("650-555-1212 #12", "us", "16505551212"),
        ("011 44 20 7946 0958", "us", "442079460958"),
        ("+0151 23456789", "de", "4915123456789"),
        ("00 49 151 23456789", "us", "4915123456789"),
    ],
)
def test_what_people_write_is_understood(given: str, country: str | None, expected: str) -> None:
    assert phone(given, Context(country=country)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (6505551212, "16505551212"),
        (1.6505551212e10, "16505551212"),
        (Decimal("6505551212.00"), "16505551212"),
        ("6505551212.0", "16505551212"),
        (6505551212.5, None),
        ("1.65E+10", None),
        (True, None),
    ],
)
def test_a_number_from_a_numeric_column_grows_no_digit(given: object, expected: str | None) -> None:
    assert phone(given, Context(country="us")) == expected


@pytest.mark.parametrize("given", ["911", "555-1212", "1-800-FLOWERS", "call me", "n/a", "0", "+", "x123", "+0000000"])
def test_what_cannot_be_dialled_from_abroad_is_dropped(given: str) -> None:
    assert phone(given, Context(country="us")) is None


@pytest.mark.parametrize(
    ("given", "country", "expected"),
    [
        ("4915123456789", "de", "4915123456789"),
        ("447911123456", "us", "447911123456"),
        ("436641234567", "at", "436641234567"),
        ("4915123456", "de", "494915123456"),
        ("9198765432", "in", "919198765432"),
        (7911123456, "gb", "447911123456"),
    ],
)
def test_a_country_code_without_plus_is_seen(given: object, country: str, expected: str) -> None:
    assert phone(given, Context(country=country)) == expected


def test_an_international_number_does_not_ask_for_the_country() -> None:
    assert phone("+33 1 42 86 83 26", Context(country="us")) == "33142868326"


def test_a_country_without_numbers_of_its_own_is_no_country() -> None:
    assert phone("0612345678", Context(country="aq")) == "612345678"
    assert phone_lacks_country("0612345678", Context(country="aq"))


@pytest.mark.parametrize(
    ("given", "lacks"),
    [("06 12 34 56 78", True), ("6505551212", True), ("16505551212", False), ("+16505551212", False), ("911", False)],
)
def test_a_number_without_country_code_is_warned_of(given: str, *, lacks: bool) -> None:
    assert phone_lacks_country(given, NOTHING_KNOWN) is lacks


def test_a_known_country_needs_no_warning() -> None:
    assert not phone_lacks_country("06 12 34 56 78", Context(country="fr"))


def test_the_calling_codes_are_those_of_libphonenumber() -> None:
    import re

    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    read = {code: re.match(CALLING_CODE, f"{code}5555555") for code in COUNTRY_CODE_TO_REGION_CODE}

    assert {code: found and found[0] for code, found in read.items()} == {code: str(code) for code in read}


def test_an_unreadable_number_keeps_nothing_of_its_batch_alive() -> None:
    class Batch:
        """What the caller holds in a variable."""

    def asked() -> ref[Batch]:
        batch = Batch()
        phone("99912345678", Context(country="us"))
        return ref(batch)

    asked()
    gc.disable()
    try:
        assert asked()() is None
    finally:
        gc.enable()
