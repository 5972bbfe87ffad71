"""A pipeline's mapping bound to the columns of one query: what goes where, by exact names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

from connectors.columns import no_column, resolve
from connectors.errors import ColumnError
from syncer.errors import ConfigError, Problem
from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf, Items, Mapping, Sql, WhenPresent
from syncer.pipeline import EventRule, Pipeline, mappings_of
from syncer.spec.fields import PARAMETERS, Group, Parameter, parameter, short_name_beside_persons
from syncer.spec.paths import parse_path
from syncer.transform.condition import Condition
from syncer.transform.consent import Gate, gate_of
from syncer.transform.limited import COLUMNS, Limit, limit_of
from syncer.transform.preset_entries import existing, is_envelope, is_idle, lacking
from syncer.transform.route import Way, way_of

ALIAS = "syncer_expression_{}"
OBJECTS = {Group.CUSTOMER_INFO: "user_data", Group.CUSTOM_DATA: "custom_data"}
Modified = TypeVar("Modified", Column, Sql, FirstOf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of an event: its place in the JSON and where it comes from."""

    name: str
    """As counted in reports: `em`, `app_data.extinfo.os_version`."""
    place: tuple[str, ...]
    """Names from the outside in: `("user_data", "em")`."""
    parameter: Parameter | None
    """None: a property of the user's own, of any type."""
    entry: Entry
    """With exact column names; SQL has become the column of its alias."""


def is_person(field: Field) -> bool:
    """Return whether the field is customer information."""
    return field.parameter is not None and field.parameter.group is Group.CUSTOMER_INFO


def is_list(field: Field) -> bool:
    """Return whether the field may have several values."""
    return field.parameter is not None and field.parameter.is_list


THE_RULE: Final = ""
"""Id of the rule where a pipeline names none: each row is one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What one kind of event takes from the columns of the query; the kinds of a pipeline differ in the first three."""

    rule: str = THE_RULE
    """Id of the rule."""
    condition: Condition = Condition()
    """Which rows give such an event."""
    fields: tuple[Field, ...]
    """In the order in which they are sent."""
    key: tuple[str, ...]
    cursor: str | None
    columns: tuple[str, ...]
    """Every column of the query itself that is needed."""
    inputs: tuple[str, ...]
    """Every column of a batch that events are made of, expressions included."""
    consent: Gate | None = None
    """Who may be sent; None: everybody."""
    limit: Limit | None = None
    """Whose events carry Limited Data Use; its columns are added to the rows."""
    way: Way | None = None
    """Which rows go to the destinations that are sent to; None: all."""

    def field(self, *place: str) -> Field | None:
        """Return the field at `place`, if it is mapped."""
        return next((field for field in self.fields if field.place == place), None)


def sql_expressions(pipeline: Pipeline) -> tuple[tuple[str, str], ...]:
    """Return (alias, SQL) of each expression of the mapping, for the SELECT around the query."""
    return tuple((alias, sql) for sql, alias in _aliases(pipeline).items())


def named_columns(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the columns that `pipeline` cannot do without, as it writes them, and the aliases of its expressions."""
    binder = _Binder(pipeline, ())
    for name in pipeline.key:
        binder.column(name, path="key")
    _kinds(pipeline, binder)
    gate_of(pipeline, binder.column)
    limit_of(pipeline, binder.column)
    way_of(pipeline, binder.column)
    if pipeline.cursor:
        binder.column(pipeline.cursor.column, path="cursor.column")
    return tuple(dict.fromkeys((*binder.asked, *_allowed_columns(pipeline))))


def bind(pipeline: Pipeline, columns: Sequence[str]) -> tuple[Binding, ...]:
    """Return what each kind of event of `pipeline` takes from `columns`, those of its query and of its expressions.

    Raises `ConfigError` with every column that is missing.
    """
    binder = _Binder(pipeline, tuple(columns))
    key = tuple(binder.column(name, path="key") for name in pipeline.key)
    kinds, mappings = _kinds(pipeline, binder), mappings_of(pipeline.mapping, pipeline.events)
    for kind, mapping in zip(kinds, mappings, strict=True):
        binder.problems += lacking(pipeline, mapping, {field.place for field in kind.fields})
    gate, limit = gate_of(pipeline, binder.column), limit_of(pipeline, binder.column)
    way = way_of(pipeline, binder.column)
    if limit is not None:
        for kind in kinds:
            kind.fields.extend(_limited(kind.fields, limit, binder))
    for error in (no_column(name, columns) for name in _allowed_columns(pipeline) if name not in columns):
        binder.problem("pii.allow", error.what, error.remedy)
    inputs = set(binder.used)
    cursor = binder.column(pipeline.cursor.column, path="cursor.column") if pipeline.cursor else None
    if binder.problems:
        raise ConfigError(dict.fromkeys(binder.problems))
    claimed = _claimed(pipeline, binder)
    for kind, mapping in zip(kinds, mappings, strict=True):
        if mapping.rest:
            rest = list(_rest(binder, kind.fields, claimed=claimed))
            kind.fields.extend(rest)
            inputs |= {column.name for column in rest}
    needed = inputs | {cursor}
    return tuple(
        Binding(
            rule=kind.rule,
            condition=kind.condition,
            fields=tuple(sorted(kind.fields, key=_order)),
            key=key,
            cursor=cursor,
            columns=tuple(name for name in columns if name in needed and name not in binder.expressions),
            inputs=tuple(name for name in columns if name in inputs),
            consent=gate,
            limit=limit,
            way=way,
        )
        for kind in kinds
    )


def _allowed_columns(pipeline: Pipeline) -> Iterator[str]:
    """Yield the names of `pii.allow` in the pipeline's own file that only a column can have, one of the rest."""
    places, mappings = pipeline.places, mappings_of(pipeline.mapping, pipeline.events)
    is_own = "pii.allow" in places and places["pii.allow"][0] == places["name"][0]
    if is_own and any(mapping.rest for mapping in mappings):
        known = {name for mapping in mappings for name in mapping.user_defined}
        yield from (name for name in pipeline.pii.allow if not (name in known or short_name_beside_persons(name)))


def _limited(fields: Sequence[Field], limit: Limit, binder: "_Binder") -> list[Field]:
    """Return the fields of Limited Data Use; one way to ask for it is enough, and Meta must be able to find the place."""
    places = {field.place for field in fields}
    if twice := [name for name in COLUMNS if (name,) in places]:
        remedy = "take out one of the two: both decide about the same events; null takes out what a preset maps"
        binder.problem("limited_data_use", f"the mapping has {twice[0]} too", remedy)
        return []
    if set(limit.places.values()) == {0} and not {("user_data",), ("user_data", "client_ip_address")} & places:
        remedy = "map client_ip_address, or name country and state"
        binder.problem("limited_data_use", "country 0 and state 0 let Meta find the place by the IP address", remedy)
    return [
        Field(name=name, place=(name,), parameter=parameter(Group.SERVER_EVENT, name), entry=Column(column=column))
        for name, column in COLUMNS.items()
    ]


class _Kind(NamedTuple):
    """One kind of event, as far as it is bound."""

    rule: str
    condition: Condition
    fields: list[Field]


def _kinds(pipeline: Pipeline, binder: "_Binder") -> list[_Kind]:
    if not pipeline.events:
        return [_Kind(THE_RULE, Condition(), _fields(pipeline.mapping, binder, lambda path: path))]
    return [_kind(rule, f"events[{number}]", binder) for number, rule in enumerate(pipeline.events)]


def _kind(rule: EventRule, place: str, binder: "_Binder") -> _Kind:
    pipeline = binder.pipeline

    def path(of_mapping: str) -> str:
        own = f"{place}.{of_mapping}"
        return own if own in pipeline.places or of_mapping not in pipeline.places else of_mapping

    condition = Condition.of(rule.when, lambda name: binder.column(name, path=f"{place}.when.{name}"))
    return _Kind(rule.id, condition, _fields(rule.mapping, binder, path))


def _fields(mapping: Mapping, binder: "_Binder", path: Callable[[str], str]) -> list[Field]:
    fields = list(_mapped(mapping, binder, path))
    _refuse_overlaps(fields, binder)
    return fields


def _aliases(pipeline: Pipeline) -> dict[str, str]:
    groups = (
        group
        for mapping in mappings_of(pipeline.mapping, pipeline.events)
        for group in (mapping.server_event, mapping.customer_info, mapping.custom_data, mapping.user_defined)
    )
    texts = dict.fromkeys(sql for group in groups for entry in group.values() for sql in _sql(entry))
    return {sql: ALIAS.format(number) for number, sql in enumerate(texts, start=1)}


def _sql(entry: Entry) -> Iterator[str]:
    match entry:
        case Sql(sql=sql):
            yield sql
        case FirstOf(first_of=entries) | AllOf(entries=entries):
            for inner in entries:
                yield from _sql(inner)
        case WhenPresent(entry=inner):
            yield from _sql(inner)


@dataclass(slots=True)
class _Binder:
    """Resolves names; gathers the columns it met and the problems."""

    pipeline: Pipeline
    columns: tuple[str, ...]
    asked: list[str] = field(default_factory=list)
    """Every name that was to be resolved."""
    used: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    aliases: dict[str, str] = field(init=False)
    expressions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.aliases = _aliases(self.pipeline)
        aliases = {alias.lower() for alias in self.aliases.values()}
        self.expressions = frozenset(name for name in self.columns if name.lower() in aliases)

    def column(self, name: str, *, path: str) -> str:
        """Return the exact name of a column, and remember it as used."""
        self.asked.append(name)
        try:
            exact = resolve(name, self.columns)
        except ColumnError as error:
            self.problem(path, error.what, _remedy(error, path))
            return name
        self.used.add(exact)
        return exact

    def problem(self, path: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.pipeline.file, path=path, what=what, remedy=remedy))

    def entry(self, entry: Entry, *, path: str) -> Entry:
        """Return `entry` with exact columns."""
        match entry:
            case Column():
                self._path(entry.path, path)
                clicked_at = self.column(entry.clicked_at, path=path) if entry.clicked_at else None
                return self._modified(
                    replace(entry, column=self.column(entry.column, path=path), clicked_at=clicked_at), path
                )
            case Sql():
                return self._modified(self._expression(entry, path), path)
            case FirstOf():
                inner = tuple(self._single(item, path=path) for item in entry.first_of)
                return self._modified(replace(entry, first_of=inner), path)
            case AllOf():
                return replace(entry, entries=tuple(self._single(item, path=path) for item in entry.entries))
            case Items():
                for name in entry.fields.values():
                    self._path(name, path)
                return replace(entry, source=self.column(entry.source, path=path))
            case WhenPresent():
                return self.entry(entry.entry, path=path)
            case Constant():
                return entry

    def _path(self, steps: str | None, path: str) -> None:
        try:
            parse_path(steps or "a")
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            self.problem(path, what, remedy)

    def _single(self, entry: Entry, *, path: str) -> Entry:
        if isinstance(entry, AllOf | Items):
            self.problem(path, "a list of values cannot stand inside another entry", "write its columns one by one")
        return self.entry(entry, path=path)

    def _expression(self, entry: Sql, path: str) -> Column:
        return Column(
            column=self.column(self.aliases[entry.sql], path=path),
            map=entry.map,
            otherwise=entry.otherwise,
            default=entry.default,
            format=entry.format,
            already_hashed=entry.already_hashed,
            hash=entry.hash,
            country_column=entry.country_column,
            only_for=entry.only_for,
        )

    def _modified(self, entry: Modified, path: str) -> Modified:
        if entry.country_column is None:
            return entry
        return replace(entry, country_column=self.column(entry.country_column, path=path))


def _remedy(error: ColumnError, path: str) -> str:
    """Return how to mend a name that is no column: in what says nothing of a person, a constant may be meant."""
    is_of_event = any(f"mapping.{group}." in path for group in ("server_event", "custom_data", "user_defined"))
    if not is_of_event or not error.remedy.startswith("columns: "):  # it guesses what was meant
        return error.remedy
    return f"for a constant write {{value: {error.column}}}; {error.remedy}"


def _mapped(mapping: Mapping, binder: _Binder, path: Callable[[str], str]) -> Iterator[Field]:
    for group, entries in (
        (Group.SERVER_EVENT, mapping.server_event),
        (Group.CUSTOMER_INFO, mapping.customer_info),
        (Group.CUSTOM_DATA, mapping.custom_data),
    ):
        outer = (OBJECTS[group],) if group in OBJECTS else ()
        for name, entry in entries.items():
            there = existing(entry, binder.columns)
            if there is None or is_idle(name, there, mapping, binder.columns):
                continue
            bound = binder.entry(there, path=path(f"mapping.{group}.{name}"))
            yield Field(name=name, place=(*outer, *name.split(".")), parameter=parameter(group, name), entry=bound)
    for name, entry in mapping.user_defined.items():
        bound = binder.entry(entry, path=path(f"mapping.user_defined.{name}"))
        yield Field(name=name, place=("custom_data", name), parameter=None, entry=bound)


def _refuse_overlaps(fields: Sequence[Field], binder: _Binder) -> None:
    """Report values that would stand in the same place, or inside another value."""
    for outer in fields:
        within = [inner.name for inner in fields if inner.place[: len(outer.place)] == outer.place]
        if len(within) > 1:
            group = next((group for group, name in OBJECTS.items() if name == outer.place[0]), Group.SERVER_EVENT)
            remedy = "map a value once: as a whole, or by its parts"
            binder.problem(f"mapping.{group}.{outer.name}", f"{within[1]} is mapped too", remedy)


def _rest(binder: _Binder, fields: Sequence[Field], *, claimed: set[str]) -> Iterator[Field]:
    """Yield a property for each column that nothing claims; one with the name of a parameter is that parameter."""
    taken = {field.place[:2] for field in fields}
    for column in binder.columns:
        place = ("custom_data", column)
        if is_envelope(column, binder.pipeline.mapping.envelope):
            continue
        if column not in claimed and column not in binder.expressions and place not in taken:
            known = PARAMETERS[Group.CUSTOM_DATA].get(column)
            yield Field(name=column, place=place, parameter=known, entry=Column(column=column))


def _claimed(pipeline: Pipeline, binder: _Binder) -> set[str]:
    """Return the columns that some part of the pipeline uses."""
    named: list[str] = []
    if pipeline.consent:
        named += [pipeline.consent.column, *(pipeline.consent.applies_to or {})]
    if pipeline.limited_data_use:
        limited = pipeline.limited_data_use
        named += [*(limited.when or {}), *(name for name in (limited.country, limited.state) if isinstance(name, str))]
    folded = {name.casefold() for name in named}
    return binder.used | {column for column in binder.columns if column.casefold() in folded}


FIRST = ("event_name", "event_time", "action_source", "event_id", "event_source_url", "referrer_url", "opt_out")
"""How an event begins; what follows is in the order of Meta's tables, then of the mapping."""
LAST = ("user_data", "custom_data", "app_data", "original_event_data", "attribution_data")


def _order(field: Field) -> tuple[int, ...]:
    outer = field.place[0]
    names = list(PARAMETERS[Group.SERVER_EVENT])
    begin = FIRST.index(outer) if outer in FIRST else len(FIRST)
    end = LAST.index(outer) + 1 if outer in LAST else 0
    return (begin, end, names.index(outer) if outer in names else len(names), *_inner_order(field))


def _inner_order(field: Field) -> tuple[int, ...]:
    if field.parameter is None:
        return (1, 0)
    return (0, list(PARAMETERS[field.parameter.group]).index(field.parameter.name))
