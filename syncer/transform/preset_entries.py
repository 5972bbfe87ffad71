"""What a preset's entries take of the columns of one query; an entry of the user's own takes all that it names."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from syncer.errors import Problem
from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf, Items, Mapping, Modifiers, WhenPresent
from syncer.pipeline import Pipeline

NEEDED = ("event_name", "event_time")
IDS = ("contents", "content_ids")
NOTHING = Constant(value=None)


def existing(entry: Entry, columns: Sequence[str]) -> Entry | None:
    """Return `entry`, a preset's one with those columns only that are among `columns`.

    None: nothing of it is left. A default stays where no column is.
    """
    if isinstance(entry, WhenPresent):
        return _cut(entry.entry, frozenset(name.casefold() for name in columns))
    return entry


def _cut(entry: Entry, known: Collection[str]) -> Entry | None:
    match entry:
        case Column():
            if entry.column.casefold() not in known:
                return _default_of(entry)
            return replace(
                entry,
                clicked_at=_known(entry.clicked_at, known),
                country_column=_known(entry.country_column, known),
            )
        case FirstOf():
            left = tuple(inner for each in entry.first_of if (inner := _cut(each, known)))
            if not left:
                return _default_of(entry)
            if len(left) == 1 and entry == FirstOf(first_of=entry.first_of):
                return left[0]
            return replace(entry, first_of=left, country_column=_known(entry.country_column, known))
        case AllOf():
            several = tuple(inner for each in entry.entries if (inner := _cut(each, known)))
            return replace(entry, entries=several) if several else None
        case Items():
            return entry if entry.source.casefold() in known else None
    return entry


def _known(name: str | None, known: Collection[str]) -> str | None:
    return name if name is not None and name.casefold() in known else None


def _default_of(entry: Modifiers) -> Entry | None:
    """Return what fills every row with the default, and is counted as any other default."""
    if entry.default is None:
        return None
    return FirstOf(first_of=(NOTHING,), default=entry.default, only_for=entry.only_for)


def is_idle(name: str, entry: Entry, mapping: Mapping, columns: Sequence[str]) -> bool:
    """Return whether `entry` only fills in a content_type that says nothing, since no ids are mapped."""
    if name != "content_type" or not isinstance(entry, FirstOf) or entry.first_of != (NOTHING,):
        return False
    return not any(existing(mapping.custom_data[each], columns) for each in IDS if each in mapping.custom_data)


def lacking(pipeline: Pipeline, mapping: Mapping, bound: Collection[tuple[str, ...]]) -> Iterator[Problem]:
    """Yield a problem for what each event of `mapping` needs and the preset found no column for.

    `bound` are places in the event.
    """
    mapped = mapping.server_event
    is_shared = pipeline.settings.browser_pixel == "same_events"
    for name in (*NEEDED, "event_id") if is_shared else NEEDED:
        entry = mapped.get(name)
        if isinstance(entry, WhenPresent) and (name,) not in bound:
            yield _lack(pipeline, f"server_event.{name}", entry, f"{name}: <column>")
    people = mapping.customer_info
    if people and not any(place[0] == "user_data" for place in bound):
        known = AllOf(entries=tuple(people.values()))
        yield _lack(pipeline, "customer_info", known, "at least one parameter, such as em: <column>")


def _lack(pipeline: Pipeline, path: str, entry: Entry, remedy: str) -> Problem:
    names = ", ".join(dict.fromkeys(_columns(entry)))
    what = f"the query has no column that the preset {pipeline.settings.preset} knows for it ({names})"
    return Problem(file=pipeline.file, path=f"mapping.{path}", what=what, remedy=f"map {remedy}")


def _columns(entry: Entry) -> Iterator[str]:
    match entry:
        case WhenPresent(entry=inner):
            yield from _columns(inner)
        case Column(column=name) | Items(source=name):
            yield name
        case FirstOf(first_of=entries) | AllOf(entries=entries):
            for inner in entries:
                yield from _columns(inner)


def is_envelope(column: str, envelope: Collection[str]) -> bool:
    """Return whether tables of the preset's kind hold `column` beside the properties of the event."""
    return any(fnmatchcase(column.casefold(), pattern) for pattern in envelope)
