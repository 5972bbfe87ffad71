"""`events:` of a pipeline: rules that say which events a row gives."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from syncer.config.conditions import read_condition
from syncer.config.document import Node
from syncer.config.groups import MappingReader
from syncer.config.parts import read_name
from syncer.config.problems import Place
from syncer.config.sections import Reader, shape
from syncer.pipeline import Constant, EventRule, Mapping
from syncer.spec.limits import EVENT_NAME_CHARACTERS

KEYS = ("id", "name", "when", "mapping")


@dataclass(slots=True)
class RulesReader:
    """Reads the rules of one pipeline; keeps where each parameter of theirs was written."""

    reader: Reader
    over: Callable[[Node, Node], Node]
    """Lays the mapping of a rule over that of the pipeline."""
    base: MappingReader
    """Has read the mapping of the pipeline."""
    places: dict[str, Place] = field(default_factory=dict)
    """Dotted path, such as `events[2].mapping.custom_data.value`, to the place of what a rule says itself."""

    def read(self, node: Node | None, base: Node | None) -> tuple[EventRule, ...]:
        """Return the rules, each with its whole mapping; `base` is the mapping of the pipeline."""
        if node is None:
            return ()
        if not node.items:
            remedy = "write [{id: bought, name: Purchase, when: {...}}]"
            self.reader.problems.at(node, f"{shape(node)} is no list of rules", remedy)
        rules = [self._rule(item, base, f"events[{number}]") for number, item in enumerate(node.items)]
        seen: dict[str, Node] = {}
        for rule, item in zip(rules, node.items, strict=True):
            if rule is None:
                continue
            if rule.id in seen:
                what = f"the id {shape(item.at(('id',)))} is taken (line {seen[rule.id].place.line})"
                self.reader.problems.at(item.at(("id",)), what, "ids are unique")
            seen.setdefault(rule.id, item)
        return tuple(rule for rule in rules if rule)

    def _rule(self, node: Node, base: Node | None, path: str) -> EventRule | None:
        problems = self.reader.problems
        self.places[path] = node.place
        if not node.is_map:
            problems.at(node, f"{shape(node)} is no rule", "write {id: bought, name: Purchase, when: {status: paid}}")
            return None
        problems.unknown(node, KEYS)
        if not (id_node := node.get("id")):
            problems.missing(node, "id", "add an id; it is part of the identity of the rule's events")
            return None
        rule_id = read_name(id_node, self.reader, what="an id")
        name = self._name(node)
        mapping = self._mapping(node.get("mapping"), base, path)
        if name is not None:
            mapping = replace(mapping, server_event={**mapping.server_event, "event_name": Constant(value=name)})
        problems.left_blank(node, ("when",))
        when = read_condition(node.get("when"), self.reader)
        if (child := node.get("when")) and child.is_map:
            self.places |= {f"{path}.when.{name}": place for name, (place, _) in child.keys.items()}
        return EventRule(id=rule_id, name=name, when=when, mapping=mapping) if rule_id else None

    def _name(self, node: Node) -> str | None:
        child = node.get("name")
        name = self.reader.text(child, what="the name of an event") if child else None
        if child is None or name is None:
            return None
        if len(name) > EVENT_NAME_CHARACTERS:
            remedy = f"an event name has at most {EVENT_NAME_CHARACTERS}"
            self.reader.problems.at(child, f"has {len(name)} characters", remedy)
        if node.at(("mapping", "server_event")).get("event_name"):
            what = "is given twice: here, and as mapping.server_event.event_name of the rule"
            self.reader.problems.at(child, what, "keep one of them")
        return name

    def _mapping(self, own: Node | None, base: Node | None, path: str) -> Mapping:
        is_over = own is not None and base is not None and own.is_map and base.is_map
        reader = MappingReader(self.reader)
        mapping = reader.read(self.over(own, base) if is_over and own and base else own or base)
        found = {name: place for name, place in reader.places.items() if self.base.places.get(name) != place}
        self.places |= {f"{path}.{name}": place for name, place in found.items()}
        return mapping
