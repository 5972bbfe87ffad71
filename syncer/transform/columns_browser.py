"""What a browser tells about itself, in columns."""

from typing import Final

import polars as pl

from syncer.transform.claims import Around, Claim
from syncer.transform.masks import certain

_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4: Final = rf"^{_BYTE}(?:\.{_BYTE}){{3}}$"
_GROUP: Final = "[0-9A-Fa-f]{1,4}"
IPV6: Final = rf"^{_GROUP}(?::{_GROUP}){{7}}$"
SHORTENED_IPV6: Final = rf"^(?:{_GROUP}(?::{_GROUP}){{0,6}})?::(?:{_GROUP}(?::{_GROUP}){{0,6}})?$"
GROUPS: Final = 7
"""Of eight groups `::` stands for one at least; `::` alone says nothing."""
COOKIE: Final = r"^fb\.[0-9]+\.[0-9]+\.[!-$&-\-/-?A-~]+(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?$"
IN_SECONDS: Final = r"^fb\.[0-9]+\.[0-9]{10}\."
AGENT: Final = r"^[ -/:-@\[-`{-~]*[0-9A-Za-z][ -~]*$"
"""ASCII with a letter or digit."""
AGENT_LETTERS: Final = 14
"""Longer than any placeholder."""


def client_ip_address(text: pl.Series, _around: Around) -> Claim:
    """Twin of `browser.client_ip_address` for a single address as it should be."""
    sure = text.str.contains(IPV4)
    if sure.all():
        return Claim(text)
    sure |= text.str.contains(IPV6)
    shortened = text.str.contains(SHORTENED_IPV6)
    if shortened.any():
        sure |= shortened & text.str.count_matches(_GROUP).is_between(1, GROUPS)
    return Claim.where(sure, text)


def client_user_agent(text: pl.Series, _around: Around) -> Claim:
    """Twin of `browser.client_user_agent` for ASCII with a letter or digit, longer than any placeholder."""
    trimmed = text.str.strip_chars()
    return Claim.where(trimmed.str.contains(AGENT) & (trimmed.str.len_bytes() >= AGENT_LETTERS), trimmed)


def fbc(text: pl.Series, around: Around) -> Claim:
    """Twin of `browser.cookie_id`, with the warning of `browser.fbc_in_seconds`."""
    claim = cookie_id(text, around)
    return claim.warning("fbc_seconds", certain(claim.text.str.contains(IN_SECONDS)))


def cookie_id(text: pl.Series, _around: Around) -> Claim:
    """Twin of `browser.cookie_id` in ASCII without a percent sign, which may begin an at sign."""
    return Claim.where(text.str.contains(COOKIE), text)
