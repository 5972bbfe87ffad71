"""`mapping:` of a pipeline: the four groups, their long and short names, objects flattened with dots."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from syncer.config.document import Node
from syncer.config.entries import ORIGINS, EntryReader, unknown_parameter
from syncer.config.presets import is_packaged
from syncer.config.problems import Place, nearest, quoted
from syncer.config.sections import Reader, shape
from syncer.pipeline import Entry, Mapping, WhenPresent
from syncer.spec.fields import EXTINFO_PLACES, Group, Parameter, names, parameter, short_name
from syncer.spec.limits import PROPERTY_NAME_CHARACTERS

GROUPS = ("server_event", "customer_info", "custom_data", "user_defined")
META_GROUPS = {
    "server_event": Group.SERVER_EVENT,
    "customer_info": Group.CUSTOMER_INFO,
    "custom_data": Group.CUSTOM_DATA,
}
ELSEWHERE = {"user_data": "customer_info", "custom_data": "custom_data"}
"""Objects of Meta's event that are groups of their own here."""
OTHER_NAMES = {"user_data": "customer_info", "custom_properties": "user_defined", "event": "server_event"}
REST = "*"


@dataclass(slots=True)
class MappingReader:
    """Reads one `mapping:`; keeps where each parameter was written."""

    reader: Reader
    places: dict[str, Place] = field(default_factory=dict)
    """Dotted path with Meta's short names, such as `mapping.customer_info.em`, to its place."""

    def read(self, node: Node | None) -> Mapping:
        """Return the mapping; parameters that are wrong are left out and become problems."""
        found: dict[str, dict[str, Entry]] = {group: {} for group in GROUPS}
        if node is None:
            return Mapping(server_event={}, customer_info={})
        problems = self.reader.problems
        if not node.is_map:
            problems.at(node, f"{shape(node)} is not a map", f"write the groups {', '.join(GROUPS)}")
        for key in node.entries:
            if key in OTHER_NAMES:
                problems.key(node, key, f"unknown key {quoted(key)}", f'did you mean "{OTHER_NAMES[key]}"?')
        problems.unknown(node.without(*OTHER_NAMES), GROUPS)
        for group in GROUPS:
            child = node.get(group)
            if child and not child.is_map:
                problems.at(child, f"{shape(child)} is not a map", "write `parameter: column`")
            elif child and group == "user_defined":
                found[group] = self._user_defined(child)
            elif child:
                found[group] = self._group(child, group)
        return Mapping(
            server_event=found["server_event"],
            customer_info=found["customer_info"],
            custom_data=found["custom_data"],
            user_defined=found["user_defined"],
            rest=self._has_rest(node.get("user_defined")),
        )

    def _group(self, node: Node, group: str) -> dict[str, Entry]:
        """Return the entries of one of Meta's groups by short name."""
        found: dict[str, Entry] = {}
        written: dict[str, str] = {}
        for owner, key, name, child in self._flat(node, group, ""):
            short = short_name(META_GROUPS[group], name)
            wanted = parameter(META_GROUPS[group], name)
            if short is None or wanted is None:
                self._unknown(owner, key, name, group)
                continue
            if short in written:
                what = f"is the same parameter as {quoted(written[short])}"
                self.reader.problems.key(owner, key, what, "keep one of them; a list parameter takes [a, b]")
                continue
            written[short] = name
            self.places[f"mapping.{group}.{short}"] = child.place
            if self._is_mappable(owner, key, child, wanted, group=group):
                entry = EntryReader(self.reader, wanted).read(child)
                if entry is not None:
                    found[short] = WhenPresent(entry=entry) if is_packaged(child.place) else entry
        return found

    def _flat(self, node: Node, group: str, prefix: str) -> Iterator[tuple[Node, str, str, Node]]:
        """Yield (map, key, dotted name, value) of every parameter; objects are stepped into."""
        for key, child in node.entries.items():
            name = f"{prefix}{key}"
            if child.is_map and self._is_object(child, name, group):
                yield from self._flat(child, group, f"{name}.")
            else:
                yield node, key, name, child

    def _is_object(self, node: Node, name: str, group: str) -> bool:
        """Return whether the map at `name` holds parameters instead of being an entry."""
        wanted = parameter(META_GROUPS[group], name)
        is_free = wanted is not None and wanted.type == "object" and wanted.fields_in is None
        if is_free and any(key in node.entries for key in ORIGINS):
            return False
        return bool(_dotted_below(group, name))

    def _is_mappable(self, owner: Node, key: str, child: Node, wanted: Parameter, *, group: str) -> bool:
        problems = self.reader.problems
        if group == "server_event" and key in ELSEWHERE:
            remedy = f"put its parameters under mapping.{ELSEWHERE[key]}"
            problems.key(owner, key, "is a group of its own here", remedy)
        elif wanted.fields_in is Group.EXTINFO:
            places = ", ".join(EXTINFO_PLACES[:5])
            problems.at(child, f"{shape(child)}, but extinfo takes named places", f"write {{{places}, ...: column}}")
        elif wanted.fields_in not in (None, Group.CONTENTS_ITEM):
            inside = ", ".join(_inside(wanted))
            problems.at(
                child, f"{shape(child)}, but {wanted.name} takes a map of its parameters", f"parameters: {inside}"
            )
        else:
            return True
        return False

    def _unknown(self, node: Node, key: str, name: str, group: str) -> None:
        outer = name.removesuffix(key)
        known = tuple(each.removeprefix(outer) for each in names(META_GROUPS[group]) if each.startswith(outer))
        near = nearest(key, known)
        home = _other_home(name, group)
        if key in GROUPS:
            remedy = "it is a group of its own; it belongs in mapping"
        elif home and near is None:
            remedy = f"it belongs in mapping.{home}"
        else:
            remedy = unknown_parameter(key, known, group=group)
        self.reader.problems.key(node, key, f"Meta has no parameter {quoted(key)} here", remedy)

    def _user_defined(self, node: Node) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for key, child in node.entries.items():
            self.places[f"mapping.user_defined.{key}"] = child.place
            if key == REST:
                self._check_rest(child)
            elif self._is_free(node, key) and (entry := EntryReader(self.reader, None).read(child)):
                found[key] = entry
        return found

    def _is_free(self, node: Node, key: str) -> bool:
        problems = self.reader.problems
        if short := short_name(Group.CUSTOM_DATA, key):
            what = f"is Meta's parameter {quoted(short)}"
            problems.key(node, key, what, "move it to mapping.custom_data")
        elif not key.strip() or len(key) > PROPERTY_NAME_CHARACTERS:
            what = f"a name of {len(key)} characters" if key.strip() else "the name is blank"
            problems.key(node, key, what, f"use 1 to {PROPERTY_NAME_CHARACTERS} characters")
        else:
            return True
        return False

    def _check_rest(self, node: Node) -> None:
        if node.value != "rest":
            what = f'{shape(node)}, but "*" takes the word rest'
            self.reader.problems.at(node, what, 'write "*": rest, for every column that nothing else uses')

    @staticmethod
    def _has_rest(node: Node | None) -> bool:
        return node is not None and (rest := node.get(REST)) is not None and rest.value == "rest"


def _dotted_below(group: str, name: str) -> tuple[str, ...]:
    """Return the parameters that `name.` steps into."""
    short = short_name(META_GROUPS[group], name) or name
    return tuple(known for known in names(META_GROUPS[group]) if known.startswith(f"{short}."))


def _inside(wanted: Parameter) -> tuple[str, ...]:
    return names(wanted.fields_in)[:8] if wanted.fields_in else ()


def _other_home(name: str, group: str) -> str | None:
    """Return the other group that has a parameter of this name."""
    return next((other for other, known in META_GROUPS.items() if other != group and short_name(known, name)), None)
