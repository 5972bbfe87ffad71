"""A pipeline file as a `Pipeline`."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from syncer.config import parts
from syncer.config.document import Node
from syncer.config.groups import GROUPS, META_GROUPS, MappingReader
from syncer.config.needs import check_needs
from syncer.config.only_for import check_only_for
from syncer.config.presets import ENVELOPE, PRESETS, preset
from syncer.config.problems import KeyPath, Place, Problems
from syncer.config.queries import ORIGINS, read_query
from syncer.config.rules import RulesReader
from syncer.config.sections import Reader, shape
from syncer.config.settings import read_settings, settle
from syncer.config.times import start_mistake
from syncer.pipeline import AlertRules, Delivery, Json, Pii, Pipeline, Rejects, Tolerate, mappings_of
from syncer.pipeline import Mapping as Groups
from syncer.spec.fields import short_name

OWN_KEYS = ("version", "name", "description", *ORIGINS, "tests")
"""Keys that only make sense in a pipeline's own file."""
SHARED_KEYS = (
    "tags",
    "enabled",
    "source",
    "key",
    "start",
    "cursor",
    "destination",
    "settings",
    "mapping",
    "events",
    "consent",
    "limited_data_use",
    "require",
    "pii",
    "schedule",
    "reconcile",
    "rejects",
    "tolerate",
    "delivery",
    "alerts",
)
"""Keys that `defaults:` may give to every pipeline."""
KEYS = (*OWN_KEYS, *SHARED_KEYS)
MERGED_KEYS = ("settings", "delivery", "pii", "reconcile", "rejects", "tolerate", "alerts")
"""Maps whose keys are taken one by one from `defaults:`; `mapping` is too, all else is taken whole."""
GUARDS = ("consent", "limited_data_use", "require", "events")
"""Keys without which more is sent: one that is left blank is not taken for one that is not there."""
NOT_PRINTED = ("file", "fingerprint", "places", "description", "tags", "tests")
"""What changes nothing about what is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the project a pipeline needs to know."""

    sources: Collection[str]
    destinations: Collection[str]
    datasets: Mapping[str, str]
    """The dataset of each destination at Meta, as it is written."""
    defaults: Node | None = None
    alerts: Node | None = None
    """The project's own `alerts.when`."""


def with_defaults(node: Node, defaults: Node | None) -> Node:
    """Return the pipeline laid over `defaults`."""
    if defaults is None or not defaults.is_map:
        return node
    merged = {**defaults.entries, **node.entries}
    for key in MERGED_KEYS:
        if key in node.entries and key in defaults.entries:
            merged[key] = node.entries[key].over(defaults.entries[key], depth=2)
    if (own := node.entries.get("mapping")) and (base := defaults.entries.get("mapping")):
        merged["mapping"] = _mapping_over(own, base)
    return Node(merged, node.place, node.path, {**defaults.keys, **node.keys})


def refuse_blanks(own: Node, base: Node | None, problems: Problems, within: KeyPath = ()) -> None:
    """Note what is left blank in `own` over a value of `base`, the layer below: that would be gone; null is a value."""
    under = {} if base is None else {_alike(key, within): node for key, node in base.entries.items()}
    for key, child in own.entries.items():
        below = under.get(_alike(key, within))
        if below is None or below.value is None:
            continue
        if child.is_left_blank and (*within, key) != ("mapping",):  # a mapping that is blank as a whole hides nothing
            what = f"is left blank, but {below.place.file}:{below.place.line} gives a value"
            problems.at(child, what, "take the key out to keep that, or write null where nothing is meant")
        refuse_blanks(child, below, problems, (*within, key))


def _alike(key: str, within: KeyPath) -> str:
    """Return the name by which a key is the same in two layers: parameters have long and short ones."""
    match within:
        case ("mapping", str(group)):
            return _short(group, key)
    return key


def _mapping_over(own: Node, base: Node) -> Node:
    """Return one mapping over another, entry by entry; null takes an entry out, long names hide short ones."""
    groups: dict[str, Node] = {}
    for group in GROUPS:
        over, under = own.entries.get(group), base.entries.get(group)
        if over is not None and under is not None and over.is_map and under.is_map:
            hidden = {_short(group, name) for name in over.entries}
            kept = under.without(*(name for name in under.entries if _short(group, name) in hidden))
            dropped = {name for name, child in over.entries.items() if child.value is None}
            had = {_short(group, name) for name in under.entries}
            groups[group] = over.over(kept, depth=1).without(*(name for name in dropped if _short(group, name) in had))
    return Node({**base.entries, **own.entries, **groups}, own.place, own.path, {**base.keys, **own.keys})


def _short(group: str, name: str) -> str:
    return (short_name(META_GROUPS[group], name) if group in META_GROUPS else None) or name


@dataclass(slots=True)
class PipelineReader:
    """Reads one pipeline file."""

    reader: Reader
    around: Surroundings
    mapping: MappingReader = field(init=False)
    rules: RulesReader = field(init=False)

    def __post_init__(self) -> None:
        self.mapping = MappingReader(self.reader)
        self.rules = RulesReader(self.reader, _mapping_over, self.mapping)

    @property
    def problems(self) -> Problems:
        """Where mistakes go."""
        return self.reader.problems

    def read(self, own: Node, *, file: Path) -> Pipeline | None:
        """Return the pipeline, or None where something it cannot do without is wrong."""
        if not own.is_map:
            what = "the file is empty" if own.value is None else f"{shape(own)}, but a pipeline is a map"
            self.problems.at(own, what, "begin with `name: ...`; `syncer init` writes an example")
            return None
        for group in (key for key in GROUPS if key in own.entries):
            self.problems.key(own, group, f'unknown key "{group}"', "it belongs in mapping")
        self.problems.unknown(own.without(*GROUPS), KEYS)
        check_version(own, self.reader)
        refuse_blanks(own, self.around.defaults, self.problems)
        node = self._with_preset(with_defaults(own, self.around.defaults))
        self.problems.left_blank(node, GUARDS)
        mapping = self._mapping(node)
        settings = read_settings(node.get("settings"), self.reader)
        for rule in node.at(("events",)).items:
            if own_mapping := rule.get("mapping"):
                refuse_blanks(own_mapping, node.get("mapping"), self.problems, ("mapping",))
        events = self.rules.read(node.get("events"), node.get("mapping"))
        places = {**self.rules.places, **self.mapping.places}
        check_only_for(mapping, events, places, file=own.place.file, problems=self.problems)
        destinations = self._destinations(node)
        pipeline = Pipeline(
            name=self._name(node) or "",
            source=self._source(node) or "",
            query=read_query(node, self.reader, folder=file.parent) or "",
            key=self._key(node),
            start=self._start(node) or "",
            destinations=destinations.names,
            route=destinations.route,
            mapping=mapping,
            events=events,
            settings=settle(settings, mappings_of(mapping, events), node, self.reader),
            file=file,
            fingerprint="",
            **self._simple(node),
            **self._sections(node),
            pii=self._pii(node, own.place.file),
        )
        self._check_required(node, pipeline)
        if not self._has_mistakes(own):
            check_needs(pipeline, node, self.problems)
        return replace(pipeline, fingerprint=fingerprint(pipeline), places=self._places(node))

    def _has_mistakes(self, own: Node) -> bool:
        """Return whether something is wrong where the pipeline is written, whichever target or pipeline it was told for."""
        files = {node.place.file for node in (own, self.around.defaults) if node is not None}
        return any(each.file in files for each in self.problems.found())

    def _with_preset(self, node: Node) -> Node:
        """Return the pipeline laid over the preset that it names."""
        child = (node.get("settings") or node).get("preset")
        name = None if child is None else self.reader.plain(child)
        if not (isinstance(name, str) and name in PRESETS):
            return node
        refuse_blanks(node, preset(name), self.problems)
        return with_defaults(node, preset(name))

    def _mapping(self, node: Node) -> Groups:
        envelope = node.get(ENVELOPE)
        found = self.mapping.read(node.get("mapping"))
        return found if envelope is None else replace(found, envelope=tuple(str(each.value) for each in envelope.items))

    def _name(self, node: Node) -> str | None:
        if child := node.get("name"):
            return parts.read_name(child, self.reader, what="a name")
        self.problems.missing(node, "name", "add a name; it is the identity of the pipeline's state and event ids")
        return None

    def _source(self, node: Node) -> str | None:
        if not (child := node.get("source")):
            remedy = f"add one of {', '.join(sorted(self.around.sources)) or 'the sources of syncer.yaml'}"
            self.problems.missing(node, "source", remedy)
            return None
        name = self.reader.text(child, what="the name of a source")
        if name is not None:
            parts.check_known(child, name, self.around.sources, self.reader, noun="source")
        return name

    def _destinations(self, node: Node) -> parts.Destinations:
        child = node.get("destination")
        if child is None:
            remedy = f"add one of {', '.join(sorted(self.around.destinations)) or 'the destinations of syncer.yaml'}"
            self.problems.missing(node, "destination", remedy)
            return parts.Destinations()
        found = parts.read_destinations_of(child, self.around.destinations, self.reader)
        parts.refuse_one_dataset(child, found.names, self.around.datasets, self.reader)
        return found

    def _key(self, node: Node) -> tuple[str, ...]:
        if child := node.get("key"):
            return self.reader.texts(child, what="the name of a column")
        self.problems.missing(node, "key", "add the column, or list of columns, that is unique in each row")
        return ()

    def _start(self, node: Node) -> str | None:
        remedy = "add now, window, beginning, a time ago such as -3d, or a date; older events are never sent"
        if not (child := node.get("start")):
            self.problems.missing(node, "start", remedy)
            return None
        text = self.reader.text(child, what="a start")
        if text is not None and (mistake := start_mistake(text)):
            self.reader.mistake(child, mistake)
        return text

    def _simple(self, node: Node) -> dict[str, Any]:
        reader = self.reader
        found: dict[str, Any] = {"cursor": parts.read_cursor(node.get("cursor"), reader)}
        if child := node.get("description"):
            found["description"] = reader.text(child) or ""
        if child := node.get("tags"):
            found["tags"] = reader.texts(child, what="a tag") if child.items or not child.is_list else ()
        if child := node.entries.get("enabled"):
            found["enabled"] = reader.flag(child) is not False
        return found

    def _sections(self, node: Node) -> dict[str, Any]:
        reader = self.reader
        return {
            "delivery": reader.section(Delivery, node.get("delivery")) or Delivery(),
            "consent": parts.read_consent(node.get("consent"), reader),
            "limited_data_use": parts.read_limited_data_use(node.get("limited_data_use"), reader),
            "require": parts.read_require(node.get("require"), reader),
            "schedule": parts.read_schedule(node.get("schedule"), reader),
            "reconcile": parts.read_reconcile(node.get("reconcile"), reader),
            "rejects": reader.section(Rejects, node.get("rejects")) or Rejects(),
            "tolerate": reader.section(Tolerate, node.get("tolerate")) or Tolerate(),
            "tests": parts.read_tests(node.get("tests"), reader),
            "alerts": self._alerts(node.get("alerts")),
        }

    def _pii(self, node: Node, file: Path) -> Pii:
        paths = (path.partition("mapping.user_defined.") for path in (*self.mapping.places, *self.rules.places))
        properties = dict.fromkeys(name for _, found, name in paths if found)
        return parts.read_pii(node.get("pii"), self.reader, properties=properties, file=file)

    def _alerts(self, node: Node | None) -> AlertRules | None:
        if node is None:
            return None
        if not node.is_map:
            self.problems.at(node, f"{shape(node)} is not a map", "write {when: {...}}")
            return None
        self.problems.unknown(node, ("when",))
        if when := node.get("when"):
            refuse_blanks(when, self.around.alerts, self.problems)
        return self.reader.section(AlertRules, when.over(self.around.alerts, depth=1)) if when else None

    def _check_required(self, node: Node, pipeline: Pipeline) -> None:
        """Note parameters that every event needs and nothing gives."""
        if node.get("mapping") is None:
            remedy = "add server_event and customer_info; `syncer init` writes an example"
            self.problems.missing(node, "mapping", remedy)
            return
        groups = node.get("mapping") or node
        if not self._is_given(pipeline, "server_event", "event_time"):
            self._lacks(groups, "event_time", "add event_time: <column with the time of the event>")
        if not self._is_given(pipeline, "server_event", "event_name"):
            self._lacks(groups, "event_name", "add event_name: {value: Purchase}, a column, or `events:` rules")
        if not self._is_given(pipeline, "customer_info", ""):
            remedy = "map at least one parameter, such as em: email; Meta refuses events of nobody"
            place = groups.at(("customer_info",)).place
            self.problems.add(place, ("mapping", "customer_info"), "has no entry", remedy)

    def _lacks(self, groups: Node, name: str, remedy: str) -> None:
        place = groups.at(("server_event",)).place
        self.problems.add(place, ("mapping", "server_event", name), "is missing", remedy)

    def _is_given(self, pipeline: Pipeline, group: str, name: str) -> bool:
        """Return whether the mapping, or else every rule, gives a parameter whose name begins with `name`."""
        if any(path.startswith(f"mapping.{group}.{name}") for path in self.mapping.places):
            return True
        given = [getattr(rule.mapping, group) for rule in pipeline.events]
        return bool(given) and all(any(key.startswith(name) for key in entries) for entries in given)

    def _places(self, node: Node) -> dict[str, tuple[Path, int, int]]:
        places = {".".join(path): place for path, place in _written(node.without("mapping"))}
        places |= {**self.rules.places, **self.mapping.places}
        return {path: (place.file, place.line, place.column) for path, place in places.items()}


def _written(node: Node, outer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Yield the path and place of every key, inside maps too."""
    for key, (place, _) in node.keys.items():
        yield (*outer, key), place
        yield from _written(node.entries.get(key, Node(None, place)), (*outer, key))


def check_version(node: Node, reader: Reader) -> None:
    """Note a file of another version of the format."""
    version = node.entries.get("version")
    if version is not None and (version.value != 1 or isinstance(version.value, bool)):
        reader.problems.at(version, f"{shape(version)} is no version this syncer reads", "write version: 1")


def fingerprint(pipeline: Pipeline) -> str:
    """Return the SHA-256 of what the pipeline means: the same for any file name, order of keys, or comment."""
    canonical = _canonical(pipeline)
    return hashlib.sha256(json.dumps(canonical, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _canonical(value: Any) -> Json:
    if is_dataclass(value):
        # What has its default is left out, so that a new key of a later version changes nothing.
        return {
            each.name: _canonical(getattr(value, each.name))
            for each in fields(value)
            if each.name not in NOT_PRINTED and getattr(value, each.name) != each.default
        }
    if isinstance(value, dict):
        return {str(key): _canonical(child) for key, child in value.items()}
    if isinstance(value, tuple | list):
        return [_canonical(child) for child in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
