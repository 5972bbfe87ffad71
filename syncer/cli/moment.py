"""A time on the command line."""

from datetime import UTC, datetime, timedelta

import click


class Moment(click.ParamType[datetime]):
    """A day, a time with or without zone (UTC unless written), or a duration before now: `-7d`, `-36h`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            return _before_now(text[1:]) if text.startswith("-") else _written(text)
        except (ValueError, OverflowError):
            what = f"{text!r} is no time; write 2026-11-20, 2026-11-20T10:00:00+01:00 or -7d"
            self.fail(what, param, ctx)


def _written(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _before_now(text: str) -> datetime:
    from syncer.duration import Duration

    return datetime.now(UTC) - timedelta(seconds=int(Duration.parse(text)))
