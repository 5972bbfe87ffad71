"""`only_for:` of a pipeline whose events have known names: one that none of them has is a mistake of writing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from syncer.config.possible import possible_texts
from syncer.config.problems import Place, Problems, suggestion
from syncer.mapping import AllOf, Column, Entry, FirstOf, Sql, WhenPresent
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
