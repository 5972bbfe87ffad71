"""One entry of the mapping: a column's name, a list, or a map that says where a value comes from."""

import re
from dataclasses import dataclass, fields
from typing import Any

from syncer.config.constants import check_constant
from syncer.config.document import Node
from syncer.config.problems import MOST_KNOWN, Problems, nearest, suggestion
from syncer.config.secrets import has_reference
from syncer.config.sections import Reader, field_names, shape
from syncer.pipeline import AllOf, Column, Constant, Entry, FirstOf, Items, Modifiers, Sql
from syncer.spec.birth import ORDERS as DAY_ORDERS
from syncer.spec.fields import PARAMETERS, Group, Parameter
from syncer.spec.values import TIMES

ORIGINS = ("column", "value", "first_of", "sql", "from")
"""The keys that say where a value comes from; an entry has exactly one."""
PARTS = ("cookie", "query_parameter", "path")
"""The keys that take a part of a column; a column has at most one."""
NAMES = ("column", "sql", *PARTS, "clicked_at", "country_column", "template", "format")
"""Keys whose text must not be blank."""
INDEX = r"""\[(?:-?[0-9]{1,6}|"[^"]*"|'[^']*')\]"""
JSON_PATH = re.compile(rf"""(?:[^.\[\]"']+|{INDEX})(?:\.[^.\[\]"']+|{INDEX})*""")
DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
DATE_LETTERS = "aAbBdfHIjmMpSyYzZ%"
WITH_COUNTRY = frozenset({"ph", "st", "zp"})
DATES = TIMES | {"db"}
BEFORE = frozenset({"event_name", "event_time", "action_source"})
"""Parameters that are read before it is known which event a row gives."""
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class EntryReader:
    """Reads the entries of one parameter; None as parameter is a property of the user's own."""

    reader: Reader
    parameter: Parameter | None

    @property
    def problems(self) -> Problems:
        """Where mistakes go."""
        return self.reader.problems

    @property
    def name(self) -> str:
        """The parameter, for messages."""
        return self.parameter.name if self.parameter else "a property of your own"

    def read(self, node: Node) -> Entry | None:
        """Return the entry of `node`; None where it is wrong."""
        if not node.is_list:
            return self._single(node, 0)
        if self.parameter is None or not self.parameter.is_list:
            what = f"a list, but {self.name} takes one value"
            self.problems.at(node, what, "write one column, or {first_of: [...]} for the first that is not blank")
            return None
        if not node.items:
            self.problems.at(node, "the list is empty", "name a column, or write {value: []} to send an empty list")
            return None
        entries = [self._single(item, 1) for item in node.items]
        return AllOf(entries=tuple(entry for entry in entries if entry))

    def _single(self, node: Node, depth: int) -> Entry | None:
        if depth > DEEPEST:
            self.problems.at(node, f"nested more than {DEEPEST} levels deep", "flatten it")
        elif node.is_map:
            return self._from_map(node, depth)
        elif node.is_list:
            self.problems.at(node, "a list inside a list", "name the columns one by one")
        elif isinstance(node.value, str):
            column = self.reader.text(node, what="the name of a column")
            return Column(column=column) if column else None
        elif node.value is None:
            self.problems.at(node, "says not where the value comes from", "name a column, or write {value: ...}")
        else:
            remedy = f"for a constant write {{value: {shape(node)}}}; quote the name of a column"
            self.problems.at(node, f"{shape(node)} is no name of a column", remedy)
        return None

    def _from_map(self, node: Node, depth: int) -> Entry | None:
        given = [key for key in ORIGINS if key in node.entries]
        if len(given) != 1:
            self._unclear(node, given)
            return None
        match given[0]:
            case "column":
                return self._column(node)
            case "value":
                return self._constant(node)
            case "first_of":
                return self._first_of(node, depth)
            case "sql":
                return self._sql(node)
        return self._items(node, depth)

    def _unclear(self, node: Node, given: list[str]) -> None:
        if given:
            both = " and ".join(given)
            self.problems.at(node, f"has {both}, which are different origins", "keep one of them")
            return
        known = dict.fromkeys((*ORIGINS, *field_names(Column)))
        if all(nearest(key, ORIGINS) is None for key in node.entries if key not in known):
            remedy = f"give one of {', '.join(ORIGINS)}, such as {{column: name}} or {{value: constant}}"
            self.problems.at(node, "says not where the value comes from", remedy)
        self.problems.unknown(node, known)

    def _column(self, node: Node) -> Entry | None:
        found = self.reader.section(Column, node)
        if found is None or not self._is_filled(node):
            return None
        self._check_parts(node, found)
        self._check_modifiers(node)
        return self._with_constants(found, node)

    def _constant(self, node: Node) -> Entry | None:
        self.problems.unknown(node, field_names(Constant))
        child = node.entries["value"]
        return Constant(value=check_constant(self._resolved(child), self.parameter, self.problems))

    def _first_of(self, node: Node, depth: int) -> Entry | None:
        child = node.entries["first_of"]
        if not child.items:
            self.problems.at(
                child,
                f"{'an empty list' if child.is_list else shape(child)}, not a list of entries",
                "write [column_a, column_b]",
            )
            return None
        entries = [self._single(item, depth + 1) for item in child.items]
        modifiers = self.reader.section(Modifiers, node.without("first_of"))
        self._check_modifiers(node)
        if modifiers is None or None in entries or not self._is_filled(node):
            return None
        whole = FirstOf(first_of=tuple(entry for entry in entries if entry), **_attributes(modifiers))
        return self._with_constants(whole, node)

    def _sql(self, node: Node) -> Entry | None:
        found = self.reader.section(Sql, node)
        if found is None or not self._is_filled(node):
            return None
        if ";" in found.sql:
            self.problems.at(node.entries["sql"], "holds a semicolon", "write one expression, such as `total - tax`")
        self._check_modifiers(node)
        return self._with_constants(found, node)

    def _items(self, node: Node, depth: int) -> Entry | None:
        if depth or self.parameter is None or self.parameter.fields_in is not Group.CONTENTS_ITEM:
            self.problems.key(node, "from", "has a meaning for contents only", "write {column: ...}")
            return None
        known = PARAMETERS[Group.CONTENTS_ITEM]
        self.problems.unknown(node, ("from", *known))
        source = self.reader.text(node.entries["from"], what="the name of a column")
        given = {name: child for name, child in node.entries.items() if name in known}
        names = {name: self.reader.text(child, what="a name inside the items") for name, child in given.items()}
        if "id" not in node.entries:
            self.problems.missing(node, "id", "add what names the product inside an item: `id: product_id`")
        for name, text in names.items():
            if text and not JSON_PATH.fullmatch(text):
                self.problems.at(
                    node.entries[name], f"{shape(node.entries[name])} is no path", "write it as name, or a.b[0]"
                )
        return Items(source=source, fields={name: text for name, text in names.items() if text}) if source else None

    def _resolved(self, node: Node) -> Node:
        """Return a constant with its references resolved."""
        if isinstance(node.value, str):
            value = self.reader.secrets.text(node) if has_reference(node.value) else node.value
            return Node(value, node.place, node.path, written=node.value)
        return node

    def _is_filled(self, node: Node) -> bool:
        """Return whether no text of the entry itself is blank."""
        blank = [
            child
            for key, child in node.entries.items()
            if key in NAMES and isinstance(child.value, str) and not child.value.strip()
        ]
        for child in blank:
            self.problems.at(child, "is blank", "write a name, or take the key out")
        return not blank

    def _check_parts(self, node: Node, found: Column) -> None:
        parts = [key for key in PARTS if node.get(key)]
        if len(parts) > 1:
            self.problems.key(node, parts[1], f"does not go with {parts[0]}", "keep one of them")
        if found.clicked_at is not None and (self.name != "fbc" or found.cookie is not None):
            remedy = (
                "use it as fbc: {column: url, query_parameter: fbclid, clicked_at: time}, or without query_parameter"
            )
            self.problems.key(node, "clicked_at", "has a meaning for an fbc made of a click id only", remedy)
        if found.path is not None and not JSON_PATH.fullmatch(found.path):
            self.problems.at(node.entries["path"], f"{shape(node.entries['path'])} is no path", "write it as a.b[0]")
        if found.template is not None and found.template.count("{}") != 1:
            what = f"{shape(node.entries['template'])} does not hold {{}} once"
            self.problems.at(node.entries["template"], what, 'write {} where the value goes: "order_{}"')

    def _check_modifiers(self, node: Node) -> None:
        hashed = self.parameter.hashed if self.parameter else None
        checks = (
            ("otherwise", node.get("map") is not None, "has a meaning beside map only", "add map, or take it out"),
            ("already_hashed", hashed in ("required", "recommended"), f"{self.name} is never hashed", "take it out"),
            ("hash", self._may_stay_plain(node, hashed), f"{self.name} is {self._hash_rule(hashed)}", "take it out"),
            ("country_column", self.name in WITH_COUNTRY, "has a meaning for ph, st and zp only", "take it out"),
            ("format", self.name in DATES, f"{self.name} is no date or time", "take it out"),
            ("only_for", not self._is_first(), f"{self.name} is read before the event has its name", "take it out"),
        )
        for key, is_right, what, remedy in checks:
            if node.get(key) is not None and not is_right:
                self.problems.key(node, key, what, remedy)
        if (events := node.get("only_for")) and events.is_list and not events.items:
            self.problems.at(events, "the list is empty", "name events, such as [Purchase], or take the key out")
        if isinstance(form := node.get("format"), Node) and isinstance(form.value, str):
            self._check_format(form, form.value)

    def _is_first(self) -> bool:
        wanted = self.parameter
        return wanted is not None and wanted.group is Group.SERVER_EVENT and wanted.name in BEFORE

    def _may_stay_plain(self, node: Node, hashed: str | None) -> bool:
        wants_hash = node.entries["hash"].value is True if "hash" in node.entries else True
        return hashed == "recommended" or (hashed == "required" and wants_hash)

    @staticmethod
    def _hash_rule(hashed: str | None) -> str:
        return "always hashed: Meta takes no plain value" if hashed == "required" else "never hashed"

    def _check_format(self, node: Node, text: str) -> None:
        if self.name == "db" and text in DAY_ORDERS:
            return
        unknown = [letter for letter in DIRECTIVE.findall(text) if letter not in DATE_LETTERS or not letter]
        if unknown or not DIRECTIVE.search(text):
            what = f"{shape(node)} is no format of a date or time"
            self.problems.at(node, what, "use strptime's letters, such as %d/%m/%Y or %Y-%m-%d %H:%M:%S")

    def _with_constants(self, entry: Any, node: Node) -> Entry:
        """Check the values that `default` and `map` put in place of the column's."""
        if default := node.get("default"):
            check_constant(self._resolved(default), self.parameter, self.problems)
        replaced = node.get("map")
        for child in replaced.entries.values() if replaced else ():
            if child.value is not None:
                check_constant(self._resolved(child), self.parameter, self.problems)
        found: Entry = entry
        return found


def _attributes(modifiers: Modifiers) -> dict[str, Any]:
    return {field.name: getattr(modifiers, field.name) for field in fields(modifiers)}


def unknown_parameter(word: str, names: tuple[str, ...], *, group: str) -> str:
    """Return the remedy for a parameter that Meta does not know."""
    if nearest(word, names) or len(names) <= MOST_KNOWN:
        return suggestion(word, names, noun="parameters")
    elsewhere = "; a property of your own goes in user_defined" if group == "custom_data" else ""
    return f"`syncer fields {group}` lists them{elsewhere}"
