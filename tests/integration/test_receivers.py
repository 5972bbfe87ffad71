"""Receivers of alerts over real sockets: TLS, logins, and others that never come to an end."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.alert_rules import Security
from syncer.alerts.errors import NotTold
from syncer.alerts.post import post
from syncer.alerts.post_mail import post_mail
from syncer.pipeline import Smtp
from syncer.secret import Secret
from tests.acceptance.hooks import dripping, mail_server
from tests.certificates import self_signed

SHORT_S = 0.3
HELLO = b"\x16\x03\x03\x40\x00\x02"
"""The beginning of an answer to a TLS handshake, said again and again."""


def smtp(port: int, security: Security = "none", *, password: str | None = None) -> Smtp:
    secret = None if password is None else Secret(password)
    return Smtp(host="127.0.0.1", port=port, security=security, user=password and "ops", password=secret)


def why_not_told(server: Smtp, *, longest_s: float = 40.0) -> str:
    with pytest.raises(NotTold) as failure:
        post_mail(server, "ops@example.com", subject="s", text="canarytext", longest_s=longest_s)
    return str(failure.value)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_S02_a_mail_and_its_login_go_by_TLS_to_a_server_that_proves_who_it_is(
    security: Security, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, believed = self_signed(tmp_path)
    with mail_server(
        tls=context if security == "tls" else None, starttls=context if security == "starttls" else None
    ) as mails:
        said = why_not_told(smtp(mails.port, security, password="canarypassword"))
        assert said == f"the mail server 127.0.0.1:{mails.port} has a certificate that is not valid for it"
        assert [line for line in mails.lines if line.startswith(("AUTH", "mail"))] == []
        monkeypatch.setenv("SSL_CERT_FILE", str(believed))
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
        post_mail(smtp(mails.port, security, password="canarypassword"), "ops@example.com", subject="s", text="all")
    assert [line[:5] for line in mails.lines if line.startswith(("AUTH", "mail", "all"))] == ["AUTH ", "mail ", "all"]
    assert "SECRET" not in (tmp_path / "keys.log").read_text()


def test_S02_a_server_that_takes_no_TLS_back_gets_neither_login_nor_mail() -> None:
    with mail_server() as mails:
        assert why_not_told(smtp(mails.port, "starttls", password="canarypassword")).endswith("refuses the mail (454)")
    assert [line.partition(" ")[0] for line in mails.lines if line != "QUIT"] == ["ehlo", "STARTTLS"]


def test_a_password_that_SMTP_cannot_say_is_told_as_a_reason_of_this_receiver_alone() -> None:
    with mail_server() as mails:
        assert "takes user and password in ASCII only" in why_not_told(smtp(mails.port, password="canarypässword"))


@pytest.mark.parametrize("address", ["ops", "@", "ops@", "ops@[1", "\\@", '"ops@example.com', "ops\n@example.com"])
def test_half_an_address_is_told_as_a_reason_of_this_receiver_alone(address: str) -> None:
    """Of some of these the library raises what is no `ValueError`."""
    with pytest.raises(NotTold, match="the address is no e-mail address; write the name of a mailbox"):
        post_mail(smtp(1), address, subject="s", text="t")


def test_half_an_address_of_the_sender_is_told_as_such() -> None:
    with pytest.raises(NotTold, match=r"alerts\.smtp\.sender is no e-mail address; write the name of a mailbox"):
        post_mail(replace(smtp(1), sender="syncer@"), "ops@example.com", subject="s", text="t")


@pytest.mark.parametrize(("security", "letters"), [("none", b"220-here\r\n"), ("tls", HELLO), ("starttls", b"2")])
def test_a_mail_server_that_never_comes_to_an_end_is_left_after_a_while(security: Security, letters: bytes) -> None:
    with dripping(letters) as port:
        began = time.monotonic()
        assert "did not answer within" in why_not_told(smtp(port, security), longest_s=SHORT_S)
        assert time.monotonic() - began < 10 * SHORT_S


def test_a_mail_server_that_talks_without_end_fills_no_memory() -> None:
    with dripping(b"220-here\r\n", every_s=0) as port:
        assert "says far more than one does" in why_not_told(smtp(port), longest_s=20)


def test_a_webhook_that_never_comes_to_an_end_is_left_after_a_while() -> None:
    with dripping(b"HTTP/1.1 ") as port, pytest.raises(NotTold, match="did not answer within"):
        post(f"http://127.0.0.1:{port}/x", b"{}", longest_s=SHORT_S)


def test_a_webhook_that_never_ends_its_handshake_is_left_after_a_while() -> None:
    with dripping(HELLO) as port, pytest.raises(NotTold, match="did not answer within"):
        post(f"https://127.0.0.1:{port}/x", b"{}", longest_s=SHORT_S)
