"""One round: what changed is written down with its messages, and what is due is sent."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from syncer.alerts.errors import NotTold
from syncer.alerts.facts import TokenFacts
from syncer.alerts.look import pipeline_facts, token_facts
from syncer.alerts.receivers import Receiver, Teller, receivers, tell
from syncer.alerts.rules import Finding, findings
from syncer.alerts.words import notice_of
from syncer.pipeline import Project
from syncer.session import Session
from syncer.state import alerts
from syncer.state.alerts import Message, Standing

log = logging.getLogger(__name__)

TOKENS_EVERY_S = 6 * 3_600.0
"""Between two questions to Meta what a token is good for."""
IN_TROUBLE_EVERY_S = 900.0
"""The same, while one of them is about to end, or Meta does not say: it may have been renewed."""
LEASE = timedelta(minutes=2)
"""A daemon that died while it told somebody leaves that to another after so long."""
FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 900.0
GIVEN_UP_AFTER = timedelta(hours=24)


def retry_s(attempts: int) -> float:
    """Return the seconds to wait after so many failures: 30 s, doubling to 15 min."""
    return min(FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20), LONGEST_RETRY_S)


@dataclass
class Rounds:
    """The alerts of one daemon. Mutable: it remembers what Meta said about the tokens."""

    teller: Teller = tell
    _tokens: tuple[TokenFacts, ...] = ()
    _tokens_at: float | None = field(default=None)
    _project: Project | None = field(default=None)
    """The one whose tokens they are."""

    def go(self, session: Session) -> None:
        """Look, write changes down, tell; raises `StateError`, then the next round does it."""
        self._ask_tokens(session)
        note(session, findings(pipeline_facts(session), self._tokens, now=session.clock.now()))
        self._tell_all(session)

    def _ask_tokens(self, session: Session) -> None:
        now = session.clock.monotonic()
        is_in_trouble = any(found.holds is not False for found in findings((), self._tokens, now=session.clock.now()))
        every_s = IN_TROUBLE_EVERY_S if is_in_trouble else TOKENS_EVERY_S
        if self._project is not session.project or self._tokens_at is None or now - self._tokens_at >= every_s:
            self._tokens, self._tokens_at, self._project = tuple(token_facts(session)), now, session.project

    def _tell_all(self, session: Session) -> None:
        store, target, found = session.store, session.project.target, receivers(session.project.alerts)
        alerts.forget_receivers(store, target, [receiver.id for receiver in found])
        for receiver in found:
            if messages := alerts.claim(store, target, receiver.id, lease=LEASE):
                self._tell(session, receiver, messages)

    def _tell(self, session: Session, receiver: Receiver, messages: list[Message]) -> None:
        facts = {"receiver": receiver.name, "messages": len(messages)}
        try:
            self.teller(session.project.alerts, receiver, [json.loads(message.body) for message in messages])
        except NotTold as error:
            self._put_off(session, messages, facts | {"error": str(error)})
            return
        alerts.sent(session.store, messages)
        log.info("alert.told", extra=facts)

    @staticmethod
    def _put_off(session: Session, messages: list[Message], facts: dict[str, object]) -> None:
        now = session.clock.now()
        wait_s = retry_s(messages[0].attempts + 1)
        alerts.failed(session.store, messages, next_at=now + timedelta(seconds=wait_s))
        log.error("alert.not_told", extra={**facts, "next_in_s": wait_s})
        if stale := [message for message in messages if now - message.created_at > GIVEN_UP_AFTER]:
            alerts.sent(session.store, stale)
            log.error("alert.given_up", extra={**facts, "messages": len(stale)})


def note(session: Session, found: Iterable[Finding]) -> None:
    """Write down which alerts begin and which end; what nobody asks for any more ends without a word."""
    store, target, now = session.store, session.project.target, session.clock.now()
    to = [receiver.id for receiver in receivers(session.project.alerts)]
    stand = alerts.standing(store, target)
    asked = {}
    for finding in found:
        asked[finding.key] = finding
        before = stand.get(finding.key)
        if finding.holds and before is None:
            raised = Standing(about=finding.about, condition=finding.condition, since=now, text=finding.text)
            body = json.dumps(notice_of(finding, target=target, since=now, at=now).to_json())
            if alerts.raise_alert(store, target, raised, body=body, to=to):
                log.warning("alert.raised", extra=_facts(finding))
        elif finding.holds is False and before is not None:
            body = json.dumps(notice_of(finding, target=target, since=before.since, at=now).to_json())
            if alerts.end_alert(store, target, before, body=body, to=to):
                log.info("alert.ended", extra=_facts(finding))
    for key, before in stand.items():
        if key not in asked:
            alerts.end_alert(store, target, before, body=None, to=())


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "pipeline": finding.pipeline,
        "destination": finding.destination,
        "condition": finding.condition,
        "text": finding.text,
    }
