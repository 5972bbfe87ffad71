"""One round: what changed is written down with its messages, and what is due is sent."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncer.alerts.errors import NotTold
from syncer.alerts.facts import TokenFacts
from syncer.alerts.look import pipeline_facts, token_facts
from syncer.alerts.receivers import Receiver, Teller, receivers, tell
from syncer.alerts.rules import TOKEN, Finding, findings
from syncer.alerts.words import notice_of
from syncer.pipeline import Project
from syncer.session import Session
from syncer.state import alerts
from syncer.state.alerts import Key, Message, Standing

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
    _held: tuple[bool | None, ...] = ()
    """What of them held when Meta said it."""
    _is_news: bool = False
    """Whether what Meta said is still to be written down."""
    _forgot: tuple[Project, float] | None = None
    """By which files, and when, alerts were ended that nobody asks for."""

    def go(self, session: Session) -> None:
        """Look, write changes down, tell; raises `StateError`, then the next round does it.

        What Meta said is news once. Another daemon may have heard something newer since, and what its files ask for
        this one's may not know: each would take back, round after round, what the other tells.
        """
        stand = alerts.standing(session.store, session.project.target)  # before the facts: these are not older then
        self._ask_tokens(session, stand)
        found = [*findings(pipeline_facts(session), (), now=session.clock.now()), *self._of_tokens(session)]
        note(session, found, stand)
        self._is_news = False
        self._forget(session, found, stand)
        self._tell_all(session)

    def _ask_tokens(self, session: Session, stand: Mapping[Key, Standing]) -> None:
        now, held = session.clock.monotonic(), self._holding(session)
        is_in_trouble = any(each is not False for each in held) or any(condition == TOKEN for _, condition in stand)
        every_s = IN_TROUBLE_EVERY_S if is_in_trouble else TOKENS_EVERY_S
        is_over = self._tokens_at is None or now - self._tokens_at >= every_s
        if self._project is not session.project or is_over or held != self._held:  # the end of one has come near
            self._tokens, self._tokens_at, self._project = tuple(token_facts(session)), now, session.project
            self._held, self._is_news = self._holding(session), True

    def _forget(self, session: Session, found: Sequence[Finding], stand: Mapping[Key, Standing]) -> None:
        """End what nobody asks for, behind an edit and else seldom: another daemon's files may ask for it."""
        now, before = session.clock.monotonic(), self._forgot
        if before is None or before[0] is not session.project or now - before[1] >= TOKENS_EVERY_S:
            forget(session, found, stand)
            self._forgot = session.project, now

    def _holding(self, session: Session) -> tuple[bool | None, ...]:
        return tuple(found.holds for found in findings((), self._tokens, now=session.clock.now()))

    def _of_tokens(self, session: Session) -> Sequence[Finding]:
        found = list(findings((), self._tokens, now=session.clock.now()))
        return found if self._is_news else [replace(each, holds=None) for each in found]

    def _tell_all(self, session: Session) -> None:
        store, target, found = session.store, session.project.target, receivers(session.project.alerts)
        given_up = session.clock.now() - GIVEN_UP_AFTER  # until then another daemon's files may name the receiver
        alerts.forget_receivers(store, target, [receiver.id for receiver in found], before=given_up)
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


def note(session: Session, found: Iterable[Finding], stand: Mapping[Key, Standing]) -> None:
    """Write down which alerts begin and which of those in `stand` end."""
    store, target, now = session.store, session.project.target, session.clock.now()
    to = [receiver.id for receiver in receivers(session.project.alerts)]
    for finding in found:
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


def forget(session: Session, found: Iterable[Finding], stand: Mapping[Key, Standing]) -> None:
    """End without a word what of `stand` nobody asks for any more."""
    asked = {finding.key for finding in found}
    for key, before in stand.items():
        if key not in asked:
            alerts.end_alert(session.store, session.project.target, before, body=None, to=())


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "pipeline": finding.pipeline,
        "destination": finding.destination,
        "condition": finding.condition,
        "text": finding.text,
    }
