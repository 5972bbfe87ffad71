"""YAML text as a tree of plain values that know where they were written.

YAML 1.2 core, less what surprises: no tags, no merge keys; of numbers and booleans what `scalars` takes. The text may be
hostile: size, nesting, number of nodes and expansion of aliases are bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from yamlcore import CCoreLoader

from syncer.config.problems import KeyPath, Place, Problems, quoted
from syncer.config.scalars import scalar
from syncer.config.syntax import UNKNOWN_REMEDY, place_in, what_breaks
from syncer.pipeline import Json, Scalar

LARGEST_FILE = 1024 * 1024
DEEPEST_NESTING = 50
MOST_NODES = 20_000
MOST_ALIASED_NODES = 1_000

WRITTEN_REFERENCE = re.compile(r"\$\{[^{}\"'\r\n]*\}")
PLAIN, VEILED = "{}[],:# ", "\ue0d0\ue0d1\ue0d2\ue0d3\ue0d4\ue0d5\ue0d6\ue0d7"
VEIL, UNVEIL = str.maketrans(PLAIN, VEILED), str.maketrans(VEILED, PLAIN)
"""Inside brackets YAML ends a plain text at a brace; a reference is veiled while it is parsed, so that it needs no quotes."""
UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
NULLS = ("null", "Null", "NULL", "~")
STANDARD_TAG = "tag:yaml.org,2002:"

Value: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value of a YAML file."""

    value: Value
    place: Place
    path: KeyPath = ()
    keys: Mapping[str, tuple[Place, KeyPath]] = field(default_factory=dict)
    """Of a map: where each key is written, and its path there."""
    written: str | None = None
    """What the file says, where the value is what a reference gave: messages show this and never the value."""
    is_left_blank: bool = False
    """Whether nothing stands behind the key: null, but perhaps not meant."""

    @property
    def is_map(self) -> bool:
        """Whether the value is a map."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.value, list)

    @property
    def is_number(self) -> bool:
        """Whether the value is a number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def entries(self) -> "dict[str, Node]":
        """Values of a map by key; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> "list[Node]":
        """Values of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> "Node | None":
        """Return the value of `key`, or None where it is missing or null."""
        found = self.entries.get(key)
        return None if found is None or found.value is None else found

    def without(self, *keys: str) -> "Node":
        """Return the map less some of its keys."""
        return Node(
            {key: node for key, node in self.entries.items() if key not in keys}, self.place, self.path, self.keys
        )

    def over(self, base: "Node | None", *, depth: int) -> "Node":
        """Return this map laid over `base`, maps inside it too down to `depth`; null stays null and hides the base."""
        if base is None or not (base.is_map and self.is_map) or depth == 0:
            return self
        merged = dict(base.entries)
        for key, node in self.entries.items():
            merged[key] = node.over(merged.get(key), depth=depth - 1)
        return Node(merged, self.place, self.path, {**base.keys, **self.keys})

    def at(self, path: tuple[Any, ...]) -> "Node":
        """Return the value `path` leads to, or the last one on the way that exists."""
        here = self
        for step in path:
            if isinstance(here.value, dict) and str(step) in here.value:
                here = here.value[str(step)]
            elif isinstance(here.value, list) and isinstance(step, int) and step < len(here.value):
                here = here.value[step]
        return here

    def scalars(self) -> "Iterator[Node]":
        """Yield every value below that is neither map nor list."""
        children = self.entries.values() if self.is_map else self.items
        if not (self.is_map or self.is_list):
            yield self
        for child in children:
            yield from child.scalars()

    def plain(self) -> Json:
        """Return the value without places, references as they are written."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read_document(path: Path, *, shown: Path, problems: Problems) -> Node | None:
    """Return the tree of the file at `path`, called `shown` in messages; None where nothing of it can be read."""
    start = Place(shown)
    try:
        if not path.is_file():
            problems.add(start, (), "is no regular file", "put a YAML file there or remove it")
            return None
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        problems.add(
            start, (), f"cannot be read: {error.strerror}", "check that the file exists and that you may read it"
        )
        return None
    return parse_document(content, shown=shown, problems=problems)


def parse_document(content: bytes, *, shown: Path, problems: Problems) -> Node | None:
    """Return the tree of `content`; mistakes go to `problems`, and None says that nothing could be read."""
    start = Place(shown)
    if len(content) > LARGEST_FILE:
        problems.add(start, (), "the file is larger than 1 MiB", "split it into several files")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = place_in(content[: error.start].decode("utf-8", "replace"), shown)
        problems.add(place, (), "a byte here is not UTF-8", "save the file in the encoding UTF-8")
        return None
    if found := UNREADABLE.search(text):
        what = f"a control character, U+{ord(found[0]):04X}"
        problems.add(place_in(text[: found.start()], shown), (), what, "delete it")
        return None
    return _compose(_veiled(text), shown, problems)


def _veiled(text: str) -> str:
    if any(letter in text for letter in VEILED):
        return text
    return WRITTEN_REFERENCE.sub(lambda found: found[0].translate(VEIL), text)


class _Stopped(Exception):  # noqa: N818 - it leaves this file no more than a `break` does
    """Nothing behind this place can be read."""


def _compose(text: str, shown: Path, problems: Problems) -> Node | None:
    loader = CCoreLoader(text)
    try:
        return _Composer(loader, shown, problems).document()
    except yaml.MarkedYAMLError as error:
        place, problem, remedy = what_breaks(text, error, shown)
        problems.add(place, (), f"not valid YAML: {problem}", remedy)
    except yaml.YAMLError:
        problems.add(Place(shown), (), "not valid YAML", UNKNOWN_REMEDY)
    except _Stopped:
        pass
    finally:
        loader.dispose()
    return None


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class _Composer:
    """Builds the tree from parser events; counts nodes, depth and what aliases repeat."""

    def __init__(self, loader: Any, shown: Path, problems: Problems) -> None:
        self._loader, self._shown, self._problems = loader, shown, problems
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = self._aliased = self._depth = self._deepest = 0

    def document(self) -> Node | None:
        self._next()  # start of the stream
        if isinstance(self._loader.peek_event(), yaml.StreamEndEvent):
            return Node(None, Place(self._shown))
        self._next()  # start of the document
        root = self._node(self._next(), ())
        self._next()  # end of the document
        if not isinstance(event := self._loader.peek_event(), yaml.StreamEndEvent):
            self._problem(event, (), "a second document begins here", "keep one document a file")
        return root

    def _next(self) -> Any:
        return self._loader.get_event()

    def _place(self, event: Any) -> Place:
        return Place(self._shown, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, event: Any, path: KeyPath, what: str, remedy: str) -> None:
        self._problems.add(self._place(event), path, what, remedy)

    def _stop(self, event: Any, path: KeyPath, what: str, remedy: str) -> _Stopped:
        self._problem(event, path, what, remedy)
        return _Stopped()

    def _node(self, event: Any, path: KeyPath) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._stop(event, path, f"more than {MOST_NODES:,} values in one file", "split it into several files")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.tag is not None:
            is_standard = event.tag.startswith(STANDARD_TAG)  # any other word may be a secret that begins with !
            tag = (
                f"the tag {quoted(event.tag.replace(STANDARD_TAG, '!!'))}" if is_standard else "a tag (a word behind !)"
            )
            self._problem(event, path, f"{tag} is not read", "write the plain value, quoted if it is text")
        if event.anchor is None:
            return self._value(event, path)
        return self._anchored(event, path)

    def _anchored(self, event: Any, path: KeyPath) -> Node:
        self._anchors[event.anchor] = None
        nodes, deepest, self._deepest = self._nodes, self._deepest, self._depth
        node = self._value(event, path)
        self._anchors[event.anchor] = _Anchored(node, self._nodes - nodes + 1, self._deepest - self._depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def _alias(self, event: Any, path: KeyPath) -> Node:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            inside = "an alias inside its own anchor" if event.anchor in self._anchors else "an alias without an anchor"
            raise self._stop(event, path, inside, "write the value out; text that begins with * stands in quotes")
        self._aliased += anchored.size
        self._nodes += anchored.size
        if self._aliased > MOST_ALIASED_NODES:
            what = f"aliases repeat more than {MOST_ALIASED_NODES:,} values"
            raise self._stop(event, path, what, "write the values out, or use `defaults:`")
        self._deepest = max(self._deepest, self._depth + anchored.height)
        self._check_depth(event, path, self._depth + anchored.height)
        return anchored.node

    def _check_depth(self, event: Any, path: KeyPath, depth: int) -> None:
        if depth > DEEPEST_NESTING:
            raise self._stop(event, path[:3], f"nested more than {DEEPEST_NESTING} levels deep", "flatten it")

    def _value(self, event: Any, path: KeyPath) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
            return Node(value, self._place(event), path, is_left_blank=value is None and not event.value)
        self._depth += 1
        self._deepest = max(self._deepest, self._depth)
        self._check_depth(event, path, self._depth)
        node = self._list(event, path) if isinstance(event, yaml.SequenceStartEvent) else self._map(event, path)
        self._depth -= 1
        return node

    def _scalar(self, event: Any, path: KeyPath) -> Scalar:
        text = str(event.value).translate(UNVEIL)
        if found := CONTROL.search(text):
            self._problem(event, path, f"holds a control character, U+{ord(found[0]):04X}", "delete it")
        if not event.implicit[0] or event.tag is not None:
            return text
        try:
            return scalar(text)
        except ValueError as error:
            self._problem(event, path, *error.args)
            return text

    def _list(self, start: Any, path: KeyPath) -> Node:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Node(items, self._place(start), path)

    def _map(self, start: Any, path: KeyPath) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, tuple[Place, KeyPath]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path)
            value = self._node(self._next(), (*path, key or "?"))
            if key is None:
                continue
            if key in keys:
                first = f"the first is on line {keys[key][0].line}"
                self._problem(event, (*path, key), "this key is written twice", f"keep one of them; {first}")
                continue
            entries[key], keys[key] = value, (self._place(event), (*path, key))
        return Node(entries, self._place(start), path, keys)

    def _key(self, event: Any, path: KeyPath) -> str | None:
        """Return the key as it is written, or None where it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, (*path, "?"))
            self._problem(event, path, "a key must be a plain text", "write `key: value`")
            return None
        key = str(event.value).translate(UNVEIL)
        if event.tag is not None or event.anchor is not None:
            self._problem(event, (*path, key), "a key takes neither tag nor anchor", "write the key alone")
        if CONTROL.search(key):
            self._problem(event, (*path, key), "the key holds a control character", "delete it")
        if event.implicit[0] and key in NULLS:
            aside = "; for NULL write `default:` beside `map:`" if "mapping" in path and path[-1] == "map" else ""
            self._problem(event, (*path, key), "null is no key", f"quote it where the text is meant{aside}")
        if not event.implicit[0] or key not in ("<<", ""):
            return key
        what = "merge keys (<<) are not part of YAML 1.2" if key else "a key is missing before the colon"
        self._problem(event, path, what, "write the keys out, or use `defaults:`" if key else "write `key: value`")
        return None
