"""Who is told: each receiver by a name that holds no secret, and how it is told."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from syncer.alerts import words
from syncer.alerts.errors import NotTold
from syncer.alerts.post import post
from syncer.alerts.post_mail import post_mail
from syncer.errors import ConfigError
from syncer.pipeline import Alerts, AlertTarget, Project


@dataclass(frozen=True, slots=True)
class Receiver:
    """One entry of `alerts.to`."""

    target: AlertTarget
    number: int
    """Its place in the list, from 1."""

    @property
    def name(self) -> str:
        """Return what it is called in logs and by `syncer alerts test`, such as `slack (1)`."""
        return f"{self.target.kind} ({self.number})"

    @property
    def id(self) -> str:
        """Return what messages for it are kept under: the same as long as it is written the same way."""
        written = f"{self.target.kind} {self.target.address.text}"
        return f"{self.target.kind}-{hashlib.sha256(written.encode()).hexdigest()[:16]}"


class Teller(Protocol):
    """Tells a receiver."""

    def __call__(self, alerts: Alerts, receiver: Receiver, notices: Sequence[dict[str, Any]], /) -> None:
        """Tell it; raises `NotTold`."""
        ...


def receivers(alerts: Alerts) -> list[Receiver]:
    """Return who is told."""
    return [Receiver(target, number) for number, target in enumerate(alerts.to, start=1)]


def tell(alerts: Alerts, receiver: Receiver, notices: Sequence[dict[str, Any]]) -> None:
    """Tell `receiver` of `notices`, oldest first, in one message; raises `NotTold`."""
    try:
        address = receiver.target.address.resolve()
    except ConfigError as error:
        raise NotTold(str(error)) from None
    match receiver.target.kind:
        case "slack":
            post(address, words.slack_body(notices))
        case "webhook":
            post(address, words.webhook_body(notices))
        case "email":
            subject, text = words.mail(notices)
            post_mail(alerts.smtp, address, subject=subject, text=text)


def try_out(project: Project, receiver: Receiver, *, teller: Teller = tell) -> str | None:
    """Send a test message to `receiver`; return why it was not told, None where it was."""
    now = datetime.now(UTC)
    notice = words.Notice(
        status=words.TEST,
        target=project.target,
        pipeline=None,
        destination=None,
        condition="test",
        text="This is a test: alerts of this project come here.",
        since=now,
        at=now,
    )
    try:
        teller(project.alerts, receiver, [notice.to_json()])
    except NotTold as error:
        return str(error)
    return None
