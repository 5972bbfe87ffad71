"""What the API takes and gives, as dataclasses: their docstrings are its descriptions."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

Text: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Without NUL, and without half a character: not every state store or warehouse can be asked for one."""


class Given:
    """Base of answers."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True}


class Taken:
    """Base of what a caller sends: an unknown key is an error."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True, "extra": "forbid"}


@dataclass(kw_only=True)
class Problem(Given):
    """Why a call was not done."""

    error: str
    """What is wrong."""
    remedy: str
    """What to do about it; empty where the error says it."""


@dataclass(kw_only=True)
class Watermarks(Given):
    """How far everything is settled."""

    before: str | None
    """At the beginning of the run."""
    after: str | None
    """At its end."""


@dataclass(kw_only=True)
class Advice(Given):
    """One thing to look at."""

    code: str
    text: str


@dataclass(kw_only=True)
class Report(Given):
    """What a run did, as `syncer run --output json` prints it."""

    pipeline: str
    target: str
    destination: str
    run_id: str
    """Empty where no run began."""
    status: str
    """done, done_with_rejects, paused, failed, locked, interrupted or running."""
    pause_reason: str | None
    message: str
    """Why it failed or paused, and how to mend it."""
    rows_read: int
    events: int
    """acknowledged and every bucket."""
    acknowledged: int
    buckets: dict[str, int]
    """Events that Meta has not acknowledged, by where they ended."""
    reasons: dict[str, int]
    """Events by reason code."""
    dropped_fields: dict[str, int]
    """Values that could not be normalised, by parameter."""
    filled_defaults: dict[str, int]
    """Gaps that a default filled, by parameter."""
    warnings: dict[str, int]
    """Events that went out although something is odd, by warning code."""
    coverage: dict[str, float]
    """Share of the events with each match key."""
    match_keys: dict[str, Any]
    """For each event_name its events, and of each match key the share before and after normalising."""
    advice: list[Advice]
    requests: int
    possible_duplicates: int
    """How often events were sent that Meta may have had already: of one that was sent three times, two."""
    value: dict[str, float]
    """Sum of `value` of the acknowledged events, by currency."""
    watermark: Watermarks
    elapsed_s: float


@dataclass(kw_only=True)
class Run(Report):
    """A run, and who ran it when."""

    trigger: str
    """schedule, trigger, manual, backfill, reconcile, ..."""
    holder: str
    started_at: str
    finished_at: str | None


@dataclass(kw_only=True)
class Request(Given):
    """One request to Meta."""

    id: int
    parent: int | None
    """The request that it is a part of."""
    state: str
    """acked, split, dead, retry, doubt, held, ..."""
    attempts: int
    events: int
    event_time_min: int
    """Unix seconds, as all event times."""
    event_time_max: int
    armed_at: str | None
    finished_at: str | None
    status: int | None
    """HTTP status of the last answer."""
    code: int | None
    subcode: int | None
    fbtrace_id: str | None
    """What Meta's support asks for."""
    reason: str | None
    consent: str | None
    """The column asked for consent and what the rows said."""


@dataclass(kw_only=True)
class RunDetails(Run):
    """A run with its requests."""

    request_list: list[Request]
    """At most as many as were asked for, of `requests`; those that did not go well first."""
    rejects: dict[str, int]
    """Events that it set aside and that are so still, by reason."""
    quarantined: int


@dataclass(kw_only=True)
class Way(Given):
    """A pipeline's way to one destination."""

    destination: str
    state: str
    """running, paused, or how the last run ended; `never` before the first."""
    pause_reason: str | None
    paused_at: str | None
    holder: str | None
    """Who runs it now."""
    watermark: str | None
    start: str | None
    last_run: Run | None
    last_success_at: str | None
    acknowledged: int
    """Events that Meta took, by the ledger."""
    unfinished: int
    """Events in requests that the next run has to look at."""
    held: int
    rejects: int
    next_run_at: str | None
    missed_times: int
    """Due times without a run of their own, noticed in seven days."""


@dataclass(kw_only=True)
class Pipeline(Given):
    """A pipeline of the files, and how it does."""

    name: str
    description: str
    tags: list[str]
    enabled: bool
    schedule: str | None
    """In words of the file: a cron line or `every ...`."""
    destinations: list[str]
    ways: list[Way]
    """One for each destination that it has state for."""


@dataclass(kw_only=True)
class Wish(Given):
    """A run that was asked for."""

    id: int
    pipeline: str
    destination: str | None
    state: str
    """asked, running or done."""
    run_id: str | None
    """The run that covers it."""
    message: str | None
    """Why no run could begin."""
    exit_code: int | None
    """What `syncer trigger` would end with; null until it is done."""
    report: Report | None
    """Null until it is done, and where no run could begin."""


@dataclass(kw_only=True)
class Reject(Given):
    """An event that is set aside; nothing of its row is kept."""

    run_id: str
    bucket: str
    reason: str
    field: str | None
    code: int | None
    subcode: int | None
    fbtrace_id: str | None
    at: str


@dataclass(kw_only=True)
class Rejects(Given):
    """What is set aside of a pipeline."""

    total: int
    """As many as fit the question, listed or not."""
    by_reason: dict[str, int]
    rejects: list[Reject]
    """Oldest first."""


@dataclass(kw_only=True)
class Held(Given):
    """A request whose outcome is unknown, and that no run sends again."""

    request: int
    run_id: str
    events: int
    since: str | None
    cursor_low: str | None
    cursor_high: str | None
    attempts: int
    status: int | None
    reason: str | None
    fbtrace_id: str | None


@dataclass(kw_only=True)
class AuditEntry(Given):
    """One thing that an operator did."""

    id: int
    at: str
    actor: str
    action: str
    pipeline: str | None
    destination: str | None
    before: str | None
    after: str | None


@dataclass(kw_only=True)
class Alert(Given):
    """An alert that stands."""

    pipeline: str | None
    """Null: it is about the token of the destination."""
    destination: str
    condition: str
    since: str
    text: str


@dataclass(kw_only=True)
class Paused(Given):
    """A pipeline that is paused, or was."""

    pipeline: str
    was: str | None
    """Why it was paused before; null: it was not."""
    accepted: list[str] = field(default_factory=list)
    """What its state is kept for from now on although it was made with something else."""


@dataclass(kw_only=True)
class Outcome(Given):
    """A run that was made at once."""

    exit_code: int
    report: Report


@dataclass(kw_only=True)
class ResetTo(Taken):
    """Where the watermark goes."""

    to: Text
    """A value of the cursor, or `start`."""
    confirm: Literal[True, False] = False
    """false: only what it would do is said."""


@dataclass(kw_only=True)
class ResetDone(Given):
    """What a reset does, or did."""

    pipeline: str
    before: str | None
    after: str | None
    direction: str
    """none, back or forward."""
    cost: str
    """What the next run makes of it."""
    done: bool


@dataclass(kw_only=True)
class HeldWhich(Taken):
    """Which held requests are decided on."""

    requests: list[int] | None = None
    """Their ids; null: all of them."""
    confirm: Literal[True, False] = False
    """false: only what it would do is said."""


@dataclass(kw_only=True)
class HeldDone(Given):
    """What a decision on held requests does, or did."""

    pipeline: str
    requests: list[int]
    events: int
    cost: str
    """What it may cost."""
    done: bool
    exit_code: int | None
    """Of the run that sent them again; null: there was none."""
    report: Report | None


@dataclass(kw_only=True)
class RetryWhich(Taken):
    """Which rejects are judged again."""

    reason: Text | None = None
    """Those with this code; null: all of them."""


@dataclass(kw_only=True)
class TraceKey(Taken):
    """The row that is looked for."""

    key: list[Text]
    """A value for each column of the pipeline's key."""
