"""Options of Postgres, and what libpq says when it cannot connect."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from connectors.errors import SourceRefusedError, SourceUnavailableError
from connectors.postgres import Options, connect
from connectors.postgres_errors import Peer, about_connecting
from connectors.postgres_place import place

CANARY = "canary/secret"
PEER = Peer("db:5432/shop", "ada")


@pytest.mark.parametrize(
    ("options", "place_name", "expected"),
    [
        ({"url": "postgresql://ada:p%40ss@db.example/shop"}, "db.example:5432/shop", {"password": "p@ss"}),
        ({"url": "postgresql+psycopg://ada@db:6000/shop"}, "db:6000/shop", {"port": "6000"}),
        ({"url": "postgresql://ada:p?s@db/sh%40p?application_name=a@b"}, "db:5432/sh@p", {"password": "p?s"}),
        ({"url": "postgres://db/shop?sslmode=require"}, "db:5432/shop", {"sslmode": "require"}),
        ({"url": "host=db dbname=shop", "port": 6001, "password": "x y'z"}, "db:6001/shop", {"password": "x y'z"}),
        ({"url": "postgresql://db/shop?connect_timeout=3"}, "db:5432/shop", {"connect_timeout": "3"}),
        ({"host": "/run/pg", "database": "shop"}, "/run/pg/shop", {"application_name": "syncer"}),
        ({"database": "shop", "application_name": "me"}, "the local server:5432/shop", {"application_name": "me"}),
    ],
)
def test_options_lead_to_a_place(options: dict[str, Any], place_name: str, expected: dict[str, str]) -> None:
    found = place(Options(**options), root=Path("/"))

    assert found.peer.place == place_name
    assert expected.items() <= conninfo_to_dict(found.conninfo).items()


def test_a_certificate_is_looked_for_from_the_project_on(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()

    found = place(Options(host="db", sslrootcert="ca.pem"), root=tmp_path)

    assert conninfo_to_dict(found.conninfo)["sslrootcert"] == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing says where the database is"),
        ({"url": "postgresql://ada@db:x/shop"}, "port is no port"),
        ({"url": f"postgresql://ada:{CANARY}@db:x/shop"}, "url cannot be read"),
        ({"url": f"postgresql://ada:{CANARY}@[db/shop"}, "url cannot be read"),
        ({"url": f"postgresql://ada:p@{CANARY}@db/shop"}, "url cannot be read"),
        ({"url": f"postgresql://ada:p?@{CANARY}@db/shop"}, "url cannot be read"),
        ({"url": f"postgresql://ada:/{CANARY}@db/shop"}, "url cannot be read"),
        ({"url": f"postgresql://ada:5/{CANARY}@db/shop"}, "url cannot be read"),
        ({"database": f"postgresql://ada:{CANARY}@db/shop"}, "`database` holds a URL"),
        ({"host": f"postgresql://ada:{CANARY}@db/shop"}, "`host` holds a URL"),
        ({"url": f"password={CANARY} nonsense"}, "url cannot be read"),
        ({"url": "postgresql://[db/shop"}, "url cannot be read"),
        ({"host": "db", "port": 0}, "port is no port"),
        ({"url": "postgresql://db:99999/shop"}, "port is no port"),
        ({"host": "db", "sslmode": "on"}, "sslmode is none"),
        ({"host": "db", "sslrootcert": "nowhere.pem"}, "there is no file /nowhere.pem"),
        ({"host": "db", "statement_timeout": "10"}, "statement_timeout is no duration"),
        ({"host": "db", "lock_timeout": "soon"}, "lock_timeout is no duration"),
        ({"host": "db", "statement_timeout": "90d"}, "statement_timeout is no duration"),
        ({"host": "db", "password": f"{CANARY}\0"}, "NUL"),
    ],
)
def test_wrong_options_are_refused_before_connecting(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceRefusedError, match=message) as caught:
        connect(Options(**options), root=Path("/"))

    assert caught.value.remedy
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_no_text_of_the_options_or_the_place_shows_a_secret() -> None:
    options = Options(url=f"postgresql://ada:{CANARY.replace('/', '%2F')}@db/shop", password=CANARY)

    shown = repr(options) + repr(place(options, root=Path("/")))

    assert "canary" not in shown


@pytest.mark.parametrize(("text", "milliseconds"), [("0", "0"), ("500ms", "500"), ("15m", "900000"), ("2h", "7200000")])
def test_durations_are_told_to_postgres_in_milliseconds(text: str, milliseconds: str) -> None:
    found = place(Options(host="db", statement_timeout=text), root=Path("/"))

    assert ("statement_timeout", milliseconds) in found.settings


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [  # texts of libpq 17 and servers 14 to 18
        ('FATAL:  password authentication failed for user "ada"', SourceRefusedError, "refuses the password of ada"),
        ("fe_sendauth: no password supplied", SourceRefusedError, "refuses the password of ada"),
        ('FATAL:  database "shop" does not exist', SourceRefusedError, "no such database"),
        ('FATAL:  role "ada" does not exist', SourceRefusedError, "no role ada"),
        ('FATAL:  role "ada" is not permitted to log in', SourceRefusedError, "ALTER ROLE"),
        ('FATAL:  permission denied for database "shop"', SourceRefusedError, "GRANT CONNECT"),
        (
            'FATAL:  no pg_hba.conf entry for host "::1", user "ada", database "shop", no encryption',
            SourceRefusedError,
            "TLS",
        ),
        (
            'FATAL:  no pg_hba.conf entry for host "::1", user "ada", database "shop", SSL encryption',
            SourceRefusedError,
            "from here",
        ),
        ("FATAL:  sorry, too many clients already", SourceUnavailableError, "too many connections"),
        ("FATAL:  remaining connection slots are reserved for roles", SourceUnavailableError, "too many connections"),
        ("FATAL:  the database system is starting up", SourceUnavailableError, "starting or stopping"),
        ("server does not support SSL, but SSL was required", SourceRefusedError, "offers no TLS"),
        ("SSL error: certificate verify failed", SourceRefusedError, "certificate"),
        ('server certificate for "a" does not match host name "db"', SourceRefusedError, "certificate"),
        ('root certificate file "/x" does not exist', SourceRefusedError, "sslrootcert"),
        (
            'could not translate host name "db" to address: Name or service not known',
            SourceUnavailableError,
            "no host of this name",
        ),
        ("FATAL:  unsupported startup parameter: options", SourceRefusedError, "refuses `options`"),
        ("FATAL:  Passwort-Authentifizierung für Benutzer »ada« fehlgeschlagen", SourceUnavailableError, "let ada in"),
        ("致命错误:  用户 ada 认证失败", SourceUnavailableError, "mend `user`, `password` or `database`"),
        ("connection timeout expired", SourceUnavailableError, "cannot be reached"),
        ("Connection refused", SourceUnavailableError, "cannot be reached"),
    ],
)
def test_what_libpq_says_becomes_what_to_do(text: str, kind: type[Exception], words: str) -> None:
    error = about_connecting(f'connection to server at "db", port 5432 failed: {text}', PEER)

    assert type(error) is kind
    assert words in str(error)
    assert error.remedy
