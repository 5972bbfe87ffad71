"""Traps that other senders to Meta are known to fall into, each through the whole transform: from a row to its JSON."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from syncer.mapping import Column, Constant, Entry, FirstOf
from syncer.spec.normalize import OF_NOTHING

NOW = 1_795_700_000
Make = Callable[..., Any]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def sent(pipeline: Make, events: Make) -> Callable[..., list[Any]]:
    """Return what goes out of one parameter for each value."""

    def values(name: str, given: list[Any], *, country: str | None = None) -> list[Any]:
        made = pipeline(
            customer={name: Column(column="it"), "lead_id": Constant(value="123456789012345")}, default_country=country
        )
        return [event["user_data"].get(name) for event in events(made, [{"it": value} for value in given])]

    return values


@pytest.mark.parametrize(
    ("name", "given", "country", "plain"),
    [
        ("ln", "O'Brien", None, "obrien"),
        ("fn", "Mary Ann", None, "maryann"),
        ("ct", "São Paulo", None, "sãopaulo"),
        ("zp", "SW1A 1AA", "gb", "sw1a1aa"),
        ("ph", "0049 151 23456789", None, "4915123456789"),
        ("ph", "0151 23456789", "de", "4915123456789"),
    ],
)
def test_names_cities_codes_and_phones_have_the_digest_of_their_plain_form(
    name: str, given: str, country: str | None, plain: str, sent: Make
) -> None:
    assert sent(name, [given], country=country) == [[digest(plain)]]


def test_a_date_column_is_a_birthday(sent: Make) -> None:
    assert sent("db", [date(1997, 2, 16), None, date(2001, 12, 1)]) == [
        [digest("19970216")],
        None,
        [digest("20011201")],
    ]


def test_a_digest_in_upper_case_is_sent_in_lower_case_and_not_hashed_again(sent: Make) -> None:
    of_ann = digest("ann@example.com")
    assert sent("em", [of_ann.upper(), of_ann, "Ann@Example.com"]) == [[of_ann]] * 3


def test_the_digest_of_nothing_is_nobodys(sent: Make) -> None:
    assert sent("em", [OF_NOTHING, OF_NOTHING.upper(), "a@b.co"]) == [None, None, [digest("a@b.co")]]


@pytest.mark.parametrize("given", ["N/A", "n/a", "null", "-", "unknown", "()"])
def test_a_phone_that_says_there_is_none_is_dropped_and_never_hashed(given: str, sent: Make) -> None:
    assert sent("ph", [given, "+49 151 23456789"], country="de") == [None, [digest("4915123456789")]]


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0.00", Decimal("0.00")])
def test_a_value_of_0_is_a_value(zero: Any, pipeline: Make, events: Make) -> None:
    custom: dict[str, Entry] = {
        "value": FirstOf(first_of=(Column(column="it"), Constant(value=99)), default=99),
        "currency": Constant(value="EUR"),
    }
    made = pipeline(server={"event_name": Constant(value="Purchase")}, custom=custom)
    (event,) = events(made, [{"it": zero}])
    assert event["custom_data"]["value"] == 0


def test_each_row_keeps_its_own_currency_and_money_is_added_up_by_currency(pipeline: Make, run: Make) -> None:
    custom = {"value": Column(column="total"), "currency": Column(column="currency")}
    made = pipeline(server={"event_name": Constant(value="Purchase")}, custom=custom)
    rows = [{"total": 10, "currency": "GBP"}, {"total": 20, "currency": "usd"}, {"total": 5, "currency": "GBP"}]
    found = run(made, rows).events
    sent = [json.loads(text)["custom_data"] for text in found["json"]]
    assert [(one["value"], one["currency"]) for one in sent] == [(10, "GBP"), (20, "USD"), (5, "GBP")]
    assert dict(found.select("currency", "value").group_by("currency").sum().rows()) == {"GBP": 15, "USD": 20}


@pytest.mark.parametrize("bad", ["N/A", "12", "call me"])
def test_one_phone_of_a_thousand_that_comes_to_nothing_costs_itself_alone(bad: str, pipeline: Make, run: Make) -> None:
    phones = [f"+49151{10_000_000 + number}" for number in range(1_000)]
    given = [*phones[:500], bad, *phones[501:]]
    batch = pa.RecordBatch.from_pydict({"id": list(range(1_000)), "at": [NOW - 60] * 1_000, "phone": given})
    found = run(pipeline(customer={"em": Constant(value="a@b.co"), "ph": Column(column="phone")}), batch)
    sent = [json.loads(text)["user_data"].get("ph") for text in found.events["json"]]
    expected: list[Any] = [[digest(phone.removeprefix("+"))] for phone in phones]
    expected[500] = None
    assert sent == expected
    assert found.rejects.height == 0
    assert found.tally.dropped_fields == {"ph": 1}


def test_an_id_of_a_float_column_is_whole_or_none_and_none_counts_twice(pipeline: Make, run: Make) -> None:
    made = pipeline(server={"event_id": Column(column="order_no")}, browser_pixel="same_events")
    found = run(made, [{"order_no": number} for number in (1042.0, 1042.5, 2.0**60, float("nan"), None)])
    assert found.events["event_id"].to_list() == ["1042"]
    assert found.rejects["reason"].to_list() == ["event_id_missing"] * 4


def documents(texts: list[str | None]) -> pa.RecordBatch:
    storage = pa.array(texts, pa.string())
    return pa.RecordBatch.from_pydict(
        {
            "id": list(range(len(texts))),
            "at": [NOW - 60] * len(texts),
            "it": pa.ExtensionArray.from_storage(pa.json_(), storage),
        }
    )


@pytest.mark.parametrize("times", [1, 100])
def test_each_member_of_a_json_list_is_a_value_and_an_object_is_none(times: int, pipeline: Make, run: Make) -> None:
    texts = [
        '["Ann@example.com", "bob@example.com", null, "", "ann@example.com"]',
        '"cleo@example.com"',
        '{"mail": "dan@example.com"}',
        '[["eve@example.com"], true, "fay@example.com"]',
        "[]",
        None,
    ]
    made = pipeline(customer={"em": Column(column="it"), "lead_id": Constant(value="123456789012345")})
    found = run(made, documents(texts * times))
    sent = [json.loads(text)["user_data"].get("em") for text in found.events["json"]]
    ann, bob, cleo, fay = (digest(f"{name}@example.com") for name in ("ann", "bob", "cleo", "fay"))
    assert sent == [[ann, bob], [cleo], None, [fay], None, None] * times
    assert found.tally.dropped_fields == {"em": 2 * times}


def test_no_json_text_is_hashed_as_an_id_or_sent_as_a_user_agent(pipeline: Make, run: Make) -> None:
    customer = {
        "external_id": Column(column="it"),
        "client_user_agent": Column(column="it"),
        "fbp": Constant(value="fb.1.1.1"),
    }
    found = run(pipeline(customer=customer), documents(['["A 1", 12345, 1.5]', '{"id": 7}', "12345"]))
    sent = [json.loads(text)["user_data"] for text in found.events["json"]]
    assert [one.get("external_id") for one in sent] == [[digest("a1"), digest("12345")], None, [digest("12345")]]
    assert [one.get("client_user_agent") for one in sent] == [None, None, "12345"]


def test_a_constant_list_gives_each_of_its_values(pipeline: Make, events: Make) -> None:
    made = pipeline(customer={"em": Constant(value=["a@b.co", "c@d.co"])})
    assert events(made, [{}])[0]["user_data"] == {"em": [digest("a@b.co"), digest("c@d.co")]}


@pytest.mark.parametrize("deep", ["[" * 600 + "]" * 600, '{"a":' * 400 + "1" + "}" * 400, "[" * 2_000 + "]" * 2_000])
def test_json_that_nests_too_deeply_costs_no_other_value(deep: str, pipeline: Make, run: Make) -> None:
    made = pipeline(own={"note": Column(column="it")})
    found = run(made, documents(['"x"', deep, '{"a": [1]}']))
    notes = [json.loads(text).get("custom_data", {}).get("note") for text in found.events["json"]]
    assert notes == ["x", None, {"a": [1]}]
    assert found.tally.dropped_fields == {"note": 1}
