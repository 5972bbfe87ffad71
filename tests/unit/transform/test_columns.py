"""Customer information in columns: Meta's published cases, and what comes with the sent text."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from syncer.pipeline import Hashing
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.leaks import found_in
from syncer.spec.normalize import HASHED, digest
from syncer.transform.claims import Claim
from syncer.transform.columns import FieldOptions, Normalised, normalise
from syncer.transform.columns_country import row_countries, said_by
from syncer.transform.columns_text import looking_for_addresses
from syncer.transform.pieces import Piece
from syncer.transform.signs import Signs

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "normalization_vectors.json").read_text())
AUTO = FieldOptions(hashing="auto", today=date(2026, 11, 22))


def cases() -> list[Any]:
    return [
        pytest.param(name, case, id=case["id"])
        for name, found in VECTORS["customer_info"].items()
        for case in found
        if not isinstance(case["given"], dict) or "date" in case["given"]
    ]


EXAMPLES = {
    "em": "a@b.co",
    "ph": "+16505551212",
    "ge": "f",
    "db": "1990-12-31",
    "st": "California",
    "zp": "94025",
    "country": "us",
    "client_ip_address": "203.0.113.7",
    "client_user_agent": "Mozilla/5.0 (X11)",
    "fbc": "fb.1.1596403881668.IwAR2F4",
    "fbp": "fb.1.1596403881668.1116446470",
    "dobd": "31",
    "dobm": "12",
    "doby": "1990",
}
"""A value that each parameter takes; the others take a number."""


def sent(name: str, values: Any, options: FieldOptions = AUTO, country: pl.Series | None = None) -> Normalised:
    raw = values if isinstance(values, pl.Series) else pl.Series(values)
    countries = None if country is None else row_countries(said_by(Piece(country)), options.default_country)
    return normalise(raw, PARAMETERS[Group.CUSTOMER_INFO][name], options, countries=countries)


@pytest.mark.parametrize("signs", [None, Signs.of(pl.Series(["@"]))])
@pytest.mark.parametrize(
    ("name", "hash_ids"),
    [("client_user_agent", True), ("subscription_id", True), ("madid", True), ("external_id", False)],
)
def test_an_address_of_email_that_goes_out_as_it_is_is_warned_of(
    name: str, signs: Signs | None, *, hash_ids: bool
) -> None:
    raw = pl.Series(["ada@example.com", "Mozilla/5.0 (X11)", "icon@2x.png"])
    parameter = PARAMETERS[Group.CUSTOMER_INFO][name]
    found = normalise(raw, parameter, replace(AUTO, hash=hash_ids), signs=signs)
    assert (found.wire.to_list(), found.dropped) == (raw.to_list(), None)
    assert found.warnings == {"email_not_hashed": 1}
    assert sent("external_id", raw).warnings == {}


def test_addresses_among_ids_are_told_without_a_look_at_each() -> None:
    ids = [
        "ada@example.com", "Ada <a.b+c@x.example.co>", "33612345678@s.whatsapp.net", "ada@example", "pkg@1.2.3", "@a.com",
        "a@-.fr", "a@b.c", "a@b.com2", "a@b.com.", "a@b.com_", "a@b,com", "a a@b..com", f"a@{'b' * 63}.com", f"a@{'b' * 64}.com",
        f"a@{'b.' * 8}com", f"a@{'b.' * 9}com", f"a@b.{'c' * 24}", f"a@b.{'c' * 25}", "a@b@c.de", "a@12x.de", "a@5x.de", "abc",
    ]  # fmt: skip
    claim = looking_for_addresses(Claim(pl.Series([*ids, None])))
    assert claim.open is None
    ((code, found),) = claim.warned
    assert (code, found.to_list()) == (
        "email_not_hashed", [*("email" in found_in(text, numbers=False) for text in ids), False],
    )  # fmt: skip
    icon = looking_for_addresses(Claim(pl.Series(["icon@2x.png ada@example.com", "a@b.com"])))
    assert icon.open is not None
    assert (icon.text.to_list(), icon.open.to_list()) == ([None, "a@b.com"], [True, False])


def text_of(expected: str | int | None) -> str | None:
    """Ids of leads are sent as numbers; here they are the text of one."""
    return None if expected is None else str(expected)


@pytest.mark.parametrize(("name", "case"), cases())
def test_a_column_of_one_value_is_sent_as_the_case_says(name: str, case: dict[str, Any]) -> None:
    given = case["given"]
    raw = pl.Series([date.fromisoformat(given["date"]) if isinstance(given, dict) else given])
    options = FieldOptions(
        hashing="auto", today=AUTO.today, default_country=case.get("country"), format=case.get("date_format")
    )

    assert sent(name, raw, options).wire.to_list() == [text_of(case["sent"])]


@pytest.mark.parametrize("name", VECTORS["customer_info"])
def test_the_cases_of_a_parameter_make_one_column(name: str) -> None:
    together = [
        case for case in VECTORS["customer_info"][name] if isinstance(case["given"], str) and "date_format" not in case
    ]
    raw = pl.Series([case["given"] for case in together] * 20)
    country = pl.Series([case.get("country") for case in together] * 20, dtype=pl.String)

    assert sent(name, raw, country=country).wire.to_list() == [text_of(case["sent"]) for case in together] * 20


def test_every_hashed_parameter_sends_digests_alone() -> None:
    raw = pl.Series(["a@b.co", "+16505551212", "f", "1997-02-16", "us", "ca", "94035", "12", None, " "])

    for name in HASHED:
        wire = sent(name, raw).wire.drop_nulls()
        assert wire.str.contains("^[0-9a-f]{64}$").all()


def test_what_is_given_and_not_sent_is_dropped_but_blanks_are_not() -> None:
    found = sent("em", ["a@b.co", "no address", "", " \u200b", None, "N/A"])

    assert found.dropped is not None
    assert found.dropped.to_list() == [False, True, False, False, False, True]


def test_nothing_dropped_is_said_by_no_mask() -> None:
    assert sent("em", ["a@b.co", None, ""]).dropped is None


def test_warnings_count_rows_not_distinct_values() -> None:
    found = sent("ph", ["06 12 34 56 78", "+33612345678"] * 300)

    assert found.warnings == {"phone_without_country": 300}


def test_warnings_of_patterns_and_of_scalar_rules_add_up() -> None:
    assert sent("ph", ["0612345678", "0612345678\u00a0"]).warnings == {"phone_without_country": 2}


def test_a_row_without_country_takes_the_default_but_an_unknown_country_takes_none() -> None:
    options = FieldOptions(hashing="auto", today=AUTO.today, default_country="US")

    found = sent("ph", ["6505551212"] * 3, options, country=pl.Series(["us", None, "Narnia"]))

    assert found.wire.to_list() == [digest("16505551212"), digest("16505551212"), digest("6505551212")]


def test_elements_of_lists_are_sent_once_each_in_their_order() -> None:
    found = sent("em", pl.Series([["B@c.de", "a@b.co", " b@c.de "], [None, "nobody"], [], None]))

    assert found.wire.to_list() == [[digest("b@c.de"), digest("a@b.co")], None, None, None]
    assert found.dropped is not None
    assert found.dropped.to_list() == [False, True, False, False]


def test_equal_digests_of_a_list_are_one_although_only_one_needed_the_scalar_rule() -> None:
    wire = sent("ph", pl.Series([["1000000\u00a0", "1000000\u00a0", "1000000"]])).wire

    assert wire.list.unique().list.len().to_list() == [1]


def test_numbers_lose_no_digit() -> None:
    assert sent("ph", pl.Series([16505551212])).wire.to_list() == [digest("16505551212")]
    assert sent("ph", pl.Series([16505551212.0, 2.5])).wire.to_list() == [digest("16505551212"), None]
    assert sent("external_id", pl.Series([Decimal("12345.00")])).wire.to_list() == [digest("12345")]


def test_a_column_of_nulls_sends_nothing() -> None:
    found = sent("fn", pl.Series([None, None]))

    assert found.wire.to_list() == [None, None]
    assert found.wire.dtype == pl.String
    assert found.dropped is None


def test_an_empty_column_gives_an_empty_one() -> None:
    for name in PARAMETERS[Group.CUSTOMER_INFO]:
        assert sent(name, pl.Series([], dtype=pl.String), country=pl.Series([], dtype=pl.String)).wire.to_list() == []


def test_the_given_column_is_left_as_it_is() -> None:
    raw = pl.Series(["fb.1.1554763741205.AbC", "?", " x "])
    before = raw.to_list()

    for name in PARAMETERS[Group.CUSTOMER_INFO]:
        sent(name, raw)

    assert raw.to_list() == before


@pytest.mark.parametrize("name", PARAMETERS[Group.CUSTOMER_INFO])
def test_a_long_column_of_nulls_or_of_one_value_is_read_like_a_short_one(name: str) -> None:
    given = EXAMPLES.get(name, "1234567890123456")
    (wire,) = sent(name, [given]).wire

    assert wire is not None
    for column in ([None] * 300, [given] * 300, [given, None] * 150):
        country = pl.Series(["us", None] * 150)
        found = sent(name, pl.Series(column, dtype=pl.String), country=country)
        assert found.wire.to_list() == [None if value is None else sent(name, [value]).wire.item() for value in column]
        assert found.dropped is None


@pytest.mark.parametrize("name", ["db", "doby"])
@pytest.mark.parametrize("hashing", ["auto", "never"])
def test_many_native_dates_are_sent_as_few_are(name: str, hashing: Hashing) -> None:
    known = [
        date(1, 1, 1),
        date(1899, 12, 31),
        date(1900, 1, 1),
        None,
        AUTO.today,
        date(2026, 11, 23),
        date(9999, 12, 31),
    ]
    options = replace(AUTO, hashing=hashing)

    few = sent(name, pl.Series(known), options)
    many = sent(name, pl.Series(known * 100), options)

    assert many.wire.to_list() == few.wire.to_list() * 100
    assert many.dropped is not None
    assert few.dropped is not None
    assert many.dropped.to_list() == few.dropped.to_list() * 100


@pytest.mark.parametrize("name", ["em", "external_id"])
def test_text_is_sent_the_same_whether_its_signs_are_known_or_not(name: str) -> None:
    values = pl.Series(["A@b.co", "C-1", "Abc", "", "n/a", "-", None, "0" * 36])

    found = normalise(values, PARAMETERS[Group.CUSTOMER_INFO][name], AUTO, signs=Signs.of(values))

    assert found.wire.to_list() == sent(name, values).wire.to_list()
