"""A pipeline after all defaults and its preset, line by line, each with where it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from syncer.config.groups import REST
from syncer.config.load import PROJECT_FILE
from syncer.config.places import written_at
from syncer.config.presets import SHOWN
from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf, Items, Json, Sql, WhenPresent
from syncer.mapping import Mapping as Groups
from syncer.pipeline import EventRule, Pipeline, Require

NOT_SHOWN = frozenset({"file", "fingerprint", "places", "tests"})
DEFAULT = "default"
PLAIN = (bool, int, float, type(None))
YAML_NAMES = {"destinations": "destination", "route": "destination"}


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a merged pipeline."""

    path: str
    """Dotted, as in the file."""
    value: Json
    origin: str
    """`pipelines/orders.yaml:7`, `defaults of syncer.yaml:12`, `preset ga4`, or `default`."""


def lines(pipeline: Pipeline) -> Iterator[Line]:
    """Yield every value of `pipeline` that is neither null nor empty, parameters as entries of a mapping.

    Of a rule's mapping only what it says itself: the others are those of the pipeline.
    """
    for part in fields(pipeline):
        is_told_otherwise = part.name == "destinations" and pipeline.route is not None
        if part.name not in NOT_SHOWN and not is_told_otherwise:
            path = YAML_NAMES.get(part.name, part.name)
            for inner, value in _values(getattr(pipeline, part.name), path):
                is_own = not inner.startswith("events[") or ".mapping." not in inner or inner in pipeline.places
                if value not in (None, [], "") and is_own:
                    yield Line(inner, value, _origin(inner, pipeline))


def _values(value: object, path: str) -> Iterator[tuple[str, Json]]:
    match value:
        case Groups():
            yield from _mapped(value, path)
            yield f"{path}.envelope", _plain(value.envelope) if value.rest else None
        case EventRule():
            yield f"{path}.id", value.id
            yield f"{path}.name", value.name
            yield f"{path}.when", _plain(value.when)
            yield from _mapped(value.mapping, f"{path}.mapping")
        case tuple() if any(isinstance(each, EventRule) for each in value):
            for number, rule in enumerate(value):
                yield from _values(rule, f"{path}[{number}]")
        case _ if is_dataclass(value):
            for part in fields(value):
                yield f"{path}.{part.name}", _plain(getattr(value, part.name))
        case (only,):
            yield path, _plain(only)
        case _:
            yield path, _plain(value)


def _mapped(groups: Groups, path: str) -> Iterator[tuple[str, Json]]:
    for group in ("server_event", "customer_info", "custom_data", "user_defined"):
        for name, entry in getattr(groups, group).items():
            yield f"{path}.{group}.{name}", written(entry)
    if groups.rest:
        yield f"{path}.user_defined.{REST}", "rest"


def written(entry: Entry) -> Json:
    """Return an entry as a mapping in YAML writes it."""
    match entry:
        case WhenPresent(entry=inner):
            return written(inner)
        case Constant(value=value):
            return {"value": value}
        case AllOf(entries=entries):
            return [written(each) for each in entries]
        case Items(source=source, fields=names):
            return {"from": source, **names}
        case FirstOf(first_of=entries):
            return {"first_of": [written(each) for each in entries], **_changed(entry, "first_of")}
        case Sql(sql=text):
            return {"sql": text, **_changed(entry, "sql")}
        case Column(column=name):
            rest = _changed(entry, "column")
            return {"column": name, **rest} if rest else name


def _changed(entry: Column | FirstOf | Sql, without: str) -> dict[str, Json]:
    """Return the keys that are not as they are by default."""
    parts = ((part.name, getattr(entry, part.name), part.default) for part in fields(entry) if part.name != without)
    return {name: _plain(value) for name, value, default in parts if value != default}


def _plain(value: object) -> Json:
    match value:
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case Require(any=names, count=count):
            return {"any": list(names), "count": count}
        case bool() | int() | float() | None if type(value) in PLAIN:
            return value
    return str(value)


def _origin(path: str, pipeline: Pipeline) -> str:
    _, place = written_at(pipeline, path) or ("", None)
    steps = path.split(".")
    is_section = is_dataclass(getattr(pipeline, steps[0], None)) and steps[0] not in ("mapping", "cursor")
    while place is None and len(steps) > 1 and not is_section:
        steps.pop()
        place = pipeline.places.get(".".join(steps))
    if place is None:
        return DEFAULT
    file, line, _ = place
    if str(file).startswith(SHOWN):
        return str(file)
    return f"defaults of {file}:{line}" if file.name == PROJECT_FILE else f"{file}:{line}"


def flow(value: Json) -> str:
    """Return a value on one line, as YAML writes it; a text as it is."""
    if isinstance(value, str):
        return value
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
