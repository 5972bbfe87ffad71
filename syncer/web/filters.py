"""How the page writes times, numbers and words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from syncer.logs import printable, redact
from syncer.status import in_utc


def time(at: datetime | None, *, otherwise: str = "—") -> Markup | str:
    """Return a `<time>` in UTC; a script of the page writes it in the viewer's zone."""
    if at is None:
        return otherwise
    return Markup('<time datetime="{}">{}</time>').format(in_utc(at), f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")


def since(at: datetime | None, now: datetime, otherwise: str = "—") -> Markup | str:
    """Return how long ago a time is, or how far ahead; a script adds when that is in the viewer's zone."""
    if at is None:
        return otherwise
    ago = round((now - at).total_seconds())  # what began while the page was made is none that will
    text = f"{seconds(float(ago))} ago" if ago >= 0 else f"in {seconds(float(-ago))}"
    return Markup('<time datetime="{}" data-relative>{}</time>').format(in_utc(at), text)


def unix(seconds: int | None) -> Markup | str:
    """Return Unix seconds as `time` does."""
    return time(None if seconds is None else datetime.fromtimestamp(seconds, UTC))


def number(value: int | None) -> str:
    """Return a whole number with separators between thousands."""
    return "—" if value is None else f"{value:,}"


def counted(value: int, one: str) -> str:
    """Return a count with the word for what is counted: `1 event`, `1,000 events`."""
    return f"{number(value)} {one if value == 1 else f'{one}s'}"


def seconds(value: float | None) -> str:
    """Return how long something took or is away, in the two largest units."""
    if value is None:
        return "—"
    if value < 10 and value != round(value):
        return f"{value:.1f} s"
    left = round(value)
    for unit, size, smaller, step in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if left >= size:
            rest = left % size // step
            return f"{left // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{left} s"


def share(value: float) -> str:
    """Return a share of one in percent, rounded as the commands do; of all but the whole none is 100%."""
    text = f"{value:.0%}"
    return "99%" if value < 1 and text == "100%" else text


def said(text: str | None) -> str:
    """Return a text of outside on one line, without what looks like a secret or an address of a person."""
    return "—" if text is None else printable(redact(text))


def coded(text: str | None) -> Markup:
    """Return each line as `said`, with what stands between backticks as code."""
    return Markup("<br>").join(map(_coded, "—" if text is None else redact(text).split("\n")))


def _coded(line: str) -> Markup:
    parts = line.split("`")
    if len(parts) % 2 == 0:  # one of them has no other
        return escape(line)
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


FILTERS: dict[str, Callable[..., Any]] = {
    "time": time,
    "since": since,
    "unix": unix,
    "number": number,
    "counted": counted,
    "seconds": seconds,
    "share": share,
    "said": said,
    "coded": coded,
}
