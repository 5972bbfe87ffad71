"""The smaller parts of a pipeline: cursor, consent, schedule and the rest."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncer.config.conditions import read_condition
from syncer.config.document import Node
from syncer.config.problems import suggestion
from syncer.config.sections import Reader, shape
from syncer.config.times import cron_mistake, is_time, zone_mistake
from syncer.pipeline import (
    Consent,
    Cursor,
    Json,
    LimitedDataUse,
    Pii,
    Reconcile,
    Require,
    Route,
    Schedule,
)
from syncer.spec.fields import PARAMETERS, Group, short_name, short_name_beside_persons
from syncer.spec.reasons import REASONS
from syncer.spec.text import trim

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
NAME_RULE = "use 1 to 64 letters, digits, _ and -, a letter or digit first: names go into files, addresses and ids"
TEST_KEYS = ("name", "now", "rows", "expect", "expect_rejected")


def read_name(node: Node, reader: Reader, *, what: str) -> str | None:
    """Return a name that may go into files, addresses and ids."""
    text = reader.text(node, what=what)
    if text is not None and not NAME.fullmatch(text):
        reader.problems.at(node, f"{shape(node)} cannot be a name", NAME_RULE)
        return None
    return text


def read_cursor(node: Node | None, reader: Reader) -> Cursor | None:
    """Return the cursor, from a column's name or {column, lookback}."""
    if node is None:
        return None
    if node.is_map:
        found = reader.section(Cursor, node)
        if found is not None and not found.column.strip():
            reader.problems.at(node.entries["column"], "is blank", "name the column whose value only grows")
        return found
    column = reader.text(node, what="the name of a column")
    return Cursor(column=column) if column else None


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where a pipeline's events go."""

    names: tuple[str, ...] = ()
    route: Route | None = None


def read_destinations_of(node: Node, known: Collection[str], reader: Reader) -> Destinations:
    """Return one destination, several, or a route by a column's value."""
    if not node.is_map:
        names = reader.texts(node, what="the name of a destination")
        for item in node.items if node.is_list else [node]:
            _check_known(item, known, reader)
        return Destinations(names)
    route = reader.section(Route, node)
    if route is None:
        return Destinations()
    if not route.map:
        reader.problems.at(node.entries["map"], "an empty map", "write {value: destination}")
    for child in node.entries["map"].entries.values():
        _check_known(child, known, reader)
    return Destinations(tuple(dict.fromkeys(route.map.values())), route)


def refuse_one_dataset(node: Node, names: Sequence[str], datasets: Mapping[str, str], reader: Reader) -> None:
    """Note destinations of one pipeline that are the same dataset, as far as that is known here."""
    for number, name in enumerate(names):
        others = [other for other in names[:number] if name in datasets and datasets.get(other) == datasets[name]]
        if others:
            what = f"{others[0]} and {name} are the same dataset, which would get events twice"
            reader.problems.at(node, what, "name one of them")


def _check_known(node: Node, known: Collection[str], reader: Reader) -> None:
    if isinstance(node.value, str) and node.value.strip():
        check_known(
            node, reader.secrets.text(node) if "${" in node.value else node.value, known, reader, noun="destination"
        )


def check_known(node: Node, name: str, known: Collection[str], reader: Reader, *, noun: str) -> None:
    """Note a source or destination that `syncer.yaml` does not have."""
    if name not in known:
        remedy = suggestion(name, sorted(known), noun=f"{noun}s")
        reader.problems.at(node, f"there is no {noun} {shape(node)} in syncer.yaml", remedy)


def read_consent(node: Node | None, reader: Reader) -> Consent | None:
    """Return which rows may be sent."""
    if node is None:
        return None
    reader.problems.left_blank(node, ("category",))
    category = node.get("category")
    if category is not None and isinstance(category.value, int) and not isinstance(category.value, bool):
        text = Node(str(category.value), category.place, category.path)
        node = Node({**node.entries, "category": text}, node.place, node.path, node.keys)
    found = reader.section(Consent, node)
    applies_to = read_condition(node.get("applies_to"), reader)
    if found is None:
        return None
    if not found.column.strip():
        reader.problems.at(node.entries["column"], "is blank", "name the column with the consent")
    if found.category is not None and not trim(found.category):
        what = "is blank, as the gap in a list such as `1,,3` is"
        reader.problems.at(node.entries["category"], what, "name the category, or take the key out")
    return replace(found, applies_to=applies_to)


def read_limited_data_use(node: Node | None, reader: Reader) -> LimitedDataUse | None:
    """Return which events carry the flag."""
    if node is None:
        return None
    found = reader.section(LimitedDataUse, node)
    when = read_condition(node.get("when"), reader)
    if found is None:
        return None
    for key, value in (("country", found.country), ("state", found.state)):
        allowed = PARAMETERS[Group.SERVER_EVENT][f"data_processing_options_{key}"].allowed
        if isinstance(value, str) and not value.strip():
            reader.problems.at(node.entries[key], "is blank", "write a number of Meta's, or a column")
        elif isinstance(value, str) and value.strip().isdecimal():
            what, remedy = f"{shape(node.entries[key])} is a text and so a column", "write the number without quotes"
            reader.problems.at(node.entries[key], what, remedy)
        if isinstance(value, int) and value not in allowed:
            known = ", ".join(str(number) for number in allowed)
            reader.problems.at(
                node.entries[key], f"{value} is no {key} of Meta's", f"write one of {known}, or a column"
            )
    if isinstance(found.state, int) and found.state and found.country == 0:
        reader.problems.at(node.entries["state"], "a state needs its country", "add country: 1")
    return replace(found, when=when)


def read_require(node: Node | None, reader: Reader) -> tuple[Require, ...]:
    """Return which match keys an event must have, of one map or a list of them; names become Meta's short ones."""
    if node is None:
        return ()
    if node.is_list and not node.items:
        reader.problems.at(node, "the list is empty", "write {any: [em, ph], count: 1}, or several of these")
    found = [_require(item, reader) for item in (node.items if node.is_list else [node])]
    return tuple(each for each in found if each)


def _require(node: Node, reader: Reader) -> Require | None:
    found = reader.section(Require, node)
    if found is None:
        return None
    names = [short_name(Group.CUSTOMER_INFO, name) for name in found.any]
    for name, short, child in zip(found.any, names, node.entries["any"].items, strict=True):
        if short is None:
            known = PARAMETERS[Group.CUSTOMER_INFO]
            remedy = suggestion(name, known, noun="parameters")
            reader.problems.at(child, f"customer_info has no parameter {shape(child)}", remedy)
    keys = tuple(dict.fromkeys(name for name in names if name))
    if not found.any:
        reader.problems.at(node.entries["any"], "the list is empty", "name parameters of customer_info: [em, ph]")
    elif all(names) and found.count > len(keys):
        child = node.entries.get("count", node)
        reader.problems.at(
            child, f"{found.count} of {len(keys)} keys can never be there", "lower count, or name more keys"
        )
    return replace(found, any=keys)


def read_pii(node: Node | None, reader: Reader, *, properties: Collection[str], file: Path) -> Pii:
    """Return what happens to personal data in the wrong place; names become Meta's short ones.

    `properties` are the keys of user_defined; with `*` among them, names may also be those of columns, which are left
    to those who know these.
    A name that is not written in the pipeline's own `file` may be meant for another pipeline.
    """
    found = reader.section(Pii, node) or Pii()
    known = {name: name if name in properties else short_name_beside_persons(name) for name in found.allow}
    for name, child in zip(found.allow, node.at(("allow",)).items if node else (), strict=False):
        if known[name] is None and "*" not in properties and child.place.file == file:
            remedy = suggestion(name, (*properties, *PARAMETERS[Group.CUSTOM_DATA], "event_id"), noun="names")
            reader.problems.at(child, f"{shape(child)} is no parameter or property that is looked at", remedy)
    written = found.allow if "*" in properties else ()
    return replace(found, allow=tuple(dict.fromkeys((*(short or name for name, short in known.items()), *written))))


def read_schedule(node: Node | None, reader: Reader) -> Schedule | None:
    """Return when the daemon runs the pipeline."""
    found = reader.section(Schedule, node) if node else None
    if found is None or node is None:
        return None
    problems = reader.problems
    if bool(node.get("cron")) == bool(node.get("every")):
        what = "has both cron and every" if node.get("cron") else "has neither cron nor every"
        problems.at(node, what, 'write {cron: "*/15 * * * *"} or {every: 15m}')
    if found.cron is not None and (mistake := cron_mistake(found.cron)):
        reader.mistake(node.entries["cron"], mistake)
    if found.every == 0:
        problems.at(node.entries["every"], "0 would run without end", "write a duration such as 15m")
    if mistake := zone_mistake(found.timezone):
        reader.mistake(node.entries["timezone"], mistake)
    if found.every and found.jitter >= found.every:
        problems.at(node.entries["jitter"], "is not shorter than every", "shorten it")
    return found


def read_reconcile(node: Node | None, reader: Reader) -> Reconcile:
    """Return how often keys are compared with the ledger."""
    found = reader.section(Reconcile, node) or Reconcile()
    if found.every == 0 and node is not None:
        reader.problems.at(
            node.entries["every"], "0 would compare without end", "write a duration such as 24h, or null"
        )
    return found


def read_tests(node: Node | None, reader: Reader) -> tuple[dict[str, Json], ...]:
    """Return the pipeline's own tests, checked in shape."""
    if node is None:
        return ()
    if not node.is_list:
        reader.problems.at(
            node, f"{shape(node)} is no list of tests", "write [{name: ..., rows: [...], expect: [...]}]"
        )
    names: set[str] = set()
    for item in node.items:
        _check_test(item, reader, names)
    plain = [reader.plain(item) for item in node.items]
    return tuple(test for test in plain if isinstance(test, dict))


def _check_test(node: Node, reader: Reader, names: set[str]) -> None:
    problems = reader.problems
    if not node.is_map:
        problems.at(node, f"{shape(node)} is no test", "write {name: ..., rows: [...], expect: [...]}")
        return
    problems.unknown(node, TEST_KEYS)
    name = reader.text(child, what="a sentence") if (child := node.get("name")) else None
    if "name" not in node.entries:
        problems.missing(node, "name", "add a sentence that says what holds")
    if name in names:
        problems.at(node.entries["name"], f"the test {shape(node.entries['name'])} exists already", "names are unique")
    names.add(name or "")
    if (now := node.get("now")) and not is_time(now.value):
        problems.at(now, f"{shape(now)} is no time", "write the moment of the test, such as 2026-11-20T10:00:00Z")
    if "rows" not in node.entries:
        problems.missing(node, "rows", "add the rows: [{column: value}]")
    if not (node.get("expect") or node.get("expect_rejected")):
        problems.missing(node, "expect", "add expect: [...] or expect_rejected: [{key: ..., reason: ...}]")
    for key in ("rows", "expect", "expect_rejected"):
        if child := node.get(key):
            _check_rows(child, reader)
    for item in child.items if (child := node.get("expect_rejected")) else ():
        _check_reason(item, reader)


def _check_rows(node: Node, reader: Reader) -> None:
    if not node.is_list:
        reader.problems.at(node, f"{shape(node)} is no list", "write [{...}, {...}]")
    for item in node.items:
        if not item.is_map:
            reader.problems.at(item, f"{shape(item)} is no map", "write {column: value}")


def _check_reason(node: Node, reader: Reader) -> None:
    reader.problems.unknown(node, ("key", "reason"))
    reason = node.get("reason")
    if reason and (not isinstance(reason.value, str) or reason.value not in REASONS):
        what = f"{shape(reason)} is no reason"
        reader.problems.at(reason, what, suggestion(str(reason.value), tuple(REASONS), noun="reasons"))
