"""The access token and its proof."""

import hashlib
import hmac

import pytest

from syncer.capi.credentials import read_credentials
from syncer.capi.endpoint import Endpoint
from syncer.errors import ConfigError
from syncer.secret import Secret


def endpoint(token: str, secret: str | None = None) -> Endpoint:
    return Endpoint(
        dataset_id="1", access_token=Secret(token), app_secret=Secret(secret) if secret is not None else None
    )


def test_the_line_end_of_a_file_is_no_part_of_a_token() -> None:
    assert read_credentials(endpoint(" EAABtoken\r\n")).token == "EAABtoken"


def test_the_proof_is_the_token_signed_with_the_app_secret() -> None:
    found = read_credentials(endpoint("EAABtoken", "hunter2\n"))
    assert found.proof == hmac.new(b"hunter2", b"EAABtoken", hashlib.sha256).hexdigest()


def test_without_an_app_secret_there_is_no_proof() -> None:
    assert read_credentials(endpoint("EAABtoken")).proof is None


@pytest.mark.parametrize("token", ["", " \n", "EAAB token", "EAAB\r\nX-Evil: 1", "EAABé", "EAAB\x00", "EAAB\x7f"])
def test_a_token_that_no_header_takes_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(ConfigError, match="access_token: ") as caught:
        read_credentials(endpoint(token))
    assert "EAAB" not in str(caught.value)


def test_an_app_secret_that_is_empty_is_refused() -> None:
    with pytest.raises(ConfigError, match="app_secret: it is empty"):
        read_credentials(endpoint("EAABtoken", ""))


def test_credentials_print_nothing() -> None:
    found = read_credentials(endpoint("EAABtoken", "hunter2"))
    assert repr(found) == "Credentials()"
