"""Who is told, and the server of mails, as a file says it."""

import pytest

from syncer.alert_rules import fault_of_address
from syncer.errors import ConfigError
from syncer.pipeline import Smtp
from tests.unit.config.folder import Folder

CANARY = "canary7f3a"


def alerts(folder: Folder, text: str) -> Folder:
    return folder.project_file("version: 1", f"version: 1\nalerts:\n  {text}")


def test_without_smtp_mails_go_through_this_machine(folder: Folder) -> None:
    assert alerts(folder, "to: [{email: ops@example.com}]").load().alerts.smtp == Smtp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp: {host: mail.example.com}", ("mail.example.com", 587, "starttls")),
        ("smtp: {host: mail.example.com, security: tls}", ("mail.example.com", 465, "tls")),
        ("smtp: {host: 127.0.0.1, port: 2525}", ("127.0.0.1", 2525, "none")),
    ],
)
def test_port_and_security_fit_the_server(folder: Folder, text: str, expected: tuple[str, int, str]) -> None:
    smtp = alerts(folder, text).load().alerts.smtp
    assert (smtp.host, smtp.port, smtp.security) == expected


def test_the_password_is_resolved_when_it_is_used(folder: Folder) -> None:
    text = "smtp: {host: mail.example.com, user: ops, password: '${env:SMTP_PASSWORD}', sender: s@example.com}"
    smtp = alerts(folder, text).load().alerts.smtp
    assert smtp.password is not None
    assert (smtp.user, smtp.sender, "SMTP" in repr(smtp.password)) == ("ops", "s@example.com", False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "smtp: {host: mail.example.com, security: none}",
            "alerts.smtp.security: none would send mails and the password",
        ),
        (
            f"smtp: {{user: a, password: {CANARY}}}",
            "alerts.smtp.password: is a secret written out; write ${env:SMTP_PASSWORD}",
        ),
        ("smtp: {host: 'smtp://u:p@mail'}", "alerts.smtp.host: is no name of a host; write it alone, such as mail"),
        ("smtp: {password: '${env:P}'}", "alerts.smtp.user: is missing; add `user:`"),
        ("smtp: {hots: mail.example.com}", "did you mean"),
        ("to: [{webhook: 'http://hooks.example.com/x'}]", "is plain http, which is for this machine only; write https"),
        ("to: [{webhook: 'file:///etc/passwd'}]", "is no URL of http or https"),
        ("to: [{pager: x}]", "alerts.to[0]"),
        ("to: [{email: ops}]", "is no e-mail address; write the name of a mailbox, @ and its domain"),
        ("to: [{email: 'ops@'}]", "is no e-mail address; write the name of a mailbox, @ and its domain"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(folder: Folder, text: str, said: str) -> None:
    problems = alerts(folder, text).problems()
    assert said in problems[0]
    assert CANARY not in "".join(problems)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (
            "slack",
            f"http://example.com/{CANARY}",
            "is plain http, which is for this machine only; put https://host/path",
        ),
        ("webhook", f"ftp://{CANARY}", "is no URL of http or https; put https://host/path where the reference leads"),
        (
            "email",
            CANARY,
            "is no e-mail address; put the name of a mailbox, @ and its domain where the reference leads",
        ),
    ],
)
def test_an_address_by_reference_that_is_none_names_the_line_of_the_reference(
    folder: Folder, kind: str, value: str, said: str
) -> None:
    (receiver,) = alerts(folder, f"to: [{{{kind}: '${{env:WHO}}'}}]").load({"WHO": value}).alerts.to
    with pytest.raises(ConfigError, match=f"syncer.yaml:3:{11 + len(kind)}: alerts.to.0..{kind}: {said}") as error:
        receiver.address.resolve()
    assert CANARY not in str(error.value)


def test_an_address_by_reference_is_taken_as_it_is_when_it_is_used(folder: Folder) -> None:
    environ = {"WHO": "https://hooks.example.com/a"}
    (receiver,) = alerts(folder, "to: [{webhook: '${env:WHO}'}]").load(environ).alerts.to
    environ["WHO"] = "https://hooks.example.com/b"
    assert receiver.address.resolve() == "https://hooks.example.com/b"
    assert "hooks.example.com" not in repr(receiver)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://hooks.example.com/x?y=1", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/", True),
        ("http://[::1]:8080/", True),
        ("http://127.0.0.1.example.com/", False),
        ("http://10.0.0.1/", False),
        ("https:///x", False),
        ("https://host:99999/", False),
        ("ftp://host/", False),
        ("hooks.example.com", False),
        ("https://[::1", False),
    ],
)
def test_only_https_or_this_machine_is_posted_to(url: str, *, is_taken: bool) -> None:
    assert (fault_of_address(url) is None) is is_taken
