"""Where the parameters of an event come from: columns, constants, expressions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
if TYPE_CHECKING:
    Json: TypeAlias = "Scalar | list[Json] | dict[str, Json]"
else:
    Json = Any  # a recursive alias cannot be evaluated at run time
Otherwise: TypeAlias = Literal["keep", "drop", "reject"]


class Strict:
    """Base of what is read from YAML: an unknown key is an error, attribute docstrings are its help.

    The docstrings are read for the JSON Schema only: pydantic's `use_attribute_docstrings` would parse this source
    file at each start, which took 60 % of the time to load a project.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a number, both inclusive; validators and JSON Schema read them."""

    low: int
    high: int | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], dict[str, Any]], /
    ) -> dict[str, Any]:
        bounds = {"ge": self.low} if self.high is None else {"ge": self.low, "le": self.high}
        return handler(source) | bounds


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
    only_for: tuple[str, ...] = ()
    """Events, by the name they are sent under, that have the value; all others have none."""


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
    """Text around the value, such as `order_{}`; of a list around each member."""


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
    """Parameter of an item (`id`, `quantity`, `item_price`, ...) to its name, or path, inside the items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf(Strict):
    """Several values of one list parameter; written as a list in YAML."""

    entries: tuple["Entry", ...]
    """Where each of them comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenPresent(Strict):
    """An entry of a preset: it takes the columns that the query has, and falls away where it has none of them."""

    entry: "Entry"
    """What would be taken of a query with all columns."""


Entry: TypeAlias = Column | Constant | FirstOf | Sql | Items | AllOf | WhenPresent


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
    envelope: tuple[str, ...] = ()
    """Columns that are no properties in tables of a preset's kind, `*` at the end for any ending; `rest` leaves them out."""
