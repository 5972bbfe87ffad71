"""What the driver is given, for each way of signing in."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.errors import SourceRefusedError
from connectors.snowflake_sign_in import Options, arguments

SECRET = "s3cret canary"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
DER = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def pem(passphrase: str = "") -> str:
    hidden = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden).decode()


def given(*, major: int = 5, root: Path = Path("/"), **options: Any) -> dict[str, Any]:
    return arguments(Options(account="org-account", user="SYNCER", **options), root=root, major=major)


@pytest.mark.parametrize("major", [4, 5])
def test_the_session_is_set_for_reading_and_keeps_nothing_on_disk(major: int) -> None:
    found = given(major=major, password=SECRET, warehouse="W", database="D", schema="S", role="R", query_tag="nightly")

    assert found["client_store_temporary_credential"] is False
    assert {name: found[name] for name in ("warehouse", "database", "schema", "role")} == {
        "warehouse": "W", "database": "D", "schema": "S", "role": "R",
    }  # fmt: skip
    parameters = found["session_parameters"]
    assert parameters["QUERY_TAG"] == "nightly"
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["CLIENT_TELEMETRY_ENABLED"] is False
    assert parameters["ROWS_PER_RESULTSET"] == 0, "an account's limit would cut rows off"
    assert parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == 3600


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"password": SECRET}, {"authenticator": "SNOWFLAKE", "password": SECRET}),
        ({"token": SECRET, "authenticator": "oauth"}, {"authenticator": "OAUTH", "token": SECRET}),
        (
            {"token": SECRET, "authenticator": "programmatic_access_token"},
            {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": SECRET},
        ),
        ({"authenticator": "externalbrowser"}, {"authenticator": "EXTERNALBROWSER"}),
        ({"private_key": pem()}, {"authenticator": "SNOWFLAKE_JWT", "private_key": DER}),
        (
            {"private_key": pem(SECRET), "private_key_passphrase": SECRET},
            {"authenticator": "SNOWFLAKE_JWT", "private_key": DER},
        ),
    ],
)
def test_each_way_of_signing_in_gives_the_driver_what_it_takes(
    options: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = given(**options)

    assert {name: found.get(name) for name in expected} == expected
    assert {"password", "token", "private_key", "private_key_passphrase"} & found.keys() <= expected.keys()


def test_a_key_file_is_found_from_the_project(tmp_path: Path) -> None:
    (tmp_path / "key.p8").write_text(pem(SECRET))

    found = given(root=tmp_path, private_key_file="key.p8", private_key_passphrase=SECRET)

    assert found["private_key"] == DER


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, "takes `password`, and none is given"),
        ({"password": SECRET, "token": SECRET}, "`password` and `token` is given"),
        ({"private_key": SECRET, "private_key_file": "key.p8"}, "`private_key` and `private_key_file` is given"),
        ({"token": SECRET}, "`token` may be of two kinds"),
        ({"token": SECRET, "authenticator": "snowflake"}, "takes `password`"),
        ({"password": SECRET, "authenticator": "kerberos"}, "`authenticator` is none"),
        ({"private_key": SECRET}, "the private key cannot be read"),
        ({"private_key": pem(SECRET)}, "the private key has a passphrase"),
        ({"private_key": pem(SECRET), "private_key_passphrase": "other"}, "the private key cannot be read"),
        ({"private_key": pem(), "private_key_passphrase": SECRET}, "the private key cannot be read"),
        ({"private_key_file": "/no/such/key.p8"}, "there is no file /no/such/key.p8"),
        ({"password": SECRET, "protocol": "http"}, "`protocol` is not https"),
        ({"password": SECRET, "protocol": "http", "host": "example.com"}, "`protocol` is not https"),
        ({"password": SECRET, "statement_timeout_s": 0}, "`statement_timeout_s` is not between"),
    ],
)
def test_options_that_do_not_go_together_are_refused_without_their_secrets(options: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceRefusedError) as caught:
        given(**options)

    assert what in caught.value.what
    assert caught.value.remedy
    assert SECRET not in str(caught.value)


def test_options_show_no_secret() -> None:
    options = Options(
        account="a", user="u", password=SECRET, private_key=SECRET, private_key_passphrase=SECRET, token=SECRET
    )

    assert SECRET not in repr(options)
