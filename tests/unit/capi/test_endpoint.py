"""Which addresses requests may go to (promise S06)."""

from pathlib import Path

import pytest

from syncer.capi.endpoint import Endpoint
from syncer.errors import ConfigError
from syncer.pipeline import Destination
from syncer.secret import Reference, Secret

TOKEN = Secret("EAABtoken")


def endpoint(base_url: str, *, allow_host: bool = False) -> Endpoint:
    return Endpoint(base_url=base_url, dataset_id="123", access_token=TOKEN, allow_host=allow_host)


TAKEN = [
    ("https://graph.facebook.com", "https://graph.facebook.com/v26.0/123/events"),
    ("https://graph.facebook.com/", "https://graph.facebook.com/v26.0/123/events"),
    ("https://graph.facebook.com:443", "https://graph.facebook.com:443/v26.0/123/events"),
    ("HTTPS://Graph.Facebook.com", "HTTPS://Graph.Facebook.com/v26.0/123/events"),
    ("http://127.0.0.1:8765", "http://127.0.0.1:8765/v26.0/123/events"),
    ("http://127.8.9.1", "http://127.8.9.1/v26.0/123/events"),
    ("http://localhost:8765/", "http://localhost:8765/v26.0/123/events"),
    ("http://[::1]:8765", "http://[::1]:8765/v26.0/123/events"),
    ("http://[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]/v26.0/123/events"),
    ("https://127.0.0.1:8443/meta", "https://127.0.0.1:8443/meta/v26.0/123/events"),
]


@pytest.mark.parametrize(("base_url", "url"), TAKEN)
def test_meta_and_this_machine_are_reached(base_url: str, url: str) -> None:
    assert endpoint(base_url).events_url == url


ALLOWED = [
    "https://gateway.example.com",
    "https://gateway.example.com:8443/meta/graph",
    "https://10.0.0.7",
    "https://[2001:db8::1]:8443",
    "https://xn--bcher-kva.example",
    "https://graph-eu.facebook.com",
]


@pytest.mark.parametrize("base_url", ALLOWED)
def test_another_host_needs_leave(base_url: str) -> None:
    assert endpoint(base_url, allow_host=True).events_url.startswith(base_url)
    with pytest.raises(ConfigError, match="base_url"):
        endpoint(base_url)


TRICKS = [
    # no scheme of ours
    "",
    "graph.facebook.com",
    "//graph.facebook.com",
    "ftp://graph.facebook.com",
    "file:///etc/passwd",
    "https:graph.facebook.com",
    "https:/graph.facebook.com",
    "https:///graph.facebook.com",
    "httpss://graph.facebook.com",
    # not encrypted
    "http://graph.facebook.com",
    "http://10.0.0.7",
    "http://0.0.0.0:8765",
    "http://[::]:8765",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://example.localhost",
    # other spellings of loopback
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.0.0.1",
    "http://0177.0.0.1",
    "http://127.1",
    "http://127.0.1",
    "http://127.0.0.01",
    "http://127.0.0.1.",
    "http://localhost.",
    "http://[::ffff:127.0.0.1]",
    "http://[::1%25lo]",
    "http://[::1",
    "http://::1",
    "http://[localhost]",
    "http://127.0.0.256",
    # user, query, fragment
    "https://user@graph.facebook.com",
    "https://user:password@graph.facebook.com",
    "https://graph.facebook.com@evil.example",
    "https://graph.facebook.com:443@evil.example",
    "https://graph.facebook.com?access_token=EAABtoken",
    "https://graph.facebook.com/?x",
    "https://graph.facebook.com#@evil.example",
    "https://evil.example/#graph.facebook.com",
    "https://evil.example?.graph.facebook.com",
    "https://evil.example\\@graph.facebook.com",
    "https://graph.facebook.com\\.evil.example",
    # hosts that look alike
    "https://graph.facebook.com.",
    "https://graph.faceboоk.com",
    "https://graph。facebook。com",
    "https://graph․facebook.com",
    "https://GRAPH.FACEBOOK.COM%00.evil.example",
    "https://graph.facebook.com%2eevil.example",
    "https://graph..facebook.com",
    "https://-graph.facebook.com",
    "https://graph.facebook.com-",
    "https://" + "a" * 64 + ".example",
    "https://" + "a." * 130 + "example",
    # white space and control characters
    " https://graph.facebook.com",
    "https://graph.facebook.com ",
    "https://graph.facebook.com\n",
    "https://graph.facebook.com\r\nHost: evil.example",
    "https://graph.face\tbook.com",
    "https://graph.facebook.com\x00",
    # ports and paths
    "https://graph.facebook.com:8443",
    "https://graph.facebook.com:",
    "https://graph.facebook.com:0",
    "https://graph.facebook.com:0443",
    "https://graph.facebook.com:44३",
    "https://127.0.0.1:65536",
    "https://127.0.0.1:99999",
    "https://127.0.0.1:-1",
    "https://graph.facebook.com/v26.0",
    "https://127.0.0.1/../x",
    "https://127.0.0.1/a/../x",
    "https://127.0.0.1//x",
    "https://127.0.0.1/%2e%2e",
    "https://127.0.0.1/a;b",
]


@pytest.mark.parametrize("allow_host", [False, True])
@pytest.mark.parametrize("base_url", TRICKS)
def test_a_trick_is_refused_even_where_other_hosts_are_allowed(base_url: str, *, allow_host: bool) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        endpoint(base_url, allow_host=allow_host)


LOOK_ALIKES = [
    "https://graph.facebook.com.evil.example",
    "https://graph.facebook.comm",
    "https://graph-facebook.com",
    "https://xn--graph-facebook.com",
]


@pytest.mark.parametrize("base_url", LOOK_ALIKES)
def test_a_name_that_looks_like_metas_is_another_host(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        endpoint(base_url)


def test_the_list_of_tricks_is_long() -> None:
    assert len(set(TRICKS)) >= 40


def test_a_refused_address_is_not_quoted_because_it_may_hold_a_password() -> None:
    with pytest.raises(ConfigError) as caught:
        endpoint("https://me:hunter2@graph.facebook.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "version", ["", "v26", "26.0", "v26.0/", "v26.0\n", "V26.0", "v26.0.1", "v٢٦.0", "../v26.0", "v1000.0"]
)
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(ConfigError, match=r"api_version: this is no version; write it as v26\.0"):
        Endpoint(dataset_id="123", access_token=TOKEN, api_version=version)


@pytest.mark.parametrize("dataset_id", ["", "abc", "12 3", "123\n", "1/../2", "١٢٣", "-1", "1.5", "9" * 33, "123?x"])
def test_a_dataset_id_that_is_none_is_refused(dataset_id: str) -> None:
    with pytest.raises(ConfigError, match="dataset_id: a dataset id is digits only"):
        Endpoint(dataset_id=dataset_id, access_token=TOKEN)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Endpoint(dataset_id="x", access_token=TOKEN, api_version="x", base_url="x")
    assert [problem.path for problem in caught.value.problems] == ["base_url", "api_version", "dataset_id"]


def test_an_endpoint_is_made_of_a_destination() -> None:
    destination = Destination(
        name="meta",
        dataset_id=Reference("${env:DATASET}", lambda: " 123\n"),
        access_token=TOKEN,
        api_version="v25.0",
        ca_bundle=Path("ca.pem"),
    )
    made = Endpoint.of(destination)
    assert made.events_url == "https://graph.facebook.com/v25.0/123/events"
    assert (made.access_token, made.ca_bundle, made.host) == (TOKEN, Path("ca.pem"), "graph.facebook.com")
    sandbox = Endpoint.of(destination, base_url="http://127.0.0.1:8765")
    assert (sandbox.host, sandbox.is_plain, made.is_plain) == ("127.0.0.1", True, False)


def test_an_endpoint_prints_no_secret() -> None:
    made = Endpoint(
        dataset_id="1", access_token=TOKEN, app_secret=Secret("hunter2"), proxy=Reference("http://me:hunter2@proxy:1")
    )
    assert "EAAB" not in repr(made)
    assert "hunter2" not in repr(made)
