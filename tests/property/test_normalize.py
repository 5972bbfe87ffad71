"""What holds of normalising for every value there is."""

import json
import re
import string
import unicodedata
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncer.pipeline import Hashing
from syncer.spec import normalize, places, values
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.normalize import HASHED, NORMALIZERS, OF_NOTHING, OWN_IDS, digest, hashed
from syncer.spec.phone import phone
from syncer.spec.text import REMOVED
from syncer.spec.times import unix_seconds

HEX = st.text("0123456789abcdefABCDEF", min_size=1, max_size=64)
DIGESTS = st.binary().map(lambda data: digest(data.hex() or "0"))
NEARLY = st.sampled_from(
    [
        *("a@b.co", "+44 (0)20 7946 0958", "06 12 34 56 78", "911", "O'Brien", "US-CA", "94035-1234", "M1 1AE"),
        *("05-03-1995", "1997-02-16T00:00:00Z", "Côte d\u2019Ivoire", "ΠΑΠΑΣ-ΠΑΠΑΣ", "\u0130stanbul"),
        *("fb.1.1554763741205.AbC", "[1]", '{"id": "A"}', "N/A", "l:123456789012345", "203.0.113.7, 10.0.0.1"),
        *("1e5", "2138.0", "ext", "x", "0" * 64),
    ]
)
TEXTS = (
    st.text()
    | st.text(string.printable)
    | st.text(st.characters(categories=["Cs", "Ll", "Lu", "Mn", "Cf", "Nd", "Po"]))
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(ZoneInfo("Asia/Kolkata")))
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.binary(max_size=64)
    | st.complex_numbers()
    | TEXTS
    | NEARLY
    | HEX
    | DIGESTS
)
VALUES = SCALARS | st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
COUNTRIES = st.none() | st.sampled_from(["us", "de", "gb", "it", "br", "jp", "fr", "aq", "pr"])
CONTEXTS = st.builds(
    Context,
    country=COUNTRIES,
    date_format=st.sampled_from([None, "dmy", "mdy", "%d/%m/%Y", "%y%m%d"]),
    today=st.just(date(2026, 11, 22)),
    timezone=st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Apia")]),
)
ZONES = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia"]
ALL_HASHING: tuple[Hashing, ...] = ("auto", "always", "never")
HASHING = st.sampled_from(ALL_HASHING)

WIRE_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-fA-F]{64}\.([A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8})")


@settings(max_examples=2_000, deadline=None)
@given(value=SCALARS, context=CONTEXTS)
def test_S15_only_digests_leave(value: object, context: Context) -> None:
    """2,000 values, each for 18 parameters under three settings: more than 100,000 in all."""
    for parameter, hashing in product(sorted(HASHED), ALL_HASHING):
        sent = hashed(parameter, value, context, hashing=hashing)
        if sent is not None:
            is_md5_of_own = parameter in OWN_IDS and re.fullmatch("[0-9a-f]{32}", sent)
            assert WIRE_DIGEST.fullmatch(sent) or is_md5_of_own
            assert not sent.lower().startswith(OF_NOTHING)


@given(parameter=st.sampled_from(sorted(HASHED)), value=DIGESTS, context=CONTEXTS)
def test_S15_a_digest_is_never_hashed_again(parameter: str, value: str, context: Context) -> None:
    assert hashed(parameter, value, context) == value
    assert hashed(parameter, f" {value.upper()}\n", context, hashing="never") == value
    assert hashed(parameter, f"{value}.AQ", context) == f"{value}.AQ"


@given(parameter=st.sampled_from(sorted(set(NORMALIZERS) - HASHED)), value=VALUES, context=CONTEXTS, hashing=HASHING)
def test_S15_what_is_never_hashed_is_not(parameter: str, value: object, context: Context, hashing: Hashing) -> None:
    sent = hashed(parameter, value, context, hashing=hashing)

    assert sent == normalize.normalize(parameter, value, context)
    assert sent is None or sent != ""


@given(value=VALUES, context=CONTEXTS)
def test_no_value_is_too_odd(value: object, context: Context) -> None:
    for parameter in NORMALIZERS:
        assert normalize.normalize(parameter, value, context) != ""
        normalize.warnings(parameter, value, context)
    places.row_country(value, "us")


REPEATABLE = ["em", "fn", "ln", "ct", "ge", "db", "external_id", "country", "zp", "st", "f5first", "fi", "dobd", "dobm"]


@given(parameter=st.sampled_from(REPEATABLE), value=SCALARS, country=COUNTRIES)
@example(parameter="fn", value="e-\u0301", country=None)
@example(parameter="ct", value="\u0130\u0328-\u0301", country=None)
@example(parameter="ln", value="ΣΑΣ-ΣΑΣ", country=None)
def test_normalizing_twice_changes_nothing(parameter: str, value: object, country: str | None) -> None:
    context = Context(country=country)
    once = normalize.normalize(parameter, value, context)

    if once is not None:
        assert normalize.normalize(parameter, once, context) == once


@given(value=SCALARS, country=st.sampled_from(["us", "de", "gb", "it", "br", "fr"]))
def test_a_phone_number_is_stable_once_it_has_its_country(value: object, country: str) -> None:
    found = phone(value, Context(country=country))

    if found is not None:
        assert re.fullmatch("[1-9][0-9]{6,14}", found)
        assert phone(f"+{found}", Context()) == found


@given(parameter=st.sampled_from(["em", "fn", "ct", "st", "external_id"]), text=TEXTS)
def test_composed_and_decomposed_text_are_the_same(parameter: str, text: str) -> None:
    composed, decomposed = (normalize.normalize(parameter, form, Context()) for form in forms(text))

    assert composed == decomposed


def forms(text: str) -> tuple[str, str]:
    return unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)


@given(
    parameter=st.sampled_from(sorted(HASHED)),
    value=TEXTS | NEARLY,
    around=st.text(" \t\n\u00a0\u3000\u200b\ufeff\x00", max_size=4),
    context=CONTEXTS,
)
def test_what_cannot_be_seen_around_a_value_does_not_matter(
    parameter: str, value: str, around: str, context: Context
) -> None:
    assert hashed(parameter, around + value + around, context) == hashed(parameter, value, context)


@given(value=TEXTS)
def test_names_hold_no_punctuation(value: str) -> None:
    for parameter in ("fn", "ln", "ct", "f5first", "fi"):
        found = normalize.normalize(parameter, value, Context())
        assert found is None or not REMOVED.search(found)


@given(number=st.integers(-(2**53), 2**53))
def test_a_number_is_the_same_in_every_numeric_type(number: int) -> None:
    context = Context(country="us")

    for parameter in ("ph", "zp", "external_id"):
        expected = hashed(parameter, number, context)
        assert hashed(parameter, float(number), context) == expected
        assert hashed(parameter, Decimal(number).quantize(Decimal("1.00")), context) == expected
        assert hashed(parameter, str(number), context) == expected


READABLE = [
    parameter for group, items in PARAMETERS.items() if group is not Group.CUSTOMER_INFO for parameter in items.values()
]


@given(value=VALUES, context=CONTEXTS)
def test_every_parameter_reads_every_value(value: object, context: Context) -> None:
    for parameter in READABLE:
        found = values.read(parameter, value, context)
        assert found is None or json.loads(written(found)) is not None
    values.any_json(value)


def written(value: Any) -> str:
    """Return the JSON as the event holds it; raises for NaN and for text that UTF-8 cannot hold."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=float)
    return text.encode().decode()


@given(at=st.integers(10**9, 10**11 - 1) | st.integers(-(10**11) + 1, 10**7))
def test_seconds_are_seconds(at: int) -> None:
    assert unix_seconds(at, Context()) == at
    assert unix_seconds(str(at), Context()) == at


@given(at=st.integers(10**9, 10**10 - 1), rest=st.integers(0, 999))
def test_thousandths_are_cut_off(at: int, rest: int) -> None:
    context = Context()

    assert unix_seconds(at * 1_000 + rest, context) == at
    assert unix_seconds(at * 1_000_000 + rest, context) == at
    assert unix_seconds(at * 1_000_000_000 + rest, context) == at


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_number_survives_its_json(value: Decimal) -> None:
    found = values.number(value)

    if found is not None:
        assert Decimal(values.number_text(found)) == value
        assert json.loads(values.number_text(found), parse_float=Decimal, parse_int=Decimal) == value


@given(
    context=st.builds(Context, timezone=st.sampled_from([ZoneInfo(name) for name in ZONES])), hour=st.integers(0, 23)
)
def test_clock_changes_never_lose_an_hour(context: Context, hour: int) -> None:
    for day in ("2026-03-29", "2026-10-25", "2026-04-05", "2011-12-30"):
        assert unix_seconds(f"{day}T{hour:02}:30:00", context) is not None
