"""What a project and its pipelines are: frozen values, made by `syncer.config`."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from syncer.alert_rules import AlertRules, Alerts, AlertTarget, Security, Smtp
from syncer.duration import Duration
from syncer.mapping import (
    AllOf,
    Column,
    Constant,
    Entry,
    FirstOf,
    Items,
    Json,
    Mapping,
    Modifiers,
    Otherwise,
    Scalar,
    Sql,
    Strict,
    WhenPresent,
    Within,
)
from syncer.secret import Reference, Secret
from syncer.share import Share

__all__ = [
    "AlertRules", "AlertTarget", "Alerts", "AllOf", "Column", "Consent", "Constant", "Cursor", "Daemon", "Delivery",
    "Destination", "Entry", "EventRule", "FirstOf", "Hashing", "Items", "Json", "LimitedDataUse", "Mapping",
    "Modifiers", "Otherwise", "Pii", "Pipeline", "Project", "Reconcile", "Rejects", "Require", "Retention", "Route",
    "Scalar", "Schedule", "Security", "Settings", "Smtp", "SourceConfig", "Sql", "Strict", "Tolerate", "WhenPresent",
    "Within",
]  # fmt: skip

Hashing: TypeAlias = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor(Strict):
    """A column whose value only grows, such as `updated_at`."""

    column: str
    """Name of the column."""
    lookback: Duration | Annotated[int, Within(0)] | None = None
    """How far below the watermark every run reads again, for late rows: a duration for times (1h unless set), units of a number (0 unless set)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Strict):
    """How events are made of rows."""

    action_source: str | None = None
    """Where the event took place; used where the mapping gives none."""
    browser_pixel: Literal["same_events", "other_events", "none"] | None = None
    """Whether a Meta Pixel sends the same events from the browser; required for website."""
    hashing: Hashing = "auto"
    """auto: hash what is no digest yet; always: hash everything; never: pass digests, drop plain values. true/false mean auto/never."""
    default_country: str | None = None
    """Two-letter country of national phone numbers, states and postal codes; null: no guess."""
    timezone: str = "UTC"
    """Zone of times without zone."""
    preset: str | None = None
    """Packaged defaults: segment_ecommerce, ga4, customer_io, commanders_act, bloomreach."""
    strict: bool = False
    """Reject website events without URL or user agent instead of warning."""
    delay: Duration = Duration(0)
    """Do not send before event_time plus this."""
    max_age: Duration | None = None
    """Do not send later than event_time plus this, judged when the row is read: a request may still wait for Meta."""
    test_event_code: str | None = None
    """Shows the events under Test Events as well; Meta still counts them. Wins over the destination's."""
    allow_scheduled_test_code: bool = False
    """Let scheduled runs send a test_event_code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Strict):
    """How requests are sent."""

    mode: Literal["at_least_once", "at_most_once"] = "at_least_once"
    """What to do when the outcome of a request is unknown: send it again with the same event_id, or hold it."""
    events_per_request: Annotated[int, Within(1, 1000)] = 1000
    """Events in one request; Meta takes 1,000 at most."""
    request_bytes: Annotated[int, Within(65_536, 64 * 1024 * 1024)] = 4 * 1024 * 1024
    """Upper bound of one request body, in bytes. Ours: Meta publishes none; 1,000 rich events take about 1.4 MB."""
    requests_in_flight: Annotated[int, Within(1, 64)] = 4
    """Most requests at a time; more than four only while answers stay quick."""
    max_rows: Annotated[int, Within(1)] | None = None
    """Send events of at most so many rows in a run, then pause; the next run goes on. Backfills and the like are not held to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Strict):
    """Which rows may be sent at all; without a yes a row is not sent."""

    column: str
    """Column with the consent: yes or no, or a list of categories (list, JSON list, comma list)."""
    category: str | None = None
    """The category that must be in the list; without it the column itself says yes or no."""
    granted: tuple[Scalar, ...] = ()
    """Further values that mean yes."""
    applies_to: dict[str, Json] | None = None
    """Condition on the rows that need consent; without it all do."""
    retroactive: bool = False
    """Also send rows from before the consent was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedDataUse(Strict):
    """Which events carry Meta's Limited Data Use flag."""

    when: dict[str, Json] | None = None
    """Condition on the rows; without it all events carry the flag."""
    country: int | str = 0
    """1: United States; 0: Meta locates the person by the IP address; or a column."""
    state: int | str = 0
    """Meta's number of the state, 1000 for California; 0: Meta locates the person; or a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Require(Strict):
    """Match keys an event must have beyond Meta's own rule."""

    any: tuple[str, ...]
    """Parameters of customer_info."""
    count: Annotated[int, Within(1)] = 1
    """How many of them an event needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pii(Strict):
    """What happens to personal data found outside user_data."""

    email: Literal["block", "warn", "allow"] = "block"
    """An e-mail address: block the event, warn, or allow it."""
    phone: Literal["block", "warn", "allow"] = "warn"
    """A phone number."""
    card: Literal["block", "warn", "allow"] = "warn"
    """A number of a payment card."""
    url_parameters: Literal["strip", "block", "warn", "allow"] = "strip"
    """Personal data in a URL's parameters: strip takes the parameter out."""
    allow: tuple[str, ...] = ()
    """Parameters that are not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Strict):
    """When the daemon runs the pipeline: `cron` or `every`."""

    cron: str | None = None
    """Minute, hour, day, month, weekday, such as `*/15 * * * *`; or @hourly, @daily, @weekly, @monthly, @yearly."""
    every: Duration | None = None
    """Time from one start to the next."""
    timezone: str = "UTC"
    """Zone in which `cron` is read."""
    jitter: Duration = Duration(0)
    """Start up to this much later, at random, so that pipelines do not all start at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile(Strict):
    """How often all keys in Meta's window are compared with the ledger."""

    every: Duration | None = None
    """Time between two comparisons; null: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects(Strict):
    """When rejected rows are judged again."""

    retry: Literal["on_change", "manual"] = "on_change"
    """on_change: when the row or the mapping changed, until it leaves Meta's window; manual: by command only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerate(Strict):
    """What still counts as done."""

    rejected: Share = Share("0%")
    """Share of the events; above it the exit code is 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Strict):
    """A destination for each row, by the value of a column."""

    column: str
    """Column whose value chooses; it is sent only where the mapping names it too."""
    map: dict[str, str]
    """Value to destination; values are compared by their text."""
    otherwise: Literal["reject"] = "reject"
    """What happens to NULL and other values: the row is set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """One kind of event that a row may give."""

    id: str
    """Part of the identity of its events."""
    name: str | None = None
    """event_name of its events; None: as mapped."""
    when: dict[str, Json] | None = None
    """Condition on the row; None: every row."""
    mapping: Mapping
    """That of the pipeline with what the rule maps over it, and its name as event_name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One pipeline file."""

    name: str
    """Identity of its state and event ids."""
    source: str
    """Name of the warehouse in syncer.yaml."""
    query: str
    """The SELECT, wherever it was written (`query`, `query_file`, `table`)."""
    key: tuple[str, ...]
    """Columns that name a row; unique per row."""
    start: str
    """now | window | beginning | -3d | 2026-11-01, as written."""
    destinations: tuple[str, ...]
    """Names of the datasets in syncer.yaml; of a way, see `ways`, the one."""
    mapping: Mapping
    """Where the parameters of an event come from."""
    cursor: Cursor | None = None
    """A column whose value only grows; left out: every run reads the whole query and sends what is not settled."""
    settings: Settings = Settings()
    """How events are made of rows."""
    delivery: Delivery = Delivery()
    """How requests are sent."""
    description: str = ""
    """What the pipeline is for, in words."""
    tags: tuple[str, ...] = ()
    """Words to select pipelines by: `syncer run --select tag:hourly`."""
    enabled: bool = True
    """false: the pipeline is not run."""
    route: Route | None = None
    """A destination for each row; None: each of them gets all rows."""
    consent: Consent | None = None
    """Which rows may be sent at all."""
    limited_data_use: LimitedDataUse | None = None
    """Which events carry Meta's Limited Data Use flag."""
    require: tuple[Require, ...] = ()
    """Match keys an event must have beyond Meta's own rule; each of them."""
    pii: Pii = Pii()
    """What happens to personal data found outside user_data."""
    schedule: Schedule | None = None
    """When the daemon runs the pipeline; left out: only on demand."""
    reconcile: Reconcile = Reconcile()
    """How often all keys in Meta's window are compared with the ledger; null: never."""
    rejects: Rejects = Rejects()
    """When rejected rows are judged again."""
    tolerate: Tolerate = Tolerate()
    """What still counts as done."""
    alerts: AlertRules | None = None
    """When somebody is told; left out: as in the project."""
    events: tuple[EventRule, ...] = ()
    """Rules that say which events a row gives, in place of one event_name; a row takes every rule that matches."""
    tests: tuple[dict[str, Json], ...] = ()
    """Rows and the events they should give; run by `syncer test`."""
    file: Path
    """Where it was written."""
    fingerprint: str
    """Hex digest of the effective configuration, the same for the same meaning."""
    places: dict[str, tuple[Path, int, int]] = field(default_factory=dict, repr=False, compare=False)
    """Dotted path, parameters by Meta's short names, to the file, line and column where it was written."""


def ways(pipeline: Pipeline) -> tuple[Pipeline, ...]:
    """Return the pipeline once for each of its destinations, as one that sends there alone: each has its own state."""
    return tuple(replace(pipeline, destinations=(name,)) for name in pipeline.destinations)


def mappings_of(mapping: Mapping, rules: tuple[EventRule, ...]) -> tuple[Mapping, ...]:
    """Return the mapping of each kind of event: those of the rules, or `mapping` where there are none."""
    return tuple(rule.mapping for rule in rules) or (mapping,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A warehouse as configured."""

    name: str
    type: str
    """Kind of connector, such as `duckdb`."""
    options: dict[str, str | int | float | bool | Reference | None]
    """What the connector's `Options` take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A dataset at Meta, or the sandbox in its place."""

    name: str
    type: Literal["meta", "sandbox"] = "meta"
    dataset_id: Reference
    access_token: Secret
    api_version: str = "v26.0"
    base_url: str = "https://graph.facebook.com"
    allow_host: bool = False
    test_event_code: Reference | None = None
    app_secret: Secret | None = None
    ca_bundle: Path | None = None
    proxy: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Strict):
    """How long state is kept."""

    ledger: Duration = Duration(90 * 86_400)
    """What was sent: settled events are never sent again while it is kept; at least 63d."""
    runs: Duration = Duration(90 * 86_400)
    """Runs and their requests."""
    rejects: Duration = Duration(30 * 86_400)
    """Rejected rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """How `syncer daemon` serves its page and runs pipelines."""

    host: str = "127.0.0.1"
    port: int = 8787
    health_port: int | None = None
    auth_token: Secret | None = None
    """None, or empty once resolved: one is generated."""
    hosts: tuple[str, ...] = ()
    """Names of the page beside those of this machine, lower case."""
    tls_certificate_file: Path | None = None
    """Relative ones start at the project's folder."""
    tls_key_file: Path | None = None
    behind_proxy: bool = False
    concurrency: int = 4
    drain: Duration = Duration(25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with `syncer.yaml`, seen through one target."""

    root: Path
    home: Path
    """Where the embedded state, locks and the sandbox's files live: `.syncer` or SYNCER_HOME."""
    target: str
    runs_schedules: bool
    """Whether the daemon runs this target's schedules."""
    state: Secret
    """URL of the state store."""
    sources: dict[str, SourceConfig]
    destinations: dict[str, Destination]
    pipelines: dict[str, Pipeline]
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Where pipelines go that go elsewhere than to the one destination that is looked at, whether there too or not."""
    retention: Retention = Retention()
    alerts: Alerts = Alerts()
    daemon: Daemon = Daemon()
    warnings: tuple[str, ...] = ()
    """What is not wrong but worth a look, such as a secret file that others can read."""
