"""What stands outside the files: `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}`; and secrets that do not."""

import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from syncer.config.document import Node
from syncer.config.problems import Problems, problem_at, quoted
from syncer.errors import ConfigError, Problem
from syncer.secret import Reference, Secret

LARGEST_SECRET = 64 * 1024
FORMS = "write ${env:NAME}, ${env:NAME:-default} or ${file:PATH}"
REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
META_TOKEN = re.compile(r"\bEAA[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
STANDS_OUTSIDE = "\ufffc"
"""Takes the place of a reference while the text around it is looked at."""
USERINFO = re.compile(r"://([^/?#\s]*)@")
SECRET_PARAMETER = re.compile(
    rf"(?:^|[?&;\s])(?:\w+_)?(?:pass|passwd|password|pwd|token|access_?token|auth_?token|secret|app_?secret|api_?key|"
    rf"sslpassword|private_?key(?:_?passphrase)?)\s*=\s*(?!{STANDS_OUTSIDE})[^&;\s]",
    re.IGNORECASE,
)
BY_ADDRESS = re.compile(
    rf"://hooks\.slack\.com/services/[^{STANDS_OUTSIDE}]|://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[^{STANDS_OUTSIDE}]|"
    rf"[?&](?:sig|signature|key)=[^&{STANDS_OUTSIDE}]",
    re.IGNORECASE,
)
"""Addresses that whoever knows them may post to."""
TOKEN_AS_USER = 20
"""A user without a password whose name has so many characters and a digit among them is a token."""
KINDS = ("env", "file")


@dataclass(frozen=True, slots=True)
class FromEnv:
    """A variable of the environment."""

    name: str
    default: str | None = None
    """Taken where the variable is not set or empty."""


@dataclass(frozen=True, slots=True)
class FromFile:
    """The text of a file."""

    path: str


Part: TypeAlias = str | FromEnv | FromFile


def split(text: str) -> tuple[Part, ...]:
    """Return the literal and the outside parts of `text`; raises `ValueError(what, remedy)` for a malformed one."""
    return tuple(part for part in _parts(text) if part)


def _parts(text: str) -> Iterator[Part]:
    end = 0
    for found in REFERENCE.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        yield "${" if found[0] == "$${" else _outside(found[1], is_closed=bool(found[2]))
    yield text[end:]


def _outside(inner: str, *, is_closed: bool) -> FromEnv | FromFile:
    if is_closed and (env := ENV.fullmatch(inner)):
        return FromEnv(env[1], env[2])
    if is_closed and inner.startswith("file:") and inner.removeprefix("file:").strip():
        return FromFile(inner.removeprefix("file:").strip())
    kind = inner.partition(":")[0]
    near = get_close_matches(kind, KINDS, n=1)  # any other word may be a secret
    remedy = f"did you mean ${{{near[0]}:...}}? {FORMS}" if near and kind not in KINDS else FORMS
    raise ValueError("${...} is no reference", f"{remedy}; $${{ for a plain ${{")


def has_reference(text: object) -> bool:
    """Return whether a value is a text with `${` in it."""
    return isinstance(text, str) and "${" in text


@dataclass(slots=True)
class Secrets:
    """Makes references of the texts of a file; collects warnings about the files they name."""

    root: Path
    """Where relative paths start."""
    environ: Mapping[str, str]
    problems: Problems
    is_lenient: bool = False
    """Another target's values: what is missing in this environment is no mistake."""
    warnings: dict[str, None] = field(default_factory=dict)

    def text(self, node: Node) -> str:
        """Return the text of `node` with its references resolved now; a missing one becomes a problem."""
        raw = str(node.value)
        reference = self.reference(node)
        try:
            return reference.resolve()
        except ConfigError as error:
            if self.is_lenient:
                self.problems.ignore_at(node.place)
            else:
                self.problems.extend(error.problems)
        return raw

    def reference(self, node: Node) -> Reference:
        """Return the text of `node`, resolved anew whenever it is asked for."""
        raw = str(node.value)
        return Reference(raw, self._resolver(node, self._split(node)) if "$" in raw else None)

    def secret(self, node: Node, *, variable: str = "NAME") -> Secret | None:
        """Return the secret that `node` refers to; a literal one becomes a problem naming `variable` as the remedy."""
        parts = self._split(node)
        if not any(isinstance(part, FromEnv | FromFile) for part in parts):
            if not str(node.value).strip():
                self.problems.at(node, "is empty", f"write ${{env:{variable}}} or ${{file:PATH}}")
            elif not META_TOKEN.search(str(node.value)):
                remedy = f"write ${{env:{variable}}} or ${{file:PATH}} and keep the value out of the file"
                self.problems.at(node, "is a secret written out", remedy)
            return None
        if any(isinstance(part, str) and part.strip() for part in parts):
            what, remedy = "has text beside its reference", "put all of the secret where the reference leads"
            self.problems.at(node, what, remedy)
            return None
        if any(isinstance(part, FromEnv) and part.default for part in parts):
            self.problems.at(node, "has a secret written out as its default", "leave the default out or empty")
            return None
        return Secret(str(node.value), self._resolver(node, parts))

    def url(self, node: Node) -> Secret | None:
        """Return a URL that may hold a password by reference; a literal one becomes a problem."""
        parts = self._split(node)
        literal = "".join(_visible(part) for part in parts)
        if holds_literal_secret(literal):
            remedy = "keep it out of the file: user:${env:NAME}@host, or the whole text as ${env:NAME} or ${file:PATH}"
            self.problems.at(node, "holds a secret written out", remedy)
            return None
        return Secret(str(node.value), self._resolver(node, parts))

    def refuse_tokens(self, root: Node) -> None:
        """Note every value below `root` that is an access token or private key by its looks."""
        for node in root.scalars():
            if isinstance(node.value, str) and META_TOKEN.search(node.value):
                remedy = "write ${env:META_ACCESS_TOKEN} or ${file:PATH}, and replace the token: it was in a file"
                self.problems.at(node, "is a secret written out", remedy)

    def check_file(self, node: Node, path: str) -> None:
        """Warn where a file with a secret can be read by others than its owner."""
        try:
            mode = (self.root / path).stat().st_mode
        except (OSError, ValueError):
            return
        if stat.S_ISREG(mode) and mode & 0o077:
            what = f"the secret file {quoted(path)} can be read by others ({stat.S_IMODE(mode):04o})"
            self.warnings[str(_problem(node, what, f"chmod 600 {path}"))] = None

    def _split(self, node: Node) -> tuple[Part, ...]:
        try:
            parts = split(str(node.value))
        except ValueError as error:
            self.problems.at(node, *error.args)
            return (FromEnv("", ""),)
        for part in parts:
            if isinstance(part, FromFile):
                self.check_file(node, part.path)
        return parts

    def _resolver(self, node: Node, parts: tuple[Part, ...]) -> Callable[[], str]:
        return lambda: "".join(self._value(node, part) for part in parts)

    def _value(self, node: Node, part: Part) -> str:
        match part:
            case FromEnv():
                return self._variable(node, part)
            case FromFile():
                return self._file(node, part)
        return part

    def _variable(self, node: Node, part: FromEnv) -> str:
        value = self.environ.get(part.name) or part.default
        if value is not None and _is_text(value):
            return value
        state = "not set" if part.name not in self.environ else "empty" if value is None else "no UTF-8 text"
        what = f"the environment variable {part.name} is {state}"
        raise ConfigError([_problem(node, what, f"set {part.name} where syncer runs")])

    def _file(self, node: Node, part: FromFile) -> str:
        path = self.root / part.path
        try:
            if not path.is_file():
                raise _unreadable(node, part, "is not there" if not path.exists() else "is no regular file")
            with path.open("rb") as file:
                content = file.read(LARGEST_SECRET + 1)
        except (OSError, ValueError) as error:
            raise _unreadable(node, part, "cannot be read") from error
        if len(content) > LARGEST_SECRET:
            raise _unreadable(node, part, "is larger than 64 KiB")
        try:
            value = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise _unreadable(node, part, "is no UTF-8 text") from None
        if not value:
            raise _unreadable(node, part, "is empty")
        return value


def _problem(node: Node, what: str, remedy: str) -> Problem:
    return problem_at(node.place, node.path, what, remedy)


def _unreadable(node: Node, part: FromFile, why: str) -> ConfigError:
    remedy = "put the value there, alone, readable by the user who runs syncer; relative paths start at the project"
    return ConfigError([_problem(node, f"the file {quoted(part.path)} {why}", remedy)])


def _is_text(value: str) -> bool:
    """Return False for bytes of the environment that were not UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _visible(part: Part) -> str:
    """Return what of a part is written in the file: a default is."""
    if isinstance(part, str):
        return part
    return part.default or STANDS_OUTSIDE if isinstance(part, FromEnv) else STANDS_OUTSIDE


def holds_literal_secret(text: str) -> bool:
    """Return whether a URL or connection string, references replaced by `STANDS_OUTSIDE`, holds a password or token."""
    if SECRET_PARAMETER.search(text) or BY_ADDRESS.search(text):
        return True
    if found := USERINFO.search(text):
        user, colon, password = found[1].partition(":")
        is_token = len(user) >= TOKEN_AS_USER and any(letter.isdigit() for letter in user) and "." not in user
        return bool(password.strip(STANDS_OUTSIDE)) if colon else is_token
    # A password with a slash in it ends what looks like the host: `://user:pass/word@host`.
    behind = text.partition("://")[2]
    port = re.match(r"[^/?#\s:\[]*:([^/?#]*)", behind)
    return bool(port and "@" in behind and not re.fullmatch(rf"[0-9{STANDS_OUTSIDE}]*", port[1]))
