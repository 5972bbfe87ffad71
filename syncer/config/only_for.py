"""`only_for:` of a pipeline whose events have known names: one that none of them has is a mistake of writing."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from syncer.config.problems import Place, Problems, suggestion
from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf, Sql, WhenPresent
from syncer.pipeline import EventRule
from syncer.pipeline import Mapping as Groups

GROUPS = ("server_event", "customer_info", "custom_data", "user_defined")


def check_only_for(
    mapping: Groups, rules: tuple[EventRule, ...], places: Mapping[str, Place], *, file: Path, problems: Problems
) -> None:
    """Note each event that an entry written in `file` names and the pipeline does not send.

    Nothing is noted where a column may hold any name. `places` has where each entry was written, by its path.
    """
    kinds = (
        [("", mapping)] if not rules else [(f"events[{number}].", rule.mapping) for number, rule in enumerate(rules)]
    )
    names = [possible_texts(kind.server_event.get("event_name")) for _, kind in kinds]
    known = [name for found in names if found is not None for name in found]
    if None in names or not known:
        return
    told = set()
    for prefix, kind in kinds:
        for path, entry in _entries(kind):
            place = places.get(prefix + path) or places.get(path)
            if place is None or place.file != file or place in told:
                continue
            for name in sorted(set(_only_for(entry)) - {*known}):
                told.add(place)
                remedy = suggestion(name, dict.fromkeys(known), noun="event names")
                what = f'no event of this pipeline is called "{name}"'
                problems.add(place, (*(prefix + path).split("."), "only_for"), what, remedy)


def possible_texts(entry: Entry | None) -> Collection[str] | None:
    """Return the texts that `entry` of event_name or action_source can give; None: any."""
    match entry:
        case None:
            return ()
        case Constant(value=value):
            return (str(value),)
        case WhenPresent(entry=inner):
            return possible_texts(inner)
        case Column() | Sql() if entry.map is not None and entry.otherwise != "keep":
            return [str(value) for value in (*entry.map.values(), entry.default) if value is not None]
        case FirstOf(first_of=entries) if entry.map is None:
            found = [possible_texts(each) for each in entries]
            names = [name for each in found if each is not None for name in each]
            return None if None in found else [*names, *([str(entry.default)] if entry.default is not None else [])]
    return None


def _entries(mapping: Groups) -> Iterator[tuple[str, Entry]]:
    for group in GROUPS:
        for name, entry in getattr(mapping, group).items():
            yield f"mapping.{group}.{name}", entry


def _only_for(entry: Entry) -> Iterator[str]:
    match entry:
        case FirstOf(first_of=entries):
            yield from entry.only_for
            for each in entries:
                yield from _only_for(each)
        case AllOf(entries=entries):
            for each in entries:
                yield from _only_for(each)
        case WhenPresent(entry=inner):
            yield from _only_for(inner)
        case Column() | Sql():
            yield from entry.only_for
