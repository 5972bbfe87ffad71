"""Every parameter of Meta's Conversions API: type, values, need, and the longer names people use.

The data is `parameters.json`, compiled from Meta's reference of Graph v26.0 (read 2026-11); `evidence` says
where Meta's documentation has no word on a parameter.
"""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

Type: TypeAlias = Literal["string", "number", "integer", "boolean", "object"]
Hashed: TypeAlias = Literal["required", "recommended", "never"]
Evidence: TypeAlias = Literal["docs", "sdk", "unverified"]


class Group(StrEnum):
    """Where a parameter lives; the first three are groups of the mapping."""

    SERVER_EVENT = "server_event"
    CUSTOMER_INFO = "customer_info"
    """Meta calls it `user_data`."""
    CUSTOM_DATA = "custom_data"
    CONTENTS_ITEM = "contents_item"
    """One item of `contents`."""
    APP_DATA = "app_data"
    EXTINFO = "extinfo"
    """The places of `app_data.extinfo`, in Meta's order."""
    ORIGINAL_EVENT_DATA = "original_event_data"
    ATTRIBUTION_DATA = "attribution_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter, as Meta describes it."""

    name: str
    group: Group
    type: Type
    is_list: bool
    hashed: Hashed | None
    """None: no identifier of a person."""
    required: Literal["always", "never"] | tuple[str, ...]
    """The conditions under which Meta needs it, in words."""
    allowed: tuple[str | int, ...]
    """The values Meta takes; empty: any."""
    is_open: bool
    """Other values than `allowed` exist and pass as they are."""
    min: float | None
    """Smallest number, or fewest characters or items."""
    max: float | None
    """Largest number, or most characters or items."""
    evidence: Evidence
    """docs: in Meta's documentation; sdk: only in the code of Meta's SDK; unverified: seen in one third party."""
    fields_in: Group | None
    """An object's own parameters are in this group."""
    long_names: tuple[str, ...]
    note: str


def _load() -> Mapping[Group, Mapping[str, Parameter]]:
    data = json.loads(pkgutil.get_data(__name__, "parameters.json") or b"")
    return MappingProxyType(
        {
            Group(group): MappingProxyType({name: _parameter(Group(group), name, raw) for name, raw in items.items()})
            for group, items in data["groups"].items()
        }
    )


def _parameter(group: Group, name: str, raw: dict[str, Any]) -> Parameter:
    required = raw.get("required", "never")
    return Parameter(
        name=name,
        group=group,
        type=raw["type"],
        is_list=raw.get("list", False),
        hashed=raw.get("hashed"),
        required=required if isinstance(required, str) else tuple(required),  # type: ignore[arg-type]  # data is ours
        allowed=tuple(raw.get("allowed", ())),
        is_open=raw.get("open", False),
        min=raw.get("min"),
        max=raw.get("max"),
        evidence=raw.get("evidence", "docs"),
        fields_in=Group(raw["fields_in"]) if "fields_in" in raw else None,
        long_names=tuple(raw.get("long_names", ())),
        note=raw.get("note", ""),
    )


PARAMETERS: Mapping[Group, Mapping[str, Parameter]] = _load()

EXTINFO_PLACES: tuple[str, ...] = tuple(PARAMETERS[Group.EXTINFO])
"""Names of the 16 places of `app_data.extinfo`, in the order in which they are sent."""

STEPPED_INTO: frozenset[str] = frozenset({"app_data", "original_event_data", "attribution_data", "extinfo"})
"""Objects whose parameters a mapping names with a dot. `user_data` and `custom_data` have mapping groups of their own."""

_SHORT: Mapping[Group, Mapping[str, str]] = {
    group: {long: name for name, parameter in items.items() for long in parameter.long_names}
    for group, items in PARAMETERS.items()
}


def short_name(group: Group | str, name: str) -> str | None:
    """Return Meta's own name for `name` in `group`, or None where Meta knows none.

    Takes Meta's names, longer ones such as `email` or `First Name`, and dotted ones: `app_data.extinfo.device_model`
    gives `app_data.extinfo.device_model_name`.
    """
    found = _find(Group(group), name)
    return found[0] if found else None


def short_name_beside_persons(name: str) -> str | None:
    """Return Meta's own name for `name`, a value outside of customer information, or None where Meta knows none."""
    short = short_name(Group.CUSTOM_DATA, name) or short_name(Group.SERVER_EVENT, name)
    return None if short in ("user_data", "custom_data") else short


def parameter(group: Group | str, name: str) -> Parameter | None:
    """Return the parameter that `name`, short, long or dotted, means in `group`."""
    found = _find(Group(group), name)
    return found[1] if found else None


def names(group: Group | str) -> tuple[str, ...]:
    """Return every name a mapping of `group` may use, Meta's first, then the dotted, then the long ones."""
    group = Group(group)
    dotted = [
        f"{name}.{inner}"
        for name, item in PARAMETERS[group].items()
        if item.fields_in and name in STEPPED_INTO
        for inner in names(item.fields_in)
    ]
    return (*PARAMETERS[group], *dotted, *_SHORT[group])


def _find(group: Group, name: str) -> tuple[str, Parameter] | None:
    items = PARAMETERS[group]
    if name in items:
        return name, items[name]
    head, dot, rest = name.partition(".")
    if dot:
        outer = items.get(_plain(head))
        if outer is None or outer.fields_in is None or outer.name not in STEPPED_INTO:
            return None
        inner = _find(outer.fields_in, rest)
        return (f"{outer.name}.{inner[0]}", inner[1]) if inner else None
    plain = _plain(name)
    short = plain if plain in items else _SHORT[group].get(plain)
    return (short, items[short]) if short else None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
