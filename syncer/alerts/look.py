"""Reads the facts: the state of each pipeline, and what Meta says about the tokens."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from syncer.alerts.facts import EndedRun, PipelineFacts, TokenFacts, Volume
from syncer.engine.endings import BY_HAND as PAUSED_BY_HAND
from syncer.engine.pauses import PAUSES
from syncer.engine.readings import longest_window_s
from syncer.errors import ConfigError
from syncer.logs import redact
from syncer.pipeline import AlertRules, Pipeline, Project
from syncer.report import ELSEWHERE, RunReport, RunStatus
from syncer.session import Session
from syncer.spec.answers import MEANINGS
from syncer.state import crashes, watched
from syncer.state.history import BY_HAND, StoredPipeline, StoredRun, latest_runs, stored_pipelines
from syncer.state.scope import Scope
from syncer.state.store import Store

WELL = (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
ENDED = (*WELL, RunStatus.PAUSED, RunStatus.FAILED, RunStatus.INTERRUPTED)
MOST_REASONS = 3
LONGEST_MESSAGE = 300
WEEKS = 4
UNDER_WAY = timedelta(minutes=15)
"""A request that was tried since then is not what waits: its run sees to it."""
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SLACK = timedelta(minutes=30)
"""How much later than usual a run may begin and still count with those of the same time of other days."""


def rules_of(project: Project, pipeline: Pipeline) -> AlertRules:
    """Return when somebody is told about `pipeline`: as it says, or as the project does."""
    return pipeline.alerts or project.alerts.when


def pipeline_facts(session: Session) -> Iterator[PipelineFacts]:
    """Yield the facts of each enabled pipeline that ran or was paused; raises `StateError`."""
    store, project = session.store, session.project
    found = {(each.scope.pipeline, each.scope.destination): each for each in stored_pipelines(store, project.target)}
    ended = latest_runs(store, project.target, ENDED, but=BY_HAND)
    went_well = latest_runs(store, project.target, WELL, but=BY_HAND)
    since = watched.known_since(store, project.target)
    crashed = _crashed(session, ended)
    for pipeline in project.pipelines.values():
        for destination in dict.fromkeys(pipeline.destinations):
            stored = found.get((pipeline.name, destination))
            if stored is None or not pipeline.enabled:
                continue
            rules = rules_of(project, pipeline)
            facts = _facts(stored, rules, ended.get(stored.id))
            facts = replace(facts, is_one_of_several=len(set(pipeline.destinations)) > 1)
            facts = replace(facts, crashes=crashed.get(stored.scope, 0))
            if rules.nothing_delivered_for is not None:
                at = watched.last_acknowledged_at(store, stored.id) or since.get(stored.id)
                facts = replace(facts, delivered_at=at)
            if rules.expiring_within is not None:
                facts = _with_deadlines(facts, session, pipeline, stored, went_well.get(stored.id))
            if rules.volume_below is not None and (last := went_well.get(stored.id)) is not None:
                facts = replace(facts, volume=volume_of(store, stored.id, last.started_at, since[stored.id]))
            yield facts


def _crashed(session: Session, ended: Mapping[int, StoredRun]) -> Mapping[Scope, int]:
    """Return how many runs in a row died of each pipeline whose newest one may have: to look through all takes a while."""
    may_have = [of for of, run in ended.items() if run.report.status is RunStatus.INTERRUPTED]
    if not may_have:
        return {}
    since = session.clock.now() - WEEK
    return crashes.recent(session.store, session.project.target, since=since, pipelines_of=may_have)


def _facts(stored: StoredPipeline, rules: AlertRules, last: StoredRun | None) -> PipelineFacts:
    reason = stored.pause_reason
    return PipelineFacts(
        pipeline=stored.scope.pipeline,
        destination=stored.scope.destination,
        rules=rules,
        pause_reason=reason,
        is_paused_by_hand=reason == PAUSED_BY_HAND,
        pause_text="" if reason is None else _pause_text(reason),
        last=None if last is None else _ended(last.report),
    )


def _ended(report: RunReport) -> EndedRun:
    tally = report.tally
    rejected = tally.rejected
    reasons = [(reason, number) for reason, number in tally.reasons.most_common() if reason != ELSEWHERE]
    return EndedRun(
        run_id=report.run_id,
        status=report.status,
        message=_short(redact(report.message)),
        events=report.own_events,
        rejected=rejected,
        reasons=tuple(reasons[:MOST_REASONS]) if rejected else (),
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}..."


def _pause_text(reason: str) -> str:
    if pause := PAUSES.get(reason):
        return f"{pause.what} {pause.remedy}"
    meaning = MEANINGS.get(reason)
    return meaning.explanation if meaning else f"`syncer explain {reason}` says more."


def _with_deadlines(
    facts: PipelineFacts, session: Session, pipeline: Pipeline, stored: StoredPipeline, went_well: StoredRun | None
) -> PipelineFacts:
    """Add when what was read and what may be unread leaves Meta's window."""
    now, window = session.clock.now(), timedelta(seconds=longest_window_s(pipeline))
    within = timedelta(seconds=facts.rules.expiring_within or 0)
    out = now - window
    waiting, oldest = watched.waiting_events(
        session.store,
        stored.id,
        armed_before=now - UNDER_WAY,
        held_after=int(out.timestamp()),
        until=int((out + within).timestamp()),
    )
    until = None if oldest is None else datetime.fromtimestamp(oldest, now.tzinfo) + window
    facts = replace(facts, waiting=waiting, waiting_until=until)
    is_expected = pipeline.schedule is not None and session.project.runs_schedules
    if went_well is None or not (is_expected or stored.pause_reason):
        return facts
    return replace(facts, unread_since=went_well.started_at, unread_until=went_well.started_at + window)


def volume_of(store: Store, pipeline_id: int, at: datetime, since: datetime) -> Volume:
    """Compare the 24 hours up to the run that began at `at` with the same hours of the weeks before.

    Weeks whose hours began before `since` do not count. A run that begins a little later than usual does.
    """
    ends = [at + SLACK - WEEK * weeks for weeks in range(WEEKS + 1)]
    spans = [(end - DAY, end) for end in ends if end - DAY >= since or end == ends[0]]
    delivered, *before = watched.delivered_in(store, pipeline_id, spans)
    usual = sum(before) / len(before) if before else 0.0
    return Volume(delivered=delivered, usual=usual, weeks=len(before))


def token_facts(session: Session) -> Iterator[TokenFacts]:
    """Yield what Meta says about each token that somebody wants to be warned of; no event is sent."""
    project = session.project
    for name, warn_s in _warned(project).items():
        yield _token(session, name, warn_s)


def _warned(project: Project) -> dict[str, int]:
    """Return how early to warn of each destination's token: as early as one of its pipelines wants."""
    warned: dict[str, int] = {}
    for pipeline in project.pipelines.values():
        within = rules_of(project, pipeline).token_expires_within
        if within is None or not pipeline.enabled:
            continue
        for name in _at_meta(project, pipeline.destinations):
            warned[name] = max(within, warned.get(name, 0))
    return warned


def _at_meta(project: Project, names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name in project.destinations and project.destinations[name].type == "meta")


def _token(session: Session, name: str, warn_s: int) -> TokenFacts:
    from syncer.capi.client import Client
    from syncer.capi.token_state import TokenVerdict

    facts = TokenFacts(destination=name, warn_s=warn_s, is_known=False)
    try:
        with Client(session.endpoint(session.project.destinations[name]), clock=session.clock) as client:
            state = client.inspect_token()
    except ConfigError:  # a reference is empty: the runs say so
        return facts
    if state.verdict in (TokenVerdict.EXPIRED, TokenVerdict.INVALID):
        return replace(facts, is_known=True, is_dead=True)
    is_known = state.verdict is not TokenVerdict.UNREACHABLE and state.is_live
    return replace(facts, is_known=is_known, expires_at=state.expires_at)
