"""What a browser tells about itself: address, user agent, click id, browser id; none of it is ever hashed."""

import re
from ipaddress import ip_address

from syncer.spec import times
from syncer.spec.context import Context
from syncer.spec.text import verbatim

APPENDIX = r"(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?"
"""What Meta's parameter builder may append to a value."""
ID = rf"(?!\S*%(?:25)*40)[^.\s@]+{APPENDIX}"
"""No id of Meta's has an at sign, also as a URL writes it: what has one may be an address of e-mail."""
COOKIE = re.compile(rf"fb\.[0-9]+\.([0-9]+)\.{ID}")
CLICK_ID = re.compile(ID)
PORT = re.compile(r"([0-9]+(?:\.[0-9]+){3}):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
ADDRESS_APPENDIX = re.compile(r"(.+)\.(?:[A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8})")


def client_ip_address(value: object, _context: Context) -> str | None:
    """Return the IPv4 or IPv6 address as written, or None where `value` is none.

    Of a list, as X-Forwarded-For has it, the first one counts; a port goes. The appendix of Meta's parameter builder
    stays. Source: Customer information parameters, `client_ip_address`.
    """
    text = verbatim(value)
    if text is None:
        return None
    text = text.split(",", 1)[0].strip(" ")
    if found := PORT.fullmatch(text):
        text = found[1] or found[2]
    if _is_address(text):
        return text
    appended = ADDRESS_APPENDIX.fullmatch(text)
    return text if appended and _is_address(appended[1]) else None


def client_user_agent(value: object, _context: Context) -> str | None:
    """Return the user agent as it is, without outer white space."""
    return verbatim(value)


def cookie_id(value: object, _context: Context) -> str | None:
    """Return `fbc` or `fbp` as it is, or None where `value` has not the form `fb.<index>.<milliseconds>.<id>`.

    Upper and lower case count. Source: ClickID and the fbp and fbc parameters.
    """
    text = verbatim(value)
    return text if text and COOKIE.fullmatch(text) else None


def fbc_in_seconds(value: object) -> bool:
    """Return whether the creation time inside `fbc` has ten digits, so that it is in seconds by mistake."""
    text = verbatim(value)
    found = COOKIE.fullmatch(text) if text else None
    return found is not None and len(found[1]) == 10


def click_ms(clicked_at: object, context: Context) -> int | None:
    """Return when a click took place, in Unix milliseconds, or None where nobody knows.

    `clicked_at` may be all that `times.unix_ms` reads. 1970 and before is no time of a click: a 0 there stands for none.
    """
    at_ms = times.unix_ms(clicked_at, context)
    return at_ms if at_ms is not None and at_ms > 0 else None


def fbc_from_click(click_id: object, at_ms: int | None, context: Context) -> str | None:
    """Return the `fbc` for a `fbclid` seen at `at_ms`, or None where either is missing.

    Where the click's time is not known, the event's time is the next best. The subdomain index is 1, as for a server that sets no cookie. A value that is a whole `fbc` already is passed on.
    Source: ClickID and the fbp and fbc parameters.
    """
    ready = cookie_id(click_id, context)
    if ready is not None:
        return ready
    text = verbatim(click_id)
    if text is None or at_ms is None or not CLICK_ID.fullmatch(text):
        return None
    return f"fb.1.{at_ms}.{text}"


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False
