"""A time on the command line."""

from datetime import UTC, datetime, timedelta

import click

BY_CLOCK = "by_clock"
"""In the `meta` of a command's context: whether a time that was typed counts from now, by this machine's clock."""


class Moment(click.ParamType[datetime]):
    """A day, a time with or without zone (UTC unless written), or a duration before now: `-7d`, `-36h`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        is_by_clock = text.startswith("-")
        if ctx is not None and is_by_clock:
            ctx.meta[BY_CLOCK] = True
        try:
            return _before_now(text[1:]) if is_by_clock else _written(text)
        except (ValueError, OverflowError):
            what = f"{text!r} is no time; write 2026-11-20, 2026-11-20T10:00:00+01:00 or -7d"
            self.fail(what, param, ctx)


def _written(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _before_now(text: str) -> datetime:
    from syncer.duration import Duration

    return datetime.now(UTC) - timedelta(seconds=int(Duration.parse(text)))
