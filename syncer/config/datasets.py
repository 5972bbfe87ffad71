"""`destinations:` of a project: datasets at Meta, and the sandbox in their place."""

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from syncer.config.document import Node
from syncer.config.problems import problem_at, quoted
from syncer.config.secrets import has_reference
from syncer.config.sections import Reader, shape
from syncer.errors import ConfigError
from syncer.pipeline import Destination, Strict
from syncer.secret import Reference, Secret
from syncer.spec.addresses import GRAPH_HOST, fault_of_address
from syncer.spec.limits import API_VERSION

DATASET_ID = re.compile(r"[0-9]{5,20}")
VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
SANDBOX_DATASET = "1234567890"
SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 - no secret: the sandbox takes any token
SANDBOX_URL = "http://127.0.0.1"
"""Until the sandbox is started and has a port of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta(Strict):
    """A dataset (pixel) at Meta."""

    type: Literal["meta", "sandbox"] = "meta"
    """meta, or sandbox: a Conversions API on this machine, started in process; nothing leaves the machine."""
    dataset_id: str | None = None
    """Id of the dataset or pixel, from Events Manager; quoted, since it is a text of digits."""
    pixel_id: str | None = None
    """Another name of `dataset_id`."""
    access_token: str | None = None
    """Token of the dataset or of a system user, by reference: ${env:META_ACCESS_TOKEN}."""
    api_version: str = API_VERSION
    """Version of the Graph API."""
    base_url: str = "https://graph.facebook.com"
    """Where the Graph API is; plain http only on this machine."""
    allow_host: bool = False
    """Allow a `base_url` that is neither Meta's nor on this machine."""
    test_event_code: str | None = None
    """Shows the events under Test Events as well; Meta still counts them."""
    app_secret: str | None = None
    """By reference. Where it is given, appsecret_proof is sent."""
    ca_bundle: str | None = None
    """File with further certificate authorities (PEM)."""
    proxy: str | None = None
    """URL of an HTTP proxy; those of the environment are not used."""


IDS = frozenset({"dataset_id", "pixel_id"})
SECRETS = frozenset({"access_token", "app_secret"})
LAZY = frozenset({"dataset_id", "pixel_id", "access_token", "test_event_code", "app_secret", "proxy"})
"""Keys whose references are resolved when they are needed."""


def read_destinations(node: Node | None, reader: Reader) -> dict[str, Destination]:
    """Return the datasets of the map `destinations`; sandboxes without an id get one each, so that they are told apart."""
    found = {name: _destination(name, child, reader) for name, child in (node.entries if node else {}).items()}
    known = {name: destination for name, destination in found.items() if destination}
    nameless = [
        name for name, each in known.items() if each.type == "sandbox" and each.dataset_id.text == SANDBOX_DATASET
    ]
    ids = {name: Reference(str(int(SANDBOX_DATASET) + number)) for number, name in enumerate(nameless)}
    return {name: replace(each, dataset_id=ids.get(name, each.dataset_id)) for name, each in known.items()}


def _destination(name: str, node: Node, reader: Reader) -> Destination | None:
    if not node.is_map:
        reader.problems.at(
            node, f"{shape(node)} is not a map", "write {type: meta, dataset_id: ..., access_token: ...}"
        )
        return None
    section = _read_section(node, reader)
    given = _Given(node, reader)
    references = (
        given.dataset_id(),
        given.secret("access_token", "META_ACCESS_TOKEN"),
        given.secret("app_secret", "META_APP_SECRET"),
    )
    code, proxy = given.reference("test_event_code"), given.proxy()
    if section is None:
        return None
    if section.type == "sandbox":
        return _sandbox(name, section, references[0])
    given.require(references)
    _check_version(node, section, reader)
    _check_base_url(node, section, reader)
    return Destination(
        name=name,
        dataset_id=references[0] or Reference(""),
        access_token=references[1] or Secret(""),
        api_version=section.api_version,
        base_url=section.base_url.rstrip("/"),
        allow_host=section.allow_host,
        test_event_code=code,
        app_secret=references[2],
        ca_bundle=reader.secrets.root / section.ca_bundle if section.ca_bundle else None,
        proxy=proxy,
    )


def _read_section(node: Node, reader: Reader) -> Meta | None:
    """Return what is not resolved later; the ids and secrets are read by `_Given`."""
    stand_ins = {
        key: Node("", child.place, child.path) if _is_lazy(key, child) else child for key, child in node.entries.items()
    }
    return reader.section(Meta, Node(stand_ins, node.place, node.path, node.keys))


def _is_lazy(key: str, node: Node) -> bool:
    is_text = isinstance(node.value, str)
    if key in SECRETS:
        return is_text or node.is_number
    return key in LAZY and (is_text or (key in IDS and node.is_number))


def _sandbox(name: str, section: Meta, dataset_id: Reference | None) -> Destination:
    """Return a destination that needs nothing of the environment, whatever a target laid it over."""
    is_literal = dataset_id is not None and not has_reference(dataset_id.text)
    return Destination(
        name=name,
        type="sandbox",
        dataset_id=dataset_id if dataset_id is not None and is_literal else Reference(SANDBOX_DATASET),
        access_token=Secret(SANDBOX_TOKEN),
        api_version=section.api_version,
        base_url=SANDBOX_URL,
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """The keys of a destination that may refer to something outside the file."""

    node: Node
    reader: Reader

    def reference(self, key: str) -> Reference | None:
        child = self.node.get(key)
        return self.reader.secrets.reference(child) if child and isinstance(child.value, str) else None

    def secret(self, key: str, variable: str) -> Secret | None:
        child = self.node.get(key)
        return self.reader.secrets.secret(child, variable=variable) if child and _is_lazy(key, child) else None

    def proxy(self) -> Secret | None:
        child = self.node.get("proxy")
        return self.reader.secrets.url(child) if child and isinstance(child.value, str) else None

    def dataset_id(self) -> Reference | None:
        """Return the id, from whichever of its two names is used."""
        problems = self.reader.problems
        keys = [key for key in ("dataset_id", "pixel_id") if self.node.get(key)]
        if len(keys) > 1:
            problems.key(self.node, "pixel_id", "is another name of dataset_id", "keep one of them")
        if not keys:
            return None
        child = self.node.entries[keys[0]]
        if not _is_lazy(keys[0], child):
            return None
        if has_reference(child.value):
            return _checked(child, self.reader.secrets.reference(child))
        text = str(child.value)
        if not DATASET_ID.fullmatch(text):
            what = f"{quoted(text)} is no dataset id"
            problems.at(child, what, "copy the digits from Events Manager, in quotes")
        return Reference(text)

    def require(self, references: tuple[Reference | None, ...]) -> None:
        problems = self.reader.problems
        if references[0] is None and not (self.node.get("dataset_id") or self.node.get("pixel_id")):
            problems.missing(self.node, "dataset_id", "add the id from Events Manager, in quotes")
        if references[1] is None and not self.node.get("access_token"):
            problems.missing(self.node, "access_token", "add `access_token: ${env:META_ACCESS_TOKEN}`")


def _checked(node: Node, reference: Reference) -> Reference:
    """Return a reference to a dataset id, which never gives anything else: the token, for instance, put in its place."""

    def resolve() -> str:
        text = reference.resolve().strip()
        if not DATASET_ID.fullmatch(text):
            what, remedy = "what stands there is no dataset id", "copy the digits from Events Manager"
            raise ConfigError([problem_at(node.place, node.path, what, remedy)])
        return text

    return Reference(reference.text, resolve)


def _check_version(node: Node, section: Meta, reader: Reader) -> None:
    if not VERSION.fullmatch(section.api_version):
        what = f"{shape(node.entries['api_version'])} is no version of the Graph API"
        reader.problems.at(node.entries["api_version"], what, f"write it as {API_VERSION}")


def _check_base_url(node: Node, section: Meta, reader: Reader) -> None:
    """Note an address at which nothing would be sent; the connection looks at it again."""
    if "base_url" not in node.entries:
        return
    child = node.entries["base_url"]
    try:
        parts = urlsplit(section.base_url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    if "@" in section.base_url:
        reader.problems.at(child, "the URL holds a user or password", "leave them out; the token goes in access_token")
    elif not is_url or section.base_url.strip() != section.base_url:
        reader.problems.at(child, f"{shape(child)} is no http(s) URL", "write https://graph.facebook.com")
    elif "?" in section.base_url or "#" in section.base_url:
        reader.problems.at(child, "the URL holds a query or fragment", "end it after the host or path")
    elif fault := fault_of_address(section.base_url, allow_host=section.allow_host):
        reader.problems.at(child, fault, f"leave it out to send to https://{GRAPH_HOST}")
