import json
import logging
import time

import pytest

from syncer.cli.json_lines import failure_json
from syncer.logs import QUIET_LIBRARIES, JsonFormatter, TextFormatter, redact, set_up


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer EAAabc123.x-y", "Authorization: Bearer ***"),
        ("token EAABsbCS1iHgBAKx", "token ***"),
        ("https://graph/x?access_token=EAAxyz&a=1", "https://graph/x?access_token=***&a=1"),
        ('{"access_token": "abc", "b": 1}', '{"access_token": "***", "b": 1}'),
        ("{'access_token': 'abc', 'b': 1}", "{'access_token': '***', 'b': 1}"),
        ("access_token: abc", "access_token: ***"),
        ("access_token: is missing; add `access_token: ${env:NAME}`",) * 2,
        ("postgresql+psycopg://me:s3cret@db/x", "postgresql+psycopg://me:***@db/x"),
        ("postgresql://me:s3c/r@t@db/x", "postgresql://me:***@db/x"),
        ("no file /srv/shop/postgresql:/me:s3cret@db/x", "no file /srv/shop/postgresql:/me:***@db/x"),
        ('password="open the door" x', 'password="***" x'),
        ("{'password': 'open the door'}", "{'password': '***'}"),
        ("Driver=x;UID=sa;PWD=hunter2;", "Driver=x;UID=sa;PWD=***;"),
        ("sslpassword=a PGPASSWORD=b", "sslpassword=*** PGPASSWORD=***"),
        ("private_key_passphrase=a api_key=b x-apikey: c", "private_key_passphrase=*** api_key=*** x-apikey: ***"),
        ("Authorization: Basic dXNlcjpw, x", "Authorization: Basic ***, x"),
        ("u=access_token%3DEAABsbCS1iHgB", "u=access_token%3D***"),
        ("https://hooks.slack.com/services/T0/B0/x sent", "https://hooks.slack.com/services/*** sent"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----",
        ),
        ("row of jane.doe@example.com failed", "row of ***@*** failed"),
        ("https://x/?e=jane%40example.com", "https://x/?e=***@***"),
        ("a\x1b[31mred\x07", "a\\x1b[31mred\\x07"),
        ("a\u202eb\u2028c\rd\ud800", "a\\u202eb\\u2028c\\rd\\ud800"),
        ("one\ntwo@three, x.y@z and a@b.c.", "one\ntwo@three, x.y@z and ***@***"),
        ("orders: 5,000 rows at 12:00:01", "orders: 5,000 rows at 12:00:01"),
    ],
)
def test_secrets_people_and_terminal_codes_are_struck_out(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_S02_a_failure_as_json_shows_no_half_of_a_secret_with_a_semicolon_in_it() -> None:
    failure = failure_json('cannot connect with password="open; the door"; mend it')
    assert (failure["what"], failure["remedy"]) == ('cannot connect with password="***"', "mend it")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_a_log_line_shows_neither_message_nor_fact_nor_trace_of_a_secret(formatter: logging.Formatter) -> None:
    try:
        raise ValueError("password=hunter2 of jane@example.com")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, "f", 1, "sent to %s", ("bob@example.com",), __import__("sys").exc_info(),
            extra={
                "url": "https://me:hunter2@db/", "rows": 3, "held": [("password=hunter2",), {"a@b.co": "bob@example.com"}],
                "other": {"password=hunter2"}, "error": ValueError("password=hunter2"),
            },
        )  # fmt: skip
    line = formatter.format(record)
    for secret in ("hunter2", "jane@", "bob@", "a@b"):
        assert secret not in line
    assert "rows" in line


def test_a_json_line_is_one_object_with_its_facts() -> None:
    record = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, "run.started", (), None, extra={"rows": 3})
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["event"], entry["level"], entry["rows"]) == ("run.started", "info", 3)


def test_one_entry_is_one_line_and_rows_of_the_state_are_none() -> None:
    record = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, "a\n12:00:00 ERROR forged", (), None)
    assert "\n" not in TextFormatter().format(record)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        set_up(verbosity=2)
        assert not logging.getLogger("sqlalchemy.engine").isEnabledFor(logging.DEBUG)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        set_levels_back()


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_S21_nothing_in_an_entry_ends_its_line(end: str) -> None:
    for message, facts in ((f"a{end}12:00:00 ERROR forged", {}), ("a", {"what": f"b{end}12:00:00 ERROR forged"})):
        record = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, message, (), None, extra=facts)
        assert len(TextFormatter().format(record).splitlines()) == 1
        assert len(JsonFormatter().format(record).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a_",
        "a@",
        "@",
        "a.",
        "a:",
        "://",
        "x://",
        "a://b",
        "://a:",
        "bearer ",
        "EAA",
        "token:",
        "password=",
        "access_token",
        '"',
        "a@b.",
        "a://b:c/",
        "authorization:",
        'password="',
        "-----BEGIN PRIVATE KEY-----",
        "%3DEAA",
    ],
)
def test_a_long_text_takes_no_longer_than_its_length_deserves(text: str) -> None:
    began = time.process_time()
    redact(text * (200_000 // len(text)))
    assert time.process_time() - began < 2


def set_levels_back() -> None:
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)
