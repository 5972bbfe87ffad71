"""An alert as each kind of receiver gets it: JSON for programs, lines for people; no secret, nobody's data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncer.alerts.rules import Finding

RAISED, ENDED, TEST = "raised", "ended", "test"
SIGNS = {RAISED: "ALERT", ENDED: "OVER", TEST: "TEST"}
LONGEST_SUBJECT = 120
ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""Slack reads these three; everything else in the text is shown as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One change, as it is told."""

    status: str
    """raised, ended or test."""
    target: str
    pipeline: str | None
    destination: str | None
    condition: str
    text: str
    since: datetime
    """When the alert was raised."""
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "status": self.status,
            "target": self.target,
            "pipeline": self.pipeline,
            "destination": self.destination,
            "condition": self.condition,
            "text": self.text,
            "since": self.since.isoformat(timespec="seconds"),
            "at": self.at.isoformat(timespec="seconds"),
        }


def notice_of(finding: Finding, *, target: str, since: datetime, at: datetime) -> Notice:
    """Return what is told of a finding, whose `holds` is known."""
    return Notice(
        status=RAISED if finding.holds else ENDED,
        target=target,
        pipeline=finding.pipeline,
        destination=finding.destination,
        condition=finding.condition,
        text=finding.text,
        since=since,
        at=at,
    )


def webhook_body(notices: Sequence[dict[str, Any]]) -> bytes:
    """Return the JSON that a webhook gets: `{"version": 1, "alerts": [...]}`, oldest first."""
    return json.dumps({"version": 1, "sender": "syncer", "alerts": list(notices)}).encode()


def slack_body(notices: Sequence[dict[str, Any]]) -> bytes:
    """Return what Slack's incoming webhooks take; no name in it calls a person or a channel."""
    text = "\n".join(_line(notice) for notice in notices)
    safe = "".join(ESCAPED.get(letter, letter) for letter in text)
    return json.dumps({"text": safe, "link_names": 0, "unfurl_links": False, "mrkdwn": False}).encode()


def mail(notices: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Return subject, one line, and text of a mail."""
    first = notices[0]
    what = f"{first['pipeline'] or first['destination'] or first['target']}: {first['condition']}"
    subject = f"[syncer {first['target']}] {SIGNS[first['status']]} {what}"
    if len(notices) > 1:
        subject = f"{subject} and {len(notices) - 1} more"
    lines = [f"{_line(notice)}\n  since {notice['since']}, told at {notice['at']}" for notice in notices]
    return " ".join(subject.split())[:LONGEST_SUBJECT], "\n\n".join(lines) + "\n"


def _line(notice: dict[str, Any]) -> str:
    return f"{SIGNS[notice['status']]} [{notice['target']}] {notice['condition']}: {notice['text']}"
