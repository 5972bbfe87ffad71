"""`sources:` of a project: kinds of warehouses and what each asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.errors import ConnectorError
from syncer.config.document import Node
from syncer.config.problems import suggestion
from syncer.config.secrets import has_reference
from syncer.config.sections import Reader, alternatives, field_names, hints, shape
from syncer.pipeline import SourceConfig
from syncer.secret import Reference

URL_OPTIONS = frozenset({"url", "dsn", "connection_string", "proxy"})
"""Options that may hold a password inside a longer text."""
FILE_OPTIONS = frozenset({"private_key_file"})
"""Options that name a file with a secret in it."""


def read_sources(node: Node | None, reader: Reader) -> dict[str, SourceConfig]:
    """Return the warehouses of the map `sources`."""
    found = {name: _source(name, source, reader) for name, source in (node.entries if node else {}).items()}
    return {name: source for name, source in found.items() if source}


def _source(name: str, node: Node, reader: Reader) -> SourceConfig | None:
    problems = reader.problems
    if not node.is_map:
        problems.at(node, f"{shape(node)} is not a map", "write {type: duckdb, path: warehouse.duckdb}")
        return None
    if (kind_node := node.get("type")) is None:
        problems.missing(node, "type", f"add the kind of warehouse: {', '.join(registry.kinds())}")
        return None
    kind = reader.text(kind_node, what="a kind of warehouse")
    if kind is None:
        return None
    try:
        options = _Options(reader, registry.options_type(kind))
    except ConnectorError as error:
        if kind in (known := registry.kinds()):
            problems.at(kind_node, error.what, error.remedy)
        else:
            what = f"no connector for {shape(kind_node)} is installed"
            problems.at(kind_node, what, suggestion(kind, known, noun="kinds"))
        return None
    return SourceConfig(name=name, type=kind, options=options.read(node.without("type")))


@dataclass(frozen=True, slots=True)
class _Options:
    """Reads the options of one kind; texts stay references, so that they are resolved when connecting."""

    reader: Reader
    kind: Any

    def read(self, node: Node) -> "dict[str, str | int | float | bool | Reference | None]":
        lazy = {name: child for name, child in node.entries.items() if self._is_lazy(name, child)}
        self.reader.problems.unknown(node, field_names(self.kind))
        known = node.without(*(name for name in node.entries if name not in field_names(self.kind)))
        for name, child in known.entries.items():
            if name not in {*self._secrets, *URL_OPTIONS} and isinstance(child.value, str):
                self.reader.secrets.url(child)  # any text may hide a password in a longer one
        stand_ins = {
            name: Node("", child.place, child.path) if name in lazy else child for name, child in known.entries.items()
        }
        checked = self.reader.section(self.kind, Node(stand_ins, node.place, node.path, node.keys))
        options: dict[str, str | int | float | bool | Reference | None] = {}
        options |= {name: self._reference(name, child) for name, child in lazy.items()}
        if checked is not None:
            options |= {name: getattr(checked, name) for name in known.entries if name not in lazy}
        return options

    def _is_lazy(self, name: str, node: Node) -> bool:
        if name in self._secrets:
            return isinstance(node.value, str) or node.is_number
        takes_text = str in alternatives(hints(self.kind).get(name))
        return takes_text and isinstance(node.value, str) and (name in URL_OPTIONS or has_reference(node.value))

    @property
    def _secrets(self) -> Iterable[str]:
        return getattr(self.kind, "SECRETS", frozenset())

    def _reference(self, name: str, node: Node) -> Reference | None:
        secrets = self.reader.secrets
        if name in self._secrets:
            return secrets.secret(node, variable=f"WAREHOUSE_{name.upper()}")
        return secrets.url(node) if name in URL_OPTIONS else secrets.reference(node)


def warn_of_open_files(node: Node, reader: Reader) -> None:
    """Warn where a file that an option names holds a secret which others than its owner can read."""
    for source in node.entries.values():
        for name in FILE_OPTIONS & source.entries.keys():
            path = source.entries[name].value
            if isinstance(path, str) and not has_reference(path):
                reader.secrets.check_file(source.entries[name], str(Path(path)))
