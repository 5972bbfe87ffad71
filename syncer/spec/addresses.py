"""Addresses at which a Conversions API may be: Meta's, this machine's, and others by permission (security promise S06)."""

import re
from ipaddress import IPv4Address, IPv6Address

GRAPH_HOST = "graph.facebook.com"
BASE_URL = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?((?:/[a-z0-9_~-][a-z0-9._~-]*)*)/?",
    re.ASCII | re.IGNORECASE,
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def fault_of_address(base_url: str, *, allow_host: bool) -> str:
    """Return what is wrong with `base_url`, or an empty text.

    Only the plainest spelling passes, because readers of URLs disagree on every other one.
    """
    found = BASE_URL.fullmatch(base_url)
    if found is None or ("xn--" in base_url.lower() and not allow_host):
        return "this is no plain address: scheme, host, port and path in ASCII, without user, query or fragment"
    scheme, host, port, path = found[1].lower(), found[2].lower(), found[3], found[4]
    is_loopback = _is_loopback(host)
    if is_loopback is None:
        return "the host is neither a name nor an IP address in its plain form"
    if port is not None and int(port) > 65_535:
        return "there is no such port"
    if scheme == "http" and not is_loopback:
        return "http is for this machine only, other hosts need https"
    if host == GRAPH_HOST and (path or port not in (None, "443")):
        return "Meta's host takes neither port nor path here"
    if host != GRAPH_HOST and not is_loopback and not allow_host:
        return "this is not Meta's host; allow_host: true permits it"
    return ""


def _is_loopback(host: str) -> bool | None:
    """Return whether `host` is this machine, or None where it is no host in its plain form."""
    if host.startswith("["):
        return _is_loopback_v6(host[1:-1])
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return None
    if not re.search("[a-z]", labels[-1]) or labels[-1].startswith("0x"):
        return _is_loopback_v4(host)
    return host == "localhost"


def _is_loopback_v4(host: str) -> bool | None:
    """Leading zeros, fewer than four parts and other notations are refused by `IPv4Address`."""
    try:
        return IPv4Address(host).is_loopback
    except ValueError:
        return None


def _is_loopback_v6(host: str) -> bool | None:
    try:
        return IPv6Address(host) == IPv6Address("::1")
    except ValueError:
        return None
