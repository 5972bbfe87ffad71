"""A whole run with Meta's SDK for the events: psycopg, facebook_business, json, requests."""

from typing import Any

from benchmarks import bodies_facebook, plain_post


def event(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the SDK's event of one row; None where it raises, as it does on one malformed value."""
    plain = {**row, "ordered_at": row["event_time"], "birthday": row["born"]}
    try:
        return bodies_facebook.event(plain)
    except (ValueError, TypeError):
        return None


if __name__ == "__main__":
    plain_post.main(event)
