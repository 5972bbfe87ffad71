"""Addresses, user agents, click ids."""

from datetime import UTC, datetime

import pytest

from syncer.spec.browser import click_ms, client_ip_address, client_user_agent, cookie_id, fbc_from_click
from syncer.spec.context import NOTHING_KNOWN


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:DB8::1]:443", "2001:DB8::1"),
        ("2001:DB8::1", "2001:DB8::1"),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
        ("203.0.113.7.AQQCAQIB", "203.0.113.7.AQQCAQIB"),
        ("2001:db8::1.AQ", "2001:db8::1.AQ"),
        (" 203.0.113.7 , 10.0.0.1", "203.0.113.7"),
        ("unknown, 203.0.113.7", None),
        ("fe80::1%eth0", None),
        ("203.0.113", None),
        ("203.0.113.07", None),
        ("-", None),
        (3405803783, None),
        ("62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f", None),
    ],
)
def test_an_address_is_sent_as_written_or_not_at_all(given: object, expected: str | None) -> None:
    assert client_ip_address(given, NOTHING_KNOWN) == expected


@pytest.mark.parametrize(("given", "expected"), [(" Mozilla/5.0\n", "Mozilla/5.0"), ("-", None), ("", None)])
def test_a_user_agent_keeps_everything_but_its_edges(given: str, expected: str | None) -> None:
    assert client_user_agent(given, NOTHING_KNOWN) == expected


@pytest.mark.parametrize(
    "given",
    [
        "fb.1.1554763741205",
        "fb.1.now.AbC",
        "fb.1.1554763741205.Ab C",
        "fb.1.1554763741205.AbC.x",
        "FB.1.1.AbC",
        "fb.1.1554763741205.ada@shop.de",
        "fb.1.1554763741205.ada%40shop.de",
        "fb.1.1554763741205.ada%2540shop%252Ede",
    ],
)
def test_another_form_is_no_cookie_of_meta(given: str) -> None:
    assert cookie_id(given, NOTHING_KNOWN) is None


@pytest.mark.parametrize(
    ("click_id", "clicked_at", "expected"),
    [
        ("AbC_-9", 1554763741205, "fb.1.1554763741205.AbC_-9"),
        ("AbC", 1554763741, "fb.1.1554763741000.AbC"),
        ("AbC", datetime(2024, 4, 4, 16, 33, 16, 5000, tzinfo=UTC), "fb.1.1712248396005.AbC"),
        ("fb.1.1554763741205.AbC", None, "fb.1.1554763741205.AbC"),
        ("AbC", None, None),
        ("A b", 1554763741205, None),
        ("ada%40shop.de", 1554763741205, None),
        ("A%2Db%4F", 1554763741205, "fb.1.1554763741205.A%2Db%4F"),
        (None, 1554763741205, None),
        ("AbC", 0, None),
        ("AbC", "1970-01-01", None),
        ("AbC", -5, None),
    ],
)
def test_a_click_id_needs_its_time(click_id: object, clicked_at: object, expected: str | None) -> None:
    assert fbc_from_click(click_id, click_ms(clicked_at, NOTHING_KNOWN), NOTHING_KNOWN) == expected
