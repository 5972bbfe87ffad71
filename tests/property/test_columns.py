"""Customer information in columns equals the scalar rules, whatever stands in the column."""

import string
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.pipeline import Hashing
from syncer.spec import normalize, places
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.normalize import NORMALIZERS, digest
from syncer.spec.text import PLACEHOLDERS, is_blank
from syncer.transform.claims import Around
from syncer.transform.columns import BY_COUNTRY, FEW_DIGESTS, FieldOptions, normalise
from syncer.transform.columns_country import row_countries, said_by
from syncer.transform.columns_place import state
from syncer.transform.columns_text import FEW
from syncer.transform.pieces import Piece
from tests.counts import count

PERSON = PARAMETERS[Group.CUSTOMER_INFO]
TODAY = date(2026, 11, 22)
RULES = sorted({rule: name for name, rule in NORMALIZERS.items()}.values())
"""One parameter for each rule."""

EDGES = st.sampled_from(["", "", " ", "\u00a0", "\u200b", "\ufeff ", "\t", "\x1f", "\u0345"])
HEX = st.sampled_from([32, 40, 56, 64, 96, 128]).flatmap(
    lambda digits: st.text("0123456789abcdefABCDEF", min_size=digits, max_size=digits)
)
DIGESTS = st.builds(
    lambda text, appendix, is_upper: (digest(text).upper() if is_upper else digest(text)) + appendix,
    st.text(min_size=1),
    st.sampled_from(["", "", ".Ab", ".Ab_-1234", ".x"]),
    st.booleans(),
)
NOTHING = st.sampled_from(["", " ", "\u200b", "...", "-", *sorted(PLACEHOLDERS), "N/A", "Null", "nan"])
NO_DIGEST = st.sampled_from([normalize.OF_NOTHING, normalize.OF_NOTHING.upper(), normalize.OF_NOTHING + ".Ab"])
LETTERS = st.characters(categories=["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Cf", "Pd", "Po", "Nd", "Zs"])
NAMES = st.text(LETTERS, max_size=12) | st.sampled_from(
    [
        "ΠΑΠΑΣ-ΠΑΠΑΣ",
        "İstanbul",
        "O\u02bcBrien",
        "Sa\u0303o",
        "\u1112\u1161\u11ab",
        "ẞ",
        "Ǆ",
        "ſ",
        "K",
        "Å",
        "a≠b",
        "a=\u0338b",
    ]
)
MARKED = st.text("aAΣσςİ\u0301\u0323\u0338=\u1100\u1161-. \u200d\u0345\u200b", max_size=8)
UNSETTLED_NAMES = st.text(
    st.sampled_from(["\u1c89", "\ua7cb", "\U0001e900", "\U00010400", "\u088f", "a", "Σ"]), max_size=4
)
EMAILS = st.emails() | st.from_regex(r"\A[a-zA-Z.+'\"@-]{1,6}@[a-zA-Z0-9.-]{1,10}\Z") | st.just("josé@exämple.de")
PHONES = st.from_regex(
    r"\A[ (+0]{0,3}[0-9][-0-9 ()./+]{3,18}(?: ?(?:x|ext\.|Ext|#|доб)[ .]?[0-9]{0,5})?\Z"
) | st.sampled_from(
    [
        "+44 (0)20 7946 0958",
        "06 12 34 56 78",
        "911",
        "tel:+16505551212",
        "p:16505551212",
        "＋１６５０５５５１２１２",
        "16505551212.0",
    ]
)
BIRTHDAYS = (
    st.dates(date(1850, 1, 1), date(2030, 1, 1)).flatmap(
        lambda day: st.sampled_from(
            ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%dT00:00:00Z"]
        ).map(day.strftime)
    )
    | st.from_regex(r"\A[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}\Z")
    | st.from_regex(r"\A[0-9]{1,8}\Z")
)
CODES = st.from_regex(r"\A[0-9]{1,9}(?:[- .][0-9]{1,4})?\Z") | st.from_regex(
    r"\A[A-Za-z0-9]{1,4}[ -]?[A-Za-z0-9]{1,3}\Z"
)
STATES = st.sampled_from(["CA", "california", "US-CA", "DE-BY", "New York", "N.Y.", "Québec", "bayern"])
COUNTRY_NAMES = st.sampled_from(
    ["US", "us", "DEU", "Deutschland", "United Kingdom", "uk", "Narnia", "fr", "it", "BR", "jp", "ge"]
)
ADDRESSES = (
    st.ip_addresses().map(str)
    | st.ip_addresses(v=6).map(lambda address: address.exploded)
    | st.from_regex(r"\A[0-9a-f:.]{2,24}\Z")
    | st.sampled_from(
        ["::", "::1", "1:2:3:4:5:6:7::", "1::2::3", "203.0.113.7, 10.0.0.1", "[::1]:80", "fe80::1%eth0", "01.2.3.4"]
    )
)
BROWSER = st.from_regex(r"\Afb\.[0-9]{1,2}\.[0-9]{9,13}\.(?:%40|[A-Za-z0-9_. %@-]){1,12}\Z") | st.sampled_from(
    ["fb.1.1554763741.AbC", "fb.1.1554763741205.AbC.AQ", "fb.1.1554763741205.AbC.AQQCAQIB", "Mozilla/5.0 (X11; Linux)"]
)
IDS = (
    st.from_regex(r"\A[A-Za-z0-9_@-]{1,40}\Z")
    | st.uuids().map(str)
    | st.uuids().map(lambda uuid: uuid.hex.upper())
    | st.sampled_from(
        ["00000000-0000-0000-0000-000000000000", "0000", "l:123456789012345", "123456789012345", "user 42", "用户42"]
    )
)
LONG = st.sampled_from(
    ["a" * 999 + "b" * extra for extra in (0, 1, 2)] + ["a" * 243 + "@example.de", "a" * 244 + "@example.de", "é" * 600]
)
PLAIN = st.one_of(
    st.text(), st.text(string.printable), NAMES, MARKED, UNSETTLED_NAMES, EMAILS, PHONES, BIRTHDAYS, CODES, STATES,
    COUNTRY_NAMES, ADDRESSES, BROWSER, IDS, LONG, NOTHING,
)  # fmt: skip
TEXTS = st.builds(lambda before, text, behind: before + text + behind, EDGES, PLAIN | HEX | DIGESTS | NO_DIGEST, EDGES)
COLUMNS = st.lists(st.none() | TEXTS, max_size=25).map(lambda texts: pl.Series(texts, dtype=pl.String))
ALL_HASHING: tuple[Hashing, ...] = ("auto", "always", "never")
OPTIONS = st.builds(
    FieldOptions,
    hashing=st.sampled_from(ALL_HASHING),
    today=st.just(TODAY),
    already_hashed=st.sampled_from([False, False, False, True]),
    hash=st.sampled_from([True, True, False]),
    default_country=st.sampled_from([None, "US", "de", "gb", "it", "xx"]),
    format=st.sampled_from([None, None, "dmy", "mdy", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%y%m%d", "%d/%d/%Y"]),
)
AUTO = FieldOptions(hashing="auto", today=TODAY)
Judged = tuple[list[Any], list[bool], Counter[str]]


def in_columns(raw: pl.Series, name: str, options: FieldOptions, country: pl.Series | None = None) -> Judged:
    countries = None if country is None else row_countries(said_by(Piece(country)), options.default_country)
    found = normalise(raw, PERSON[name], options, countries=countries)
    assert found.wire.dtype == pl.String or isinstance(raw.dtype, pl.List)
    dropped = [False] * len(raw) if found.dropped is None else found.dropped.to_list()
    return found.wire.to_list(), dropped, +Counter(found.warnings)


def one_by_one(raw: Sequence[Any], name: str, options: FieldOptions, countries: Sequence[Any] | None = None) -> Judged:
    sent: list[str | None] = []
    odd: Counter[str] = Counter()
    for value, country in zip(raw, countries or [None] * len(raw), strict=True):
        context = Context(
            country=places.row_country(country, options.default_country) if name in BY_COUNTRY else None,
            date_format=options.format,
            today=options.today,
        )
        sent.append(
            normalize.hashed(
                name,
                value,
                context,
                hashing=options.hashing,
                already_hashed=options.already_hashed,
                hash_external_id=options.hash,
            )
        )
        odd.update(normalize.warnings(name, value, context, hash_external_id=options.hash))
    dropped = [wire is None and not is_blank(value) for wire, value in zip(sent, raw, strict=True)]
    return sent, dropped, odd


@pytest.mark.faults
@settings(max_examples=count(100), deadline=None)
@given(raw=COLUMNS, options=OPTIONS)
def test_text_is_sent_as_the_scalar_rules_say(raw: pl.Series, options: FieldOptions) -> None:
    for name in RULES:
        assert (name, in_columns(raw, name, options)) == (name, one_by_one(raw.to_list(), name, options))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(st.none() | TEXTS, st.none() | COUNTRY_NAMES | NOTHING), max_size=25), options=OPTIONS)
def test_each_row_has_its_country(rows: list[tuple[str, str]], options: FieldOptions) -> None:
    raw, country = ([row[place] for row in rows] for place in (0, 1))
    columns = [pl.Series(values, dtype=pl.String) for values in (raw, country)]

    for name in sorted(BY_COUNTRY):
        assert in_columns(columns[0], name, options, columns[1]) == one_by_one(raw, name, options, country)


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.none() | TEXTS, min_size=2, max_size=12),
    country=st.lists(st.none() | COUNTRY_NAMES, min_size=1, max_size=4),
)
def test_values_that_repeat_are_sent_like_others(texts: list[str | None], country: list[str | None]) -> None:
    """Long columns are normalised by distinct values."""
    raw, countries = (texts * 300)[:300], (country * 300)[:300]
    columns = [pl.Series(values, dtype=pl.String) for values in (raw, countries)]

    for name in ("em", "ph", "fn", "st", "db", "external_id", "fbc"):
        assert in_columns(columns[0], name, AUTO, columns[1]) == one_by_one(raw, name, AUTO, countries)


@pytest.mark.faults
@settings(max_examples=count(60), deadline=None)
@given(
    batches=st.lists(st.lists(st.none() | TEXTS, min_size=1, max_size=8), min_size=1, max_size=3),
    country=st.lists(st.none() | COUNTRY_NAMES, min_size=1, max_size=3),
    options=OPTIONS,
)
def test_values_of_earlier_batches_are_sent_like_others(
    batches: list[list[str | None]], country: list[str | None], options: FieldOptions
) -> None:
    """Text that comes again was judged in an earlier batch, perhaps by another slice, with another country."""
    for texts in batches:
        raw, countries = (texts * 300)[:300], (country * 300)[:300]
        columns = [pl.Series([None, *values, "x"], dtype=pl.String).slice(1, 300) for values in (raw, countries)]
        for name in RULES:
            expected = one_by_one(raw, name, options, countries)
            assert (name, in_columns(columns[0], name, options, columns[1])) == (name, expected)


@settings(max_examples=40, deadline=None)
@given(names=st.lists(NAMES | MARKED | UNSETTLED_NAMES, min_size=1, max_size=40))
def test_many_odd_names_are_sent_like_few(names: list[str]) -> None:
    raw = [f"{name}\u0301{number}" for number in range(40) for name in names]

    assert in_columns(pl.Series(raw), "fn", AUTO) == one_by_one(raw, "fn", AUTO)


@settings(max_examples=15, deadline=None)
@given(
    raw=st.lists(st.none() | HEX | DIGESTS | NO_DIGEST, min_size=2 * FEW_DIGESTS, max_size=3 * FEW_DIGESTS),
    options=OPTIONS,
)
def test_many_digests_are_sent_like_few(raw: list[str | None], options: FieldOptions) -> None:
    for name in ("em", "ph", "st", "db", "external_id"):
        found = in_columns(pl.Series(raw, dtype=pl.String), name, options)
        assert (name, found) == (name, one_by_one(raw, name, options))


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(st.none() | TEXTS | STATES, min_size=1, max_size=40),
    homes=st.lists(st.sampled_from([None, "us", "de", "fr"]), min_size=1, max_size=7),
)
def test_what_columns_say_of_many_states_is_what_the_scalar_rule_says(
    texts: list[str | None], homes: list[str | None]
) -> None:
    rows = [(texts[row % len(texts)], homes[row % len(homes)]) for row in range(2 * FEW)]
    values, countries = (pl.Series(column, dtype=pl.String) for column in zip(*rows, strict=True))

    claim = state(values, Around(countries=countries, date_format=None, today=TODAY))

    is_open = [False] * len(rows) if claim.open is None else claim.open.to_list()
    for (text, home), made, left in zip(rows, claim.text, is_open, strict=True):
        if not left:
            sent = normalize.hashed("st", text, Context(country=home))
            assert (text, home, made and digest(made)) == (text, home, sent)


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**10), max_value=10**18)
NOT_TEXT: dict[str, tuple[st.SearchStrategy[Any], Any]] = {
    "Int64": (st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**11), pl.Int64),
    "UInt64": (st.integers(0, 2**64 - 1), pl.UInt64),
    "Int8": (st.integers(-128, 127), pl.Int8),
    "Int128": (st.integers(-(10**37), 10**38 - 1), pl.Int128),
    "Float64": (st.floats() | st.integers(0, 2**54).map(float), pl.Float64),
    "Float32": (st.floats(width=32), pl.Float32),
    "Decimal": (DECIMALS | st.integers(0, 10**11).map(Decimal), pl.Decimal(38, 2)),
    "whole Decimal": (st.integers(-(10**37), 10**38 - 1).map(Decimal), pl.Decimal(38, 0)),
    "Boolean": (st.booleans(), pl.Boolean),
    "Date": (st.dates(), pl.Date),
    "Datetime": (st.datetimes(), pl.Datetime("us")),
    "Datetime ms": (st.datetimes(), pl.Datetime("ms")),
    "Time": (st.times(), pl.Time),
    "Duration": (st.timedeltas(-timedelta(9999), timedelta(9999)), pl.Duration("us")),
    "Binary": (st.binary(max_size=40) | TEXTS.map(str.encode), pl.Binary),
    "bytes of digests": (st.binary(min_size=32, max_size=32), pl.Binary),
    "Struct": (st.fixed_dictionaries({"a": st.text()}), pl.Struct({"a": pl.String})),
    "Categorical": (TEXTS, pl.Categorical),
    "Null": (st.none(), pl.Null),
}


@pytest.mark.parametrize("kind", sorted(NOT_TEXT))
@settings(max_examples=20, deadline=None)
@given(data=st.data(), options=OPTIONS)
def test_a_column_of_any_type_is_sent_as_the_scalar_rules_say(
    kind: str, data: st.DataObject, options: FieldOptions
) -> None:
    values, dtype = NOT_TEXT[kind]
    raw = pl.Series(data.draw(st.lists(st.none() | values, max_size=15)), dtype=dtype)

    for name in RULES:
        assert (name, in_columns(raw, name, options)) == (name, one_by_one(raw.to_list(), name, options))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.datetimes(), max_size=10))
def test_a_time_with_a_zone_shows_the_date_of_its_zone(times: list[datetime | None]) -> None:
    """But for the last day of the calendar, which is over there already."""
    inside = [time for time in times if time is None or time.year < 9999]
    raw = pl.Series(inside, dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Kolkata")

    assert in_columns(raw, "db", AUTO) == one_by_one(raw.to_list(), "db", AUTO)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.none() | st.lists(st.none() | TEXTS, max_size=4), max_size=8),
    country=st.none() | COUNTRY_NAMES,
    name=st.sampled_from(["em", "ph", "zp", "external_id"]),
)
def test_the_elements_of_a_list_are_values_of_their_own(
    rows: list[list[str | None] | None], country: str | None, name: str
) -> None:
    raw = pl.Series(rows, dtype=pl.List(pl.String))
    countries = pl.Series([country], dtype=pl.String).new_from_index(0, len(rows))

    wire, dropped, odd = in_columns(raw, name, AUTO, countries)

    each = [one_by_one(row or [], name, AUTO, [country] * len(row or [])) for row in rows]
    assert wire == [list(dict.fromkeys(text for text in sent if text)) or None for sent, _, _ in each]
    assert dropped == [any(lost) for _, lost, _ in each]
    assert odd == sum((more for _, _, more in each), Counter())
