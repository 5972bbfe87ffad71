"""An alert as each receiver gets it."""

import json
from datetime import UTC, datetime
from typing import Any

from syncer.alerts.words import LONGEST_SUBJECT, Notice, mail, slack_body, webhook_body

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def notice(**more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": "raised", "target": "prod", "pipeline": "orders", "destination": "meta", "condition": "failed",
        "text": "orders: run 01R failed.", "since": NOW, "at": NOW,
    }  # fmt: skip
    return Notice(**(facts | more)).to_json()


def test_a_webhook_gets_every_fact() -> None:
    assert json.loads(webhook_body([notice()])) == {
        "version": 1,
        "sender": "syncer",
        "alerts": [
            {
                "status": "raised", "target": "prod", "pipeline": "orders", "destination": "meta",
                "condition": "failed", "text": "orders: run 01R failed.",
                "since": "2026-11-22T12:00:00+00:00", "at": "2026-11-22T12:00:00+00:00",
            }
        ],
    }  # fmt: skip


def test_slack_gets_a_line_for_each_and_nothing_in_it_calls_anybody() -> None:
    body = json.loads(slack_body([notice(text="<!channel> <@U1> & *x*"), notice(status="ended")]))
    assert body["text"] == (
        "ALERT [prod] failed: &lt;!channel&gt; &lt;@U1&gt; &amp; *x*\nOVER [prod] failed: orders: run 01R failed."
    )
    assert (body["link_names"], body["mrkdwn"]) == (0, False)


def test_a_mail_has_a_subject_of_one_line_and_a_paragraph_for_each() -> None:
    subject, text = mail([notice(pipeline="or\nders" + "x" * 200), notice(status="ended")])
    assert "\n" not in subject
    assert len(subject) == LONGEST_SUBJECT
    assert subject.startswith("[syncer prod] ALERT or ders")
    assert text.count("\n\n") == 1
    assert mail([notice()])[0] == "[syncer prod] ALERT orders: failed"
    assert mail([notice(), notice()])[0] == "[syncer prod] ALERT orders: failed and 1 more"
