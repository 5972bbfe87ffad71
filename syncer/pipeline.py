"""What a project and its pipelines are: frozen values, made by `syncer.config`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from syncer.duration import Duration
from syncer.secret import Reference, Secret

Scalar: TypeAlias = str | int | float | bool | None
Json: TypeAlias = "Scalar | list[Json] | dict[str, Json]"
Otherwise: TypeAlias = Literal["keep", "drop", "reject"]
Hashing: TypeAlias = Literal["auto", "always", "never"]


class Strict:
    """Base of what is read from YAML: an unknown key is an error, attribute docstrings are its help."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}


# --- the mapping ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifiers(Strict):
    """What may be done to a value on its way; order: map/otherwise, default, normalise."""

    map: dict[str, Scalar] | None = None
    """Replaces values; keys are compared as text."""
    otherwise: Otherwise = "keep"
    """What happens to a value that `map` does not name: keep it, drop it, or reject the event."""
    default: Json = None
    """Taken where the value is NULL or blank; counted in the run report."""
    format: str | None = None
    """How a date or time is written, in strptime's letters, such as `%d/%m/%Y`."""
    already_hashed: bool = False
    """The column holds SHA-256 digests only; other values are dropped."""
    hash: bool = True
    """False sends `external_id` as it is."""
    country_column: str | None = None
    """Column with the country of a phone, state or postal code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Modifiers):
    """A column of the query, or a part of one."""

    column: str
    """Name of a column of the query."""
    cookie: str | None = None
    """Take this cookie out of a Cookie header."""
    query_parameter: str | None = None
    """Take this parameter out of a URL, percent-decoded once."""
    clicked_at: str | None = None
    """Column with the time of the click, for `fbc` built from `fbclid`."""
    path: str | None = None
    """Take this place out of JSON, such as `items[0].name`."""
    template: str | None = None
    """Text around the value, such as `order_{}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Strict):
    """The same value in every event."""

    value: Json
    """The value, as the parameter's type asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOf(Modifiers):
    """The first entry that is neither NULL nor blank."""

    first_of: tuple["Entry", ...]
    """Entries in order of preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(Modifiers):
    """An SQL expression, put into the SELECT around the query."""

    sql: str
    """An expression over the query's columns in the source's dialect, such as `total - tax`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Strict):
    """The `contents` of an event, from a column of lists of structs or JSON text."""

    source: str
    """Column with the items; written `from` in YAML."""
    fields: dict[str, str] = field(default_factory=dict)
    """Parameter of an item (`id`, `quantity`, `item_price`, ...) to its name inside the items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf(Strict):
    """Several values of one list parameter; written as a list in YAML."""

    entries: tuple["Entry", ...]


Entry: TypeAlias = Column | Constant | FirstOf | Sql | Items | AllOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Parameters of an event to where their values come from.

    Keys are Meta's short names; a dot steps into an object: `app_data.extinfo.os_version`,
    `original_event_data.event_name`, `mileage.unit`.
    """

    server_event: dict[str, Entry]
    customer_info: dict[str, Entry]
    custom_data: dict[str, Entry] = field(default_factory=dict)
    user_defined: dict[str, Entry] = field(default_factory=dict)
    rest: bool = False
    """`"*": rest` in user_defined: every column that nothing else uses becomes a property of its own name."""


# --- the other parts of a pipeline file ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor(Strict):
    """A column whose value only grows, such as `updated_at`."""

    column: str
    """Name of the column."""
    lookback: Duration | int | None = None
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
    """Do not send later than event_time plus this."""
    test_event_code: str | None = None
    """Shows the events under Test Events as well; Meta still counts them. Wins over the destination's."""
    allow_scheduled_test_code: bool = False
    """Let scheduled runs send a test_event_code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Strict):
    """How requests are sent."""

    mode: Literal["at_least_once", "at_most_once"] = "at_least_once"
    """What to do when the outcome of a request is unknown: send it again with the same event_id, or hold it."""
    events_per_request: int = 1000
    """1 to 1000."""
    request_bytes: int = 4 * 1024 * 1024
    """Upper bound of one request body."""
    requests_in_flight: int = 4
    """Requests to one dataset at a time."""
    max_rows: int | None = None
    """Stop a run that would read more rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Strict):
    """Which rows may be sent at all."""

    column: str
    category: str | None = None
    granted: tuple[Scalar, ...] = ()
    applies_to: dict[str, Json] | None = None
    retroactive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedDataUse(Strict):
    """Which events carry Meta's Limited Data Use flag."""

    when: dict[str, Json] | None = None
    country: int | str = 0
    state: int | str = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Require(Strict):
    """Match keys an event must have beyond Meta's own rule."""

    any: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pii(Strict):
    """What happens to personal data found outside user_data."""

    email: Literal["block", "warn", "allow"] = "block"
    phone: Literal["block", "warn", "allow"] = "warn"
    card: Literal["block", "warn", "allow"] = "warn"
    url_parameters: Literal["strip", "warn", "allow"] = "strip"
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Strict):
    """When the daemon runs the pipeline: `cron` or `every`."""

    cron: str | None = None
    every: Duration | None = None
    timezone: str = "UTC"
    jitter: Duration = Duration(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile(Strict):
    """How often all keys in Meta's window are compared with the ledger."""

    every: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects(Strict):
    """When rejected rows are judged again."""

    retry: Literal["on_change", "manual"] = "on_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerate(Strict):
    """What still counts as done."""

    rejected: str = "0%"
    """Share of the events; above it the exit code is 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Strict):
    """A destination for each row, by the value of a column."""

    column: str
    map: dict[str, str]
    otherwise: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """One kind of event that a row may give."""

    id: str
    """Part of the identity of its events."""
    name: str | None = None
    when: dict[str, Json] | None = None
    mapping: Mapping | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One pipeline file."""

    name: str
    """Identity of its state and event ids."""
    source: str
    query: str
    """The SELECT, wherever it was written (`query`, `query_file`, `table`)."""
    key: tuple[str, ...]
    """Columns that name a row; unique per row."""
    start: str
    """now | window | beginning | -3d | 2026-11-01, as written."""
    destinations: tuple[str, ...]
    mapping: Mapping
    cursor: Cursor | None = None
    """None: every run reads the whole query."""
    settings: Settings = Settings()
    delivery: Delivery = Delivery()
    description: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = True
    route: Route | None = None
    consent: Consent | None = None
    limited_data_use: LimitedDataUse | None = None
    require: Require | None = None
    pii: Pii = Pii()
    schedule: Schedule | None = None
    reconcile: Reconcile = Reconcile()
    rejects: Rejects = Rejects()
    tolerate: Tolerate = Tolerate()
    events: tuple[EventRule, ...] = ()
    tests: tuple[dict[str, Json], ...] = ()
    file: Path
    """Where it was written."""
    fingerprint: str
    """Hex digest of the effective configuration, the same for the same meaning."""
    needs_later: tuple[str, ...] = ()
    """Keys that are set and understood, but that no command obeys yet: a run refuses rather than ignores them."""


# --- the project ---------------------------------------------------------------------------------


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
    runs: Duration = Duration(90 * 86_400)
    rejects: Duration = Duration(30 * 86_400)


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
    retention: Retention = Retention()
    alerts: dict[str, Json] = field(default_factory=dict)
    daemon: dict[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """What is not wrong but worth a look, such as a secret file that others can read."""
