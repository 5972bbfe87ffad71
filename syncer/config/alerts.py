"""`alerts:` of a project: who is told, when, and by which mail server."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from syncer.alert_rules import fault_of_address, is_this_machine
from syncer.config.document import Node
from syncer.config.problems import problem_at
from syncer.config.sections import Reader, shape
from syncer.errors import ConfigError
from syncer.pipeline import AlertRules, Alerts, AlertTarget, Security, Smtp, Strict, Within
from syncer.secret import Reference

KEYS = ("to", "when", "smtp")
KINDS = ("slack", "webhook", "email")
HAS_ADDRESS = re.compile(r"[^\s<>@]@[\w\[]")
URL, MAILBOX = "https://host/path", "the name of a mailbox, @ and its domain"  # an example of one would be struck out
PORTS = {"tls": 465, "starttls": 587, "none": 25}
Address = TypeVar("Address", bound=Reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSection(Strict):
    """The server that takes mails; left out: the one of this machine."""

    host: str = "localhost"
    """Name of the server."""
    port: Annotated[int, Within(1, 65_535)] | None = None
    """Its port; left out: 587 for starttls, 465 for tls, 25 for none."""
    security: Security | None = None
    """starttls, tls, or none, which is for this machine only; left out: starttls, and none for this machine."""
    user: str | None = None
    """Who logs in."""
    password: str | None = None
    """The password of the user, by reference."""
    sender: str | None = None
    """From whom mails come, such as syncer@example.com; left out: syncer at the name of this machine."""


def read_alerts(node: Node | None, reader: Reader) -> Alerts:
    """Return `alerts:`; parts that are wrong are left out and become problems."""
    if node is None or not node.is_map:
        return Alerts()
    reader.problems.unknown(node, KEYS)
    rules = reader.section(AlertRules, node.get("when")) or AlertRules()
    to = node.get("to")
    if to is not None and not to.is_list:
        reader.problems.at(to, f"{shape(to)} is not a list", "write [{slack: ${env:SLACK_URL}}]")
    targets = tuple(_targets(to.items if to else [], reader))
    return Alerts(to=targets, when=rules, smtp=_smtp(node.get("smtp"), reader))


def _targets(nodes: list[Node], reader: Reader) -> Iterator[AlertTarget]:
    problems = reader.problems
    for node in nodes:
        problems.unknown(node, KINDS)
        if len(node.entries) != 1:
            problems.at(node, "names not exactly one way", f"write {{kind: address}}, kind one of {', '.join(KINDS)}")
            continue
        kind, child = next(iter(node.entries.items()))
        if not isinstance(child.value, str) or not child.value.strip():
            problems.at(child, "is no address", "write an address, or a reference to one")
        elif kind in KINDS:
            yield from _target(kind, child, reader)


def _target(kind: str, node: Node, reader: Reader) -> Iterator[AlertTarget]:
    secrets = reader.secrets
    match kind:
        case "slack":
            # The address of an incoming webhook is all that it takes to post to it.
            if (url := secrets.secret(node, variable="SLACK_URL")) is not None:
                yield AlertTarget(kind="slack", address=_checked(url, node, fault_of_address, URL))
        case "webhook":
            if (url := secrets.url(node)) is not None and _is_safe(node, reader):
                yield AlertTarget(kind="webhook", address=_checked(url, node, fault_of_address, URL))
        case "email":
            if "${" not in str(node.value) and (fault := _fault_of_mailbox(str(node.value))):
                reader.problems.at(node, f"{shape(node)} {fault}", f"write {MAILBOX}")
            found = secrets.reference(node)
            yield AlertTarget(kind="email", address=_checked(found, node, _fault_of_mailbox, MAILBOX))


def _is_safe(node: Node, reader: Reader) -> bool:
    """Look at an address that is written out; one by reference is looked at when it is used."""
    if "${" in str(node.value) or (fault := fault_of_address(str(node.value))) is None:
        return True
    reader.problems.at(node, fault, f"write {URL}")
    return False


def _checked(address: Address, node: Node, fault_of: Callable[[str], str | None], wanted: str) -> Address:
    """Return the address; where it leads to none, using it says in which line it is written."""

    def resolved() -> str:
        text = address.resolve()
        if (fault := fault_of(text)) is not None:
            raise ConfigError([problem_at(node.place, node.path, fault, f"put {wanted} where the reference leads")])
        return text

    return type(address)(address.text, resolved) if "${" in str(node.value) else address


def _fault_of_mailbox(text: str) -> str | None:
    return None if HAS_ADDRESS.search(text) else "is no e-mail address"


def _smtp(node: Node | None, reader: Reader) -> Smtp:
    if node is None or node.value is None:
        return Smtp()
    password = node.get("password")
    is_text = password is not None and isinstance(password.value, str)
    found = reader.section(SmtpSection, node.without("password") if is_text else node)
    secret = reader.secrets.secret(password, variable="SMTP_PASSWORD") if password is not None and is_text else None
    if found is None:
        return Smtp()
    if "://" in found.host or "@" in found.host:  # which may hold a password
        reader.problems.at(node.at(("host",)), "is no name of a host", "write it alone, such as mail.example.com")
        return Smtp()
    security = found.security or ("none" if is_this_machine(found.host) else "starttls")
    if security == "none" and not is_this_machine(found.host):
        what, remedy = "none would send mails and the password in the clear", "write starttls or tls"
        reader.problems.at(node.at(("security",)), what, remedy)
    if secret is not None and found.user is None:
        reader.problems.missing(node, "user", "add `user:`, who logs in with the password")
    return Smtp(
        host=found.host,
        port=found.port or PORTS[security],
        security=security,
        user=found.user,
        password=secret,
        sender=found.sender,
    )
