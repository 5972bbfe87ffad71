"""Which conditions hold: pure, from facts; what is not known is no news, and changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncer.alerts.facts import EndedRun, PipelineFacts, TokenFacts
from syncer.report import RunStatus

LEAST_USUAL = 20
"""Of fewer events in 24 hours, half as many are chance."""
CRASHES = 2
"""So many in a row are told; one may be a machine that was switched off, and the next run goes on from there."""
WELL = (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
Said = tuple[bool | None, str]
"""Whether a condition holds, None: no news; and the sentence for it."""
NO_NEWS: Said = (None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether one condition holds of one pipeline or destination."""

    about: str
    pipeline: str | None
    destination: str
    condition: str
    holds: bool | None
    """None: no news, whatever was stays."""
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what an alert about it is known by."""
        return self.about, self.condition


def findings(pipelines: Iterable[PipelineFacts], tokens: Iterable[TokenFacts], *, now: datetime) -> Iterator[Finding]:
    """Yield each condition that somebody wants to hear of."""
    for facts in pipelines:
        for condition, look in CONDITIONS.items():
            if getattr(facts.rules, condition) not in (None, False):
                holds, text = look(facts, now)
                yield Finding(
                    about=facts.about,
                    pipeline=facts.pipeline,
                    destination=facts.destination,
                    condition=condition,
                    holds=holds,
                    text=text,
                )
    for token in tokens:
        holds, text = _token(token, now)
        yield Finding(
            about=token.about,
            pipeline=None,
            destination=token.destination,
            condition=TOKEN,
            holds=holds,
            text=text,
        )


def _failed(facts: PipelineFacts, now: datetime) -> Said:
    del now
    last = facts.last
    if last is not None and last.status is RunStatus.INTERRUPTED and facts.crashes >= CRASHES:
        return True, (
            f"{facts.label}: its last {facts.crashes} runs died with their process, as where memory runs out. "
            f"`syncer runs {facts.argument}` lists them."
        )
    if last is None or last.status not in (*WELL, RunStatus.FAILED):
        return NO_NEWS
    if last.status in WELL:
        return False, f"{facts.label}: a run went well again."
    why = f": {last.message}" if last.message else "."
    return True, f"{facts.label}: run {last.run_id} failed{why}"


def _paused(facts: PipelineFacts, now: datetime) -> Said:
    del now
    if facts.pause_reason is None or facts.is_paused_by_hand:
        by_whom = "is paused by hand now" if facts.is_paused_by_hand else "is not paused any more"
        return False, f"{facts.label}: it {by_whom}."
    what_to_do = facts.pause_text.replace(" NAME`", f" {facts.argument}`")
    return True, f"{facts.label}: it paused itself ({facts.pause_reason}). {what_to_do}".rstrip()


def _rejected(facts: PipelineFacts, now: datetime) -> Said:
    del now
    last, most = facts.last, facts.rules.rejected_above
    if last is None or not last.events or most is None or last.status is RunStatus.FAILED:
        return NO_NEWS
    share = f"{last.rejected:,} of {last.events:,} events ({last.rejected / last.events:.1%})"
    if last.rejected <= most.ratio * last.events:
        return False, f"{facts.label}: {share} of run {last.run_id} were rejected, which is within {most}."
    return True, (
        f"{facts.label}: {share} of run {last.run_id} were rejected, more than {most}{_reasons(last)}. "
        f"`syncer rejects list {facts.argument}` names them."
    )


def _reasons(last: EndedRun) -> str:
    return ": " + ", ".join(f"{reason} {number:,}" for reason, number in last.reasons) if last.reasons else ""


def _nothing_delivered(facts: PipelineFacts, now: datetime) -> Said:
    longest, since = facts.rules.nothing_delivered_for, facts.delivered_at
    if longest is None or since is None:
        return NO_NEWS
    if now - since <= timedelta(seconds=longest):
        return False, f"{facts.label}: Meta acknowledges events again, the last at {_at(since)}."
    if facts.is_paused_by_hand:
        return NO_NEWS
    return True, f"{facts.label}: Meta has acknowledged no event since {_at(since)}, longer than {longest}."


def _expiring(facts: PipelineFacts, now: datetime) -> Said:
    if facts.rules.expiring_within is None:
        return NO_NEWS
    soon = now + timedelta(seconds=facts.rules.expiring_within)
    if facts.waiting and facts.waiting_until is not None and facts.waiting_until <= soon:
        return True, (
            f"{facts.label}: {facts.waiting:,} events have been read and not sent; the first leaves Meta's window at "
            f"{_at(facts.waiting_until)}. `syncer status {facts.argument}` says what keeps them."
        )
    if facts.unread_since is not None and facts.unread_until is not None and facts.unread_until <= soon:
        return True, (
            f"{facts.label}: no run that began after {_at(facts.unread_since)} went well; rows since then leave "
            f"Meta's window from {_at(facts.unread_until)} on."
        )
    if facts.last is not None and facts.last.status not in WELL:
        return NO_NEWS  # it tried again what waits, so that this is not seen for a while
    return False, f"{facts.label}: no unsent event is about to leave Meta's window any more."


def _volume(facts: PipelineFacts, now: datetime) -> Said:
    del now
    least, volume = facts.rules.volume_below, facts.volume
    if least is None or volume is None or not volume.weeks or volume.usual < LEAST_USUAL:
        return NO_NEWS
    weeks = "the week before" if volume.weeks == 1 else f"the {volume.weeks} weeks before"
    said = f"{volume.delivered:,} events in 24 hours; the mean of the same 24 hours of {weeks} is {volume.usual:,.0f}"
    if volume.delivered >= least.ratio * volume.usual:
        return False, f"{facts.label}: Meta acknowledged {said}."
    return True, f"{facts.label}: Meta acknowledged {said}, and this is less than {least} of it."


CONDITIONS: Mapping[str, Callable[[PipelineFacts, datetime], Said]] = {
    "failed": _failed,
    "paused": _paused,
    "rejected_above": _rejected,
    "nothing_delivered_for": _nothing_delivered,
    "expiring_within": _expiring,
    "volume_below": _volume,
}
"""Those of a pipeline, by the names of their rules."""
TOKEN = "token_expires_within"  # noqa: S105  # the name of a rule


def _token(facts: TokenFacts, now: datetime) -> Said:
    remedy = "Make a new one in Events Manager, in the settings of the dataset."
    if not facts.is_known:
        return NO_NEWS
    if facts.is_dead:
        return True, f"destination {facts.destination}: the access token is not valid any more. {remedy}"
    if facts.expires_at is None or facts.expires_at - now > timedelta(seconds=facts.warn_s):
        end = "has no end" if facts.expires_at is None else f"is valid until {_at(facts.expires_at)}"
        return False, f"destination {facts.destination}: the access token {end}."
    return True, f"destination {facts.destination}: the access token expires at {_at(facts.expires_at)}. {remedy}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
