"""When somebody is told, who, by which mail server, and at which addresses: frozen values, made by `syncer.config`."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from syncer.duration import Duration
from syncer.mapping import Strict
from syncer.secret import Reference, Secret
from syncer.share import Share

Security: TypeAlias = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules(Strict):
    """When somebody is told."""

    failed: bool = True
    """A run failed, or two in a row died with their process."""
    paused: bool = True
    """A pipeline paused itself."""
    rejected_above: Share | None = None
    """More than this share of a run's events was rejected."""
    nothing_delivered_for: Duration | None = None
    """No event was acknowledged for this long."""
    expiring_within: Duration | None = None
    """Unsent events leave Meta's window within this time."""
    volume_below: Share | None = None
    """Less than this share of what is usual was delivered in 24 hours."""
    token_expires_within: Duration | None = None
    """The access token expires within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """Who is told."""

    kind: Literal["slack", "webhook", "email"]
    address: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """The server that takes mails."""

    host: str = "localhost"
    port: int = 25
    security: Security = "none"
    user: str | None = None
    password: Secret | None = None
    sender: str | None = None
    """From whom mails come; None: syncer at this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Who is told, and when."""

    to: tuple[AlertTarget, ...] = ()
    when: AlertRules = AlertRules()
    smtp: Smtp = Smtp()


def fault_of_address(url: str) -> str | None:
    """Return why nothing is posted to `url`, which is not quoted; None: it may be."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "is no URL of http or https"
    if parts.scheme == "http" and not is_this_machine(host):
        return "is plain http, which is for this machine only"
    return None


def is_this_machine(host: str) -> bool:
    """Return whether `host` is a name or an address of loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
