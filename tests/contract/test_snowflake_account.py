"""A session with Snowflake: signing in, names, what the server is told, and what each refusal says."""

import base64
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors import registry, snowflake_sign_in
from connectors.base import Query, Range
from connectors.errors import ColumnError, ConnectorError, QueryError, SourceRefusedError, SourceUnavailableError
from connectors.incremental import CursorKind, CursorValue
from connectors.snowflake import connect
from connectors.testing.warehouse import all_rows
from tests.contract.snowflake_server.running import SnowflakeServer, running

pytestmark = pytest.mark.timeout(300)  # the first test may install the server

CANARY = "canary.person@example.com"
ORDERS = "SELECT * FROM orders"


@pytest.fixture(scope="module")
def server() -> Iterator[SnowflakeServer]:
    with running() as server:
        server.run("CREATE TABLE orders (order_id NUMBER(38,0), email VARCHAR, total NUMBER(12,2))")
        server.run(f"INSERT INTO orders VALUES (2, '{CANARY}', 1.10), (1, NULL, 99.90)")
        yield server


def test_unquoted_names_are_upper_case_and_numbers_keep_their_digits(server: SnowflakeServer) -> None:
    query = Query(sql="SELECT order_id, total FROM orders", cursor_column="ORDER_ID")

    with server.connect() as source:
        schema = source.schema(query)
        rows = all_rows(source, query)

    assert schema == pa.schema([("ORDER_ID", pa.decimal128(38, 0)), ("TOTAL", pa.decimal128(12, 2))])
    assert [str(row["TOTAL"]) for row in rows] == ["99.90", "1.10"]


def test_a_missing_column_says_which_there_are(server: SnowflakeServer) -> None:
    with server.connect() as source, pytest.raises(ColumnError, match="columns: ORDER_ID, EMAIL, TOTAL"):
        source.schema(Query(sql=ORDERS, columns=("EMIAL",)))


def test_json_comes_as_json_text(server: SnowflakeServer) -> None:
    server.run("CREATE TABLE props (data VARIANT)")
    server.run("""INSERT INTO props SELECT PARSE_JSON('{"a": [1, null]}')""")

    with server.connect() as source:
        (row,) = all_rows(source, Query(sql="SELECT data FROM props"))

    assert row["DATA"].replace(" ", "") == '{"a":[1,null]}'


def test_the_server_is_told_tag_zone_and_timeout_and_sent_values_only_as_bindings(server: SnowflakeServer) -> None:
    low = Range(column="EMAIL", low=CursorValue(CursorKind.TEXT, "bound canary"))

    with server.connect(query_tag="nightly", statement_timeout_s=60, role="READER", warehouse="WH") as source:
        all_rows(source, Query(sql=ORDERS, ranges=(low,)))

    login = server.seen()["logins"][-1]
    statement = server.seen()["statements"][-1]
    told = {
        name: str(login["SESSION_PARAMETERS"][name])
        for name in ("QUERY_TAG", "TIMEZONE", "STATEMENT_TIMEOUT_IN_SECONDS")
    }
    assert told == {"QUERY_TAG": "nightly", "TIMEZONE": "UTC", "STATEMENT_TIMEOUT_IN_SECONDS": "60"}
    assert (login["query"]["roleName"], login["query"]["warehouse"]) == ("READER", "WH")
    assert "bound canary" not in statement["sqlText"]
    assert statement["bindings"]["1"] == {"type": "TEXT", "value": "bound canary"}


def test_a_reading_is_one_statement(server: SnowflakeServer) -> None:
    with server.connect() as source:
        before = len(server.seen()["statements"])
        all_rows(source, Query(sql="SELECT order_id, email FROM orders", cursor_column="EMAIL"))
        sent = server.seen()["statements"][before:]

    assert [bool(statement["describeOnly"]) for statement in sent].count(False) == 1


def test_a_key_pair_signs_in_by_a_token_that_its_public_key_proves(server: SnowflakeServer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open")
    ).decode()

    with server.connect(password=None, private_key=text, private_key_passphrase="open") as source:
        assert len(all_rows(source, Query(sql=ORDERS))) == 2

    login = server.seen()["logins"][-1]
    signed, _, signature = login["TOKEN"].rpartition(".")
    proof = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert login["AUTHENTICATOR"] == "SNOWFLAKE_JWT"
    key.public_key().verify(proof, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("kind", ["oauth", "programmatic_access_token"])
def test_tokens_sign_in_as_what_they_are(server: SnowflakeServer, kind: str) -> None:
    with server.connect(password=None, token="the-token", authenticator=kind) as source:
        assert len(all_rows(source, Query(sql=ORDERS))) == 2

    login = server.seen()["logins"][-1]
    assert (login["AUTHENTICATOR"], login["TOKEN"]) == (kind.upper(), "the-token")


def test_a_wrong_password_is_final_and_not_told(server: SnowflakeServer) -> None:
    with pytest.raises(SourceRefusedError, match="Snowflake refuses the user or its password; mend") as caught:
        server.connect(password=CANARY)

    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_account_that_is_away_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(snowflake_sign_in, "LOGIN_S", 2)
    began = time.monotonic()

    with pytest.raises(SourceUnavailableError, match="does not answer") as caught:
        SnowflakeServer(port).connect()

    assert caught.value.is_transient
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("code", "error", "what"),
    [
        ("000606", SourceRefusedError, "no warehouse runs the query; set `warehouse`"),
        ("003001", SourceRefusedError, "the role may not read what the query names; grant it"),
        ("000630", QueryError, "the query took longer than it may.*statement_timeout_s"),
    ],
)
def test_what_an_account_refuses_says_what_mends_it(
    server: SnowflakeServer, code: str, error: type[Exception], what: str
) -> None:
    with server.connect() as source, pytest.raises(error, match=what):
        source.schema(Query(sql=f"SELECT * FROM CODE_{code}"))


def test_a_missing_table_says_what_to_look_at(server: SnowflakeServer) -> None:
    with (
        server.connect() as source,
        pytest.raises(QueryError, match="does not exist, or the role may not see it") as caught,
    ):
        source.schema(Query(sql="SELECT * FROM no_such_table"))

    assert "SELECT on it" in caught.value.remedy


def test_a_server_that_is_lost_while_rows_are_read_is_worth_another_try() -> None:
    with running() as lost:
        table = lost.load(pa.table({"A": list(range(400)), "PAD": ["x" * 500] * 400}))
        source = lost.connect()
        many = Query(sql=f"SELECT l.a, l.pad || r.pad AS pad FROM {table} l CROSS JOIN {table} r", batch_rows=1000)
        reading = source.read(many)
        next(reading)
    with pytest.raises(SourceUnavailableError, match="broke off") as caught:
        list(reading)

    assert caught.value.is_transient


def _interrupt_when_asked(silent: socket.socket) -> None:
    asking, _ = silent.accept()
    with asking:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_ctrl_c_is_heard_while_the_driver_waits_for_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = snowflake_sign_in.Options(
            account="test", user="reader", password="x", host="127.0.0.1", port=silent.getsockname()[1], protocol="http"
        )
        Thread(target=_interrupt_when_asked, args=(silent,)).start()  # not before: an import would hear it

        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            connect(options, root=Path("/"))

    assert time.monotonic() - began < 10  # by itself the driver goes on for a minute


def test_no_log_line_holds_a_secret_a_name_or_a_value(
    server: SnowflakeServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    with server.connect(user=CANARY) as source:
        all_rows(source, Query(sql=f"SELECT * FROM orders WHERE email = '{CANARY}'"))
        with pytest.raises(QueryError):
            all_rows(source, Query(sql="SELECT CAST(email AS INTEGER) AS a FROM orders"))

    printed = capfd.readouterr()
    everything = caplog.text + printed.out + printed.err
    assert CANARY not in everything
    assert "correct horse" not in everything


def test_no_telemetry_is_sent(server: SnowflakeServer) -> None:
    with server.connect() as source:
        all_rows(source, Query(sql=ORDERS))

    assert server.seen()["telemetry"] == []


def test_nothing_is_left_on_disk(server: SnowflakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "SNOWFLAKE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    with server.connect() as source:
        all_rows(source, Query(sql=ORDERS))

    assert list(tmp_path.rglob("*")) == []


def test_without_its_driver_the_connector_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snowflake.connector", None)

    def load() -> Any:
        return registry.find("snowflake").connect(snowflake_sign_in.Options(account="a", user="u"), root=Path("/"))

    with pytest.raises(ConnectorError, match="the connector 'snowflake' "):
        load()


def test_options_are_those_that_the_project_declares() -> None:
    assert registry.options_type("snowflake") is snowflake_sign_in.Options
    assert connect.__module__ == "connectors.snowflake"
