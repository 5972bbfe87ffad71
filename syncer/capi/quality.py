"""What Meta's Dataset Quality API says about the events of a dataset: pure, believes nothing else.

Source: Conversions API documentation, "Dataset Quality API" (read 2026-11): one node `dataset_quality` for all datasets,
named by its parameter `dataset_id`; web events only. Every member may be missing, and is then None or empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

from syncer.capi.answer import Answer
from syncer.capi.classify import classify
from syncer.capi.untrusted import read_object, whole
from syncer.spec.outcomes import TransportFailure

FIELDS = (
    "web{event_name,event_match_quality{composite_score,match_key_feedback{identifier,coverage{percentage}},"
    "diagnostics{name,description,solution,percentage,affected_event_count,total_event_count}},"
    "event_coverage{percentage,goal_percentage},data_freshness{upload_frequency}}"
)
"""What is asked for; `dedup_key_feedback` is left out, since Meta's own pages write its name in two ways."""
MOST_EVENTS = 200
LONGEST_TEXT = 500
SCOPE = "read_ads_dataset_quality"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A fault that Meta sees in the match keys of an event, in Meta's own words."""

    name: str
    description: str
    solution: str
    percent: float | None
    """Share of the events that have it."""
    affected: int | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuality:
    """What Meta says about the events of one name that came by server."""

    event_name: str
    score: float | None
    """Event match quality, 0 to 10."""
    match_keys: dict[str, float] = field(default_factory=dict)
    """Meta's name of a key, such as `email` or `ip_address`, to the percentage of events that had it."""
    coverage_percent: float | None = None
    """Server events for each hundred of the pixel's."""
    coverage_goal_percent: float | None = None
    upload_frequency: str | None = None
    """How fresh events are, such as `real_time` or `hourly`."""
    diagnostics: tuple[Diagnosis, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """The events of a dataset, or our sentence why they are not known; never the token."""

    events: tuple[EventQuality, ...] = ()
    problem: str | None = None


def quality_of(answer: Answer | TransportFailure) -> Quality:
    """Return what the answer to a read of `dataset_quality` says."""
    if isinstance(answer, TransportFailure):
        return Quality(problem=classify(answer, 0).explanation)
    document = read_object(answer.body)
    if not 200 <= answer.status < 300 or document is None or "error" in document:
        return Quality(problem=_refusal(answer))
    found = document.get("web", [])
    if not isinstance(found, list):
        return Quality(problem="Meta's answer has no list of web events; look at Events Manager")
    return Quality(tuple(_events(found)))


def _refusal(answer: Answer) -> str:
    outcome = classify(answer, 0)
    said = f"HTTP {answer.status}" + (f", code {outcome.code}" if outcome.code is not None else "")
    if outcome.code in (190, 102):
        return f"the token is not valid ({said}); `syncer check` says more"
    if outcome.code in (3, 10, 100) or 200 <= (outcome.code or 0) < 300:
        return (
            f"the token may not read the quality of this dataset ({said}); make one in Events Manager, in the settings "
            f"of the dataset: it has the permission {SCOPE}"
        )
    return f"Meta did not say how good the events are ({said}); try again later"


def _events(found: list[object]) -> Iterator[EventQuality]:
    for one in found[:MOST_EVENTS]:
        name = one.get("event_name") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(name, str):
            continue
        match, coverage = _object(one, "event_match_quality"), _object(one, "event_coverage")
        yield EventQuality(
            event_name=name[:LONGEST_TEXT],
            score=_number(match.get("composite_score")),
            match_keys=dict(_match_keys(match.get("match_key_feedback"))),
            coverage_percent=_number(coverage.get("percentage")),
            coverage_goal_percent=_number(coverage.get("goal_percentage")),
            upload_frequency=_text(_object(one, "data_freshness").get("upload_frequency")) or None,
            diagnostics=tuple(_diagnostics(match.get("diagnostics"))),
        )


def _match_keys(found: object) -> Iterator[tuple[str, float]]:
    for one in found if isinstance(found, list) else []:
        key = one.get("identifier") if isinstance(one, dict) else None
        percent = _number(_object(one, "coverage").get("percentage")) if isinstance(one, dict) else None
        if isinstance(key, str) and percent is not None:
            yield key[:LONGEST_TEXT], percent


def _diagnostics(found: object) -> Iterator[Diagnosis]:
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            yield Diagnosis(
                name=_text(one["name"]),
                description=_text(one.get("description")),
                solution=_text(one.get("solution")),
                percent=_number(one.get("percentage")),
                affected=whole(one.get("affected_event_count")),
                total=whole(one.get("total_event_count")),
            )


def _object(parent: dict[str, object], name: str) -> dict[str, object]:
    child = parent.get(name)
    return child if isinstance(child, dict) else {}


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)
