"""The two readings of Meta's documents, the sender's and the sandbox's, held against each other."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.capi.body import PARTNER_AGENT
from syncer.sandbox import facts
from syncer.sandbox.refusal import Refusal
from syncer.sandbox.rules import Law, judge_event
from syncer.sandbox.wording import TEXTS
from syncer.spec import answers, events, limits
from syncer.spec.context import Context
from syncer.spec.fields import EXTINFO_PLACES, PARAMETERS, Group
from syncer.spec.normalize import HASHED, hashed

NOW = 1_795_000_000
DIGEST = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
VALUES: dict[str, Any] = {
    **{name: [DIGEST] for name in facts.HASHED},
    "external_id": ["user-1"],
    "client_ip_address": "203.0.113.7",
    "client_user_agent": "Mozilla/5.0",
    "fbc": "fb.1.1596403881668.IwAR2F4",
    "fbp": "fb.1.1596403881668.1116446470",
    "fb_login_id": 1234567890,
    "lead_id": 1234567890123456,
}
"""A value that both take for each parameter of customer information; any text for the others."""


def _event(user_data: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "event_name": "Lead",
        "event_time": NOW,
        "event_id": "1",
        "action_source": "other",
        "user_data": user_data,
        **changes,
    }


def _refused(event: dict[str, Any], *, strict: bool = False) -> Refusal | None:
    verdict = judge_event(event, now=NOW, law=Law(strict=strict))
    return verdict if isinstance(verdict, Refusal) else None


def test_both_read_the_same_numbers() -> None:
    assert facts.MOST_EVENTS == limits.EVENTS_PER_REQUEST
    assert facts.WINDOW_S == limits.WINDOW_S
    assert facts.PHYSICAL_STORE_WINDOW_S == limits.PHYSICAL_STORE_WINDOW_S
    assert facts.FUTURE_TOLERANCE_S == limits.FUTURE_S
    assert facts.DEDUPLICATION_S == limits.DEDUPLICATION_S
    assert facts.LONGEST_EVENT_NAME == limits.EVENT_NAME_CHARACTERS
    assert facts.EXTINFO_PLACES == limits.EXTINFO_PLACES == len(EXTINFO_PLACES)
    assert "v{}.{}".format(*facts.NEWEST_VERSION) == limits.API_VERSION
    assert len(PARTNER_AGENT) < facts.PARTNER_AGENT_BELOW


def test_both_read_the_same_lists() -> None:
    server_event, extinfo = PARAMETERS[Group.SERVER_EVENT], PARAMETERS[Group.EXTINFO]
    assert frozenset(events.ACTION_SOURCES) == facts.ACTION_SOURCES
    assert frozenset(server_event["messaging_channel"].allowed) == facts.MESSAGING_CHANNELS
    assert frozenset(server_event["data_processing_options_country"].allowed) == facts.LDU_COUNTRIES
    assert frozenset(server_event["data_processing_options_state"].allowed) == facts.LDU_STATES
    assert frozenset(server_event["customer_segmentation"].allowed) == facts.SEGMENTS
    assert frozenset(PARAMETERS[Group.CONTENTS_ITEM]["delivery_category"].allowed) == facts.DELIVERY_CATEGORIES
    assert frozenset(extinfo[EXTINFO_PLACES[0]].allowed) == facts.EXTINFO_VERSIONS
    assert events.MESSAGING_EVENTS == facts.MESSAGING_EVENTS
    assert set(events.STANDARD_EVENTS) - {"AppendAttribution"} == facts.STANDARD_EVENTS
    assert set(server_event) == facts.SERVER_EVENT_KEYS


def test_both_hash_the_same_parameters() -> None:
    customer_info = PARAMETERS[Group.CUSTOMER_INFO]
    assert {name for name, parameter in customer_info.items() if parameter.hashed == "required"} == facts.HASHED
    assert {"external_id"} == HASHED - facts.HASHED


def test_the_sender_knows_every_subcode_that_the_sandbox_answers() -> None:
    assert set(TEXTS) <= set(answers.DATA_SUBCODES)


def test_every_currency_of_iso_4217_is_known_to_the_sandbox() -> None:
    assert {currency.alpha_3 for currency in pycountry.currencies} <= facts.CURRENCIES


def test_the_sandbox_knows_every_parameter_that_the_sender_can_map() -> None:
    for name in PARAMETERS[Group.CUSTOMER_INFO]:
        verdict = judge_event(_event({name: VALUES.get(name, "text"), "em": DIGEST}), now=NOW, law=Law())
        assert isinstance(verdict, list), name
        assert "unknown_parameter" not in [note.code for note in verdict], name


def _weak_sets() -> Iterator[tuple[str, ...]]:
    weak = [*sorted(frozenset().union(*facts.TOO_WIDE)), "em", "fbp"]
    for size in range(len(weak) + 1):
        yield from combinations(weak, size)


def test_both_find_the_same_customer_information_too_little() -> None:
    for keys in _weak_sets():
        refused = _refused(_event({key: VALUES[key] for key in keys}))
        assert (refused is None) == events.is_sufficient(keys), keys
        assert refused is None or refused.subcode == 2804050


@pytest.mark.parametrize("channel", sorted(facts.MESSAGING_CHANNELS))
def test_both_ask_the_same_ids_for_a_message(channel: str) -> None:
    names = sorted(frozenset().union(*(ids for needs in events.MESSAGING_NEEDS.values() for ids in needs)))
    for size in range(len(names) + 1):
        for keys in combinations(names, size):
            message = _event(
                {"em": DIGEST} | dict.fromkeys(keys, "1"),
                event_name="Purchase",
                action_source="business_messaging",
                messaging_channel=channel,
                custom_data={"value": 1, "currency": "EUR"},
            )
            assert (_refused(message) is None) == (not events.missing_for_messaging(channel, keys)), keys


_odd = st.one_of(
    st.text(),
    st.text(alphabet="0123456789abcdefABCDEF.", min_size=30, max_size=74),
    st.sampled_from([DIGEST, DIGEST.upper(), f"{DIGEST}.AQ", DIGEST[:32], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]),
    st.from_regex(r"fb\.[0-9]\.[0-9]{10,13}\.[A-Za-z0-9_.-]{1,30}", fullmatch=True),
    st.ip_addresses().map(str),
    st.emails(),
    st.integers(),
    st.dates(),
)  # fmt: skip


@given(
    name=st.sampled_from(sorted(PARAMETERS[Group.CUSTOMER_INFO])),
    value=_odd,
    hashing=st.sampled_from(["auto", "always", "never"]),
)
def test_whatever_the_sender_makes_of_a_value_the_sandbox_takes(name: str, value: object, hashing: Any) -> None:
    sent = hashed(name, value, Context(country="us"), hashing=hashing)
    if sent is not None:
        number = name in ("lead_id", "fb_login_id")
        refused = _refused(_event({name: int(sent) if number else sent, "em": DIGEST}))
        assert refused is None
