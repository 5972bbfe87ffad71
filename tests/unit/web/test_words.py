"""How the page writes what it found."""

from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup

from syncer.engine.explained import codes, explanation
from syncer.web.filters import coded, share, since
from syncer.web.render import harmless

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "in 3 s"),
        (-0.2, "0 s ago"),
        (0, "0 s ago"),
        (59, "59 s ago"),
        (3_905, "1 h 5 min ago"),
        (-90_000, "in 1 d 1 h"),
    ],
)
def test_a_time_is_told_by_how_long_ago_it_is(seconds: float, words: str) -> None:
    at = NOON - timedelta(seconds=seconds)
    assert since(at, NOON) == Markup(f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" data-relative>{words}</time>')


@pytest.mark.parametrize(
    ("value", "words"), [(0.29, "29%"), (0.286, "29%"), (0.999, "99%"), (1.0, "100%"), (0.0, "0%")]
)
def test_a_share_is_the_one_that_commands_tell_and_none_but_the_whole_is_all(value: float, words: str) -> None:
    assert share(value) == words


def test_S21_what_turns_the_writing_or_steers_a_terminal_is_written_out() -> None:
    assert harmless("a\u202eb\x1b[31m\nc") == "a\\u202eb\\x1b[31m\nc"
    assert harmless(Markup("<b>\n</b>")) == Markup("<b>\n</b>")
    assert harmless(None) is None


def test_what_stands_between_backticks_is_code_and_the_rest_is_text() -> None:
    assert coded("a <b>: `syncer status <x>` says") == Markup("a &lt;b&gt;: <code>syncer status &lt;x&gt;</code> says")
    assert coded("one ` <b>") == Markup("one ` &lt;b&gt;")
    assert "ada@example.com" not in coded("`ada@example.com` is told")
    assert coded("two `mistakes`:\none\r") == Markup("two <code>mistakes</code>:<br>one\\r")


def test_every_code_is_explained() -> None:
    assert [code for code in codes() if explanation(code) is None] == []
    assert explanation("no_such_code") is None
