"""`syncer.yaml` as seen through one target."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from syncer.config.alerts import read_alerts
from syncer.config.datasets import read_destinations
from syncer.config.document import Node
from syncer.config.parts import read_name
from syncer.config.pipelines import MERGED_KEYS, SHARED_KEYS, check_version, refuse_blanks
from syncer.config.problems import KeyPath, quoted, suggestion
from syncer.config.secrets import has_reference
from syncer.config.sections import Reader, shape
from syncer.config.warehouses import read_sources, warn_of_open_files
from syncer.duration import Duration
from syncer.pipeline import (
    Alerts,
    Daemon,
    Destination,
    Retention,
    SourceConfig,
    Strict,
    Within,
)
from syncer.secret import Secret
from syncer.spec.limits import DAY_S, PHYSICAL_STORE_WINDOW_S

KEYS = (
    "version",
    "state",
    "sources",
    "destinations",
    "defaults",
    "targets",
    "default_target",
    "alerts",
    "daemon",
    "retention",
)
TARGET_KEYS = (
    "schedules",
    "description",
    "state",
    "sources",
    "destinations",
    "defaults",
    "alerts",
    "daemon",
    "retention",
)
"""Keys of a target; all but the first two are laid over those of the project."""
ONLY_TARGET = "default"
"""Name of the target where none is written."""
MOST_TARGETS = 100
STATE_FILE = "state.db"
SHORTEST_LEDGER = Duration(PHYSICAL_STORE_WINDOW_S + DAY_S)

HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
STORES = re.compile(r"(?:sqlite(?:\+pysqlite)?:///|postgres(?:ql)?(?:\+psycopg)?://)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSection(Strict):
    """How `syncer daemon` serves its page and runs pipelines."""

    host: str = "127.0.0.1"
    """Address that the ports listen on."""
    port: Annotated[int, Within(0, 65_535)] = 8787
    """Port of the page and the API; 0: any free one."""
    health_port: Annotated[int, Within(0, 65_535)] | None = None
    """Port that serves only livez, readyz and metrics, without token."""
    auth_token: str | None = None
    """Token of the page and the API, by reference; left out or empty: one is generated."""
    hosts: list[str] = field(default_factory=list)
    """Names by which the page is asked for, without port, beside those of this machine: `syncer.example.com`."""
    tls_certificate_file: str | None = None
    """Certificate of the page, PEM, with the chain; relative paths start at the project's folder."""
    tls_key_file: str | None = None
    """Its key, PEM, without a password."""
    behind_proxy: bool = False
    """Whether a proxy in front of the page speaks https, so that another address than this machine's may be listened on."""
    concurrency: Annotated[int, Within(1, 256)] = 4
    """Pipelines that run at a time."""
    drain: Duration = Duration(25)
    """How long a stop waits for requests in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A project through one target: all but its pipelines."""

    target: str
    runs_schedules: bool
    state: Secret
    sources: dict[str, SourceConfig]
    destinations: dict[str, Destination]
    retention: Retention
    alerts: Alerts
    daemon: Daemon
    source_names: tuple[str, ...]
    """Also of those that have mistakes."""
    destination_names: tuple[str, ...]
    defaults: Node | None
    alert_rules: Node | None


@dataclass(frozen=True, slots=True)
class ProjectReader:
    """Reads `syncer.yaml`."""

    reader: Reader
    home: Path

    def check(self, root: Node) -> bool:
        """Note what is wrong with the file apart from any target; return whether it can be read on."""
        problems = self.reader.problems
        if not root.is_map:
            what = "the file is empty" if root.value is None else f"{shape(root)}, but a project is a map"
            problems.at(root, what, "begin with `version: 1`; `syncer init` writes an example")
            return False
        problems.unknown(root, KEYS)
        check_version(root, self.reader)
        for path in (("sources",), ("destinations",), ("targets",)):
            self._check_names(root, path)
        targets = root.get("targets")
        if targets and len(targets.entries) > MOST_TARGETS:
            problems.at(targets, f"{len(targets.entries)} targets", f"keep at most {MOST_TARGETS} in one project")
            return False
        for target in targets.entries.values() if targets else ():
            self._check_target(target)
        return True

    def _check_names(self, root: Node, path: KeyPath) -> None:
        """Note names that cannot be one, and those that differ in case only: some file systems mix them up."""
        node = root.entries.get(str(path[0]))
        if node is None or node.value is None:
            return
        if not node.is_map:
            self.reader.problems.at(node, f"{shape(node)} is not a map", "write {name: {...}}")
        seen: dict[str, str] = {}
        for name in node.entries:
            place, key_path = node.keys[name]
            read_name(Node(name, place, key_path), self.reader, what="a name")
            if (other := seen.setdefault(name.lower(), name)) != name:
                self.reader.problems.key(node, name, f"differs from {quoted(other)} in case only", "rename one of them")

    def _check_target(self, node: Node) -> None:
        if node.value is None:
            return
        if not node.is_map:
            self.reader.problems.at(node, f"{shape(node)} is not a map", "write {destinations: {...}, schedules: true}")
        self.reader.problems.unknown(node, TARGET_KEYS)
        for key in ("sources", "destinations"):
            self._check_names(node, (key,))

    @staticmethod
    def targets(root: Node) -> tuple[str, ...]:
        """Return the names of the targets."""
        written = root.get("targets")
        return tuple(written.entries) if written and written.entries else (ONLY_TARGET,)

    def choose(self, root: Node, wanted: str | None) -> str | None:
        """Return the target to look through; None where it cannot be told."""
        targets = self.targets(root)
        problems = self.reader.problems
        default = root.get("default_target")
        if default is not None and default.value not in targets:
            remedy = suggestion(str(default.value), targets, noun="targets")
            problems.at(default, f"there is no target {shape(default)}", remedy)
        if wanted is not None:
            if wanted in targets:
                return wanted
            remedy = suggestion(wanted, targets, noun="targets")
            problems.add(root.place, ("targets",), f"there is no target {quoted(wanted)}", remedy)
            return None
        if default is not None:
            return str(default.value) if default.value in targets else None
        if len(targets) == 1:
            return targets[0]
        remedy = f"add `default_target: {targets[0]}`, or choose with --target or SYNCER_TARGET"
        problems.add(root.place, ("default_target",), f"is missing among {len(targets)} targets", remedy)
        return None

    def view(self, root: Node, target: str) -> View:
        """Return the project through `target`; parts that are wrong are left out and become problems."""
        reader = self.reader
        written = child.entries if (child := root.get("targets")) else {}
        over = written.get(target, Node({}, root.place))
        refuse_blanks(over, root, reader.problems)
        node = _laid_over(root, over) if over.is_map else root
        for key, child in node.entries.items():
            if key in ("defaults", "alerts", "daemon", "retention") and child.value is not None and not child.is_map:
                reader.problems.at(child, f"{shape(child)} is not a map", "write keys and values: {key: value}")
        if (defaults := node.get("defaults")) and defaults.is_map:
            reader.problems.unknown(defaults, SHARED_KEYS)
            for key in (*MERGED_KEYS, "mapping"):
                if (child := defaults.get(key)) and child.value is not None and not child.is_map:
                    reader.problems.at(child, f"{shape(child)} is not a map", "write keys and values: {key: value}")
        if sources := node.get("sources"):
            warn_of_open_files(sources, reader)
        schedules = over.get("schedules")
        rules = (node.get("alerts") or Node({}, root.place)).get("when")
        return View(
            target=target,
            runs_schedules=not written or (schedules is not None and reader.flag(schedules) is True),
            state=self._state(node),
            sources=read_sources(node.get("sources"), reader),
            destinations=read_destinations(node.get("destinations"), reader),
            retention=self._retention(node.get("retention")),
            alerts=read_alerts(node.get("alerts"), reader),
            daemon=self._daemon(node.get("daemon")),
            source_names=tuple(node.at(("sources",)).entries) if node.get("sources") else (),
            destination_names=tuple(node.at(("destinations",)).entries) if node.get("destinations") else (),
            defaults=defaults,
            alert_rules=rules,
        )

    def _state(self, node: Node) -> Secret:
        default = Secret(f"sqlite:///{self.home / STATE_FILE}")
        if (child := node.get("state")) is None:
            return default
        if not isinstance(child.value, str) or not child.value.strip():
            remedy = "write sqlite:///.syncer/state.db or postgresql+psycopg://..."
            self.reader.problems.at(child, f"{shape(child)} is no URL of a state store", remedy)
            return default
        found = self.reader.secrets.url(child)
        if found is not None and not has_reference(child.value) and not STORES.match(child.value):
            remedy = "write sqlite:///.syncer/state.db or postgresql+psycopg://..."
            self.reader.problems.at(child, "is no URL of a state store", remedy)
        return found or default

    def _retention(self, node: Node | None) -> Retention:
        found = (self.reader.section(Retention, node) if node and node.is_map else None) or Retention()
        if found.ledger < SHORTEST_LEDGER and node is not None:
            what = f"{found.ledger} is shorter than Meta takes events, so that one could be sent twice"
            self.reader.problems.at(node.at(("ledger",)), what, f"keep the ledger for at least {SHORTEST_LEDGER}")
        return found

    def _daemon(self, node: Node | None) -> Daemon:
        if node is None or not node.is_map:
            return Daemon()
        token = node.get("auth_token")
        is_text = token is not None and (isinstance(token.value, str) or token.is_number)
        found = self.reader.section(DaemonSection, node.without("auth_token") if is_text else node)
        secret = None
        if token is not None and is_text and token.value:
            secret = self.reader.secrets.secret(token, variable="SYNCER_TOKEN")
        if found is None:
            return Daemon()
        if (found.tls_certificate_file is None) != (found.tls_key_file is None):
            lacks = "tls_key_file" if found.tls_key_file is None else "tls_certificate_file"
            self.reader.problems.missing(node, lacks, "name certificate and key, each in a PEM file")
        for item in (node.at(("hosts", number)) for number, host in enumerate(found.hosts) if not _is_host(host)):
            remedy = "write it as browsers ask for it: syncer.example.com, without scheme, port or path"
            self.reader.problems.at(item, f"{shape(item)} is no name of a host", remedy)
        return Daemon(
            host=found.host,
            port=found.port,
            health_port=found.health_port,
            auth_token=secret,
            hosts=tuple(host.lower() for host in found.hosts),
            tls_certificate_file=_path(found.tls_certificate_file),
            tls_key_file=_path(found.tls_key_file),
            behind_proxy=found.behind_proxy,
            concurrency=found.concurrency,
            drain=found.drain,
        )


def _is_host(text: str) -> bool:
    """Return whether a browser may ask for a page by this name, or address."""
    if HOST_NAME.fullmatch(text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _laid_over(root: Node, target: Node) -> Node:
    """Return the project with a target's keys over its own, maps key by key; a source of another type is taken whole."""
    merged: Mapping[str, Node] = target.without("schedules", "description").entries
    over = Node(dict(merged), root.place, root.path, target.keys).over(root, depth=4)
    base, own = root.get("sources"), target.get("sources")
    if base is None or own is None:
        return over
    sources = dict(over.entries["sources"].entries)
    for name, source in own.entries.items():
        before = base.entries.get(name)
        if before is not None and source.get("type") and source.at(("type",)).value != before.at(("type",)).value:
            sources[name] = source
    laid = over.entries["sources"]
    return Node(
        {**over.entries, "sources": Node(sources, laid.place, laid.path, laid.keys)}, over.place, over.path, over.keys
    )
