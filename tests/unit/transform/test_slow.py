"""Scalar rules run once for each distinct value, and remember."""

import tracemalloc
from dataclasses import replace
from datetime import date

from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.normalize import digest
from syncer.transform import slow

RULE = slow.Rule(
    parameter="ph",
    hashing="auto",
    already_hashed=False,
    hash_external_id=True,
    date_format=None,
    today=date(2026, 11, 22),
)


def test_a_value_and_its_country_decide_what_is_sent() -> None:
    judge = slow.judge(RULE)

    assert judge("020 7946 0958", "gb").wire == digest("442079460958")
    assert judge("020 7946 0958", None) == slow.Sent(digest("2079460958"), ("phone_without_country",))


def test_rules_that_are_equal_share_their_memory() -> None:
    assert slow.judge(RULE) is slow.judge(RULE)
    assert slow.judge(RULE) is not slow.judge(replace(RULE, today=date(2026, 11, 23)))


def test_numbers_and_booleans_that_compare_equal_are_remembered_apart() -> None:
    read = slow.reader(PARAMETERS[Group.CUSTOM_DATA]["order_id"], Context())

    assert [read(1), read(1.0), read(True), read("1")] == ["1", "1", "true", "1"]


def test_a_country_is_remembered_with_the_default_it_fills_in() -> None:
    assert slow.row_country("Deutschland", "us") == "de"
    assert slow.row_country(None, "US") == "us"
    assert slow.row_country(None, None) is None


def test_memory_has_an_end() -> None:
    asked: list[int] = []
    rule = slow.remembering(asked.append)

    for number in (*range(slow.REMEMBERED + 1), slow.REMEMBERED, 0):
        rule(number)

    assert asked == [*range(slow.REMEMBERED + 1), 0]


def test_what_is_sent_as_json_is_said_by_the_parameter() -> None:
    assert slow.is_json(PARAMETERS[Group.CUSTOM_DATA]["value"])
    assert slow.is_json(PARAMETERS[Group.CUSTOM_DATA]["content_ids"])
    assert not slow.is_json(PARAMETERS[Group.CUSTOM_DATA]["order_id"])
    assert not slow.is_json(PARAMETERS[Group.EXTINFO]["screen_width"])


def test_many_short_texts_are_remembered_and_few_long_ones() -> None:
    asked: list[str] = []
    rule = slow.remembering(asked.append)
    short = [str(number) for number in range(1_000)]
    long = [text.zfill(slow.SHORT + 1) for text in short]

    for text in (*short, *short, *long[:2], *long[:2], *long, long[0]):
        rule(text)

    assert asked == [*short, *long, long[0]]


def test_the_longest_texts_are_not_remembered() -> None:
    asked: list[str | bytes] = []
    rule = slow.remembering(asked.append)
    for text in ("a" * slow.LONGEST, "b" * (slow.LONGEST + 1), b"c" * (slow.LONGEST + 1)) * 2:
        rule(text)
    assert [text[:1] for text in asked] == ["a", "b", b"c", "b", b"c"]


def test_long_customer_information_is_not_kept() -> None:
    judge = slow.judge(replace(RULE, parameter="fn"))
    tracemalloc.start()
    try:
        for number in range(2_000):
            judge(f"{number} {'x' * 5_000}", None)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2 * slow.LONG_REMEMBERED * 5_000
