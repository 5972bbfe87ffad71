"""Maps of a YAML file as frozen dataclasses, by pydantic; its findings in our words, each at its place."""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from syncer.config.document import Node
from syncer.config.problems import Problems, nearest, quoted
from syncer.config.scalars import scalar
from syncer.config.secrets import Secrets, has_reference
from syncer.duration import Duration
from syncer.pipeline import Json, Within
from syncer.share import Share

T = TypeVar("T")

DURATION = "write a number and a unit: 30s, 15m, 1h, 7d, at most 36500d"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads parts of one file; what is wrong goes to `problems`."""

    problems: Problems
    secrets: Secrets

    def plain(self, node: Node) -> Json:
        """Return the value of `node` with all references resolved now."""
        if node.is_map:
            return {key: self.plain(child) for key, child in node.entries.items()}
        if node.is_list:
            return [self.plain(child) for child in node.items]
        if has_reference(node.value):
            return self.secrets.text(node)
        return node.plain()

    def text(self, node: Node, *, what: str = "a text") -> str | None:
        """Return a text that is not blank, references resolved; anything else becomes a problem."""
        if not isinstance(node.value, str):
            self.problems.at(node, f"{shape(node)} is not {what}", f"write {what}, quoted if it looks like a number")
            return None
        text = self.secrets.text(node) if has_reference(node.value) else node.value
        if not text.strip():
            self.problems.at(node, "is blank", f"write {what}")
            return None
        return text

    def flag(self, node: Node) -> bool | None:
        """Return true or false, also by reference; anything else becomes a problem."""
        if isinstance(node.value, bool):
            return node.value
        text = self.secrets.text(node) if has_reference(node.value) else ""
        if text in ("true", "false"):
            return text == "true"
        self.mismatch(node, bool)
        return None

    def texts(self, node: Node, *, what: str) -> tuple[str, ...]:
        """Return one text or a list of them, each once."""
        if node.is_list and not node.items:
            self.problems.at(node, "the list is empty", f"write {what}")
        nodes = node.items if node.is_list else [node]
        found: dict[str, None] = {}
        for item in nodes:
            text = self.text(item, what=what)
            if text is not None and text in found:
                self.problems.at(item, f"{shape(item)} is named twice", "name it once")
            elif text is not None:
                found[text] = None
        return tuple(found)

    def section(self, kind: type[T], node: Node | None) -> T | None:
        """Return the map as a `kind`, less the keys that are wrong; None where that is not possible."""
        if node is None:
            return kind() if _may_be_empty(kind) else None
        if not node.is_map:
            known = ", ".join(field_names(kind))
            self.problems.at(node, f"{shape(node)} is not a map", f"write keys and values; known keys: {known}")
            return None
        data: Any = self.plain(node)
        found, findings = _validated(kind, data)
        if findings and _retype(node, data, [finding["loc"] for finding in findings]):
            found, findings = _validated(kind, data)
        if findings:
            self._explain(kind, node, findings)
            wrong = {finding["loc"][0] for finding in findings if finding["loc"]}
            found, _ = _validated(kind, {key: value for key, value in data.items() if key not in wrong})
        return found

    def mistake(self, node: Node, found: tuple[str, str]) -> None:
        """Note (what, remedy) about the text of `node`, which is shown as it is written."""
        self.problems.at(node, f"{shape(node)} {found[0]}", found[1])

    def _explain(self, kind: type[Any], node: Node, findings: list[Any]) -> None:
        """Say once a place what is wrong there; pydantic reports each branch of a union."""
        told: set[int] = set()
        for finding in findings:
            loc = finding["loc"]
            if finding["type"] == "missing":
                self._missing(kind, node, loc)
            elif finding["type"] == "unexpected_keyword_argument":
                self.problems.unknown(node.at(loc[:-1]), field_names(_hint_at(kind, loc[:-1])))
            elif id(found := node.at(loc)) not in told:
                told.add(id(found))
                self.mismatch(found, _hint_at(kind, loc))

    def _missing(self, kind: type[Any], node: Node, loc: tuple[Any, ...]) -> None:
        owner = _hint_at(kind, loc[:-1])
        help_text = attribute_help(owner).get(str(loc[-1]), "")
        self.problems.missing(node.at(loc[:-1]), str(loc[-1]), f"add `{loc[-1]}:` {_lower(help_text)}".rstrip(". "))

    def mismatch(self, node: Node, hint: Any) -> None:
        """Note that the value of `node` is not what `hint` asks for."""
        options = literals(hint)
        if has_reference(node.value):  # what it gives may be secret, and is not shown
            wanted, remedy = expected(hint)
            form = remedy.replace("write it in ", "").replace("write ", "").replace(", without quotes", "")
            self.problems.at(node, f"{shape(node)} is not {wanted}", f"let it give {form}")
        elif options and isinstance(node.value, str):
            what = f"{shape(node)} is not one of {', '.join(options)}"
            near = nearest(node.value, options)
            self.problems.at(node, what, f'did you mean "{near}"?' if near else "write one of them")
        else:
            wanted, remedy = expected(hint)
            self.problems.at(node, f"{shape(node)} is not {wanted}", remedy)


def shape(node: Node) -> str:
    """Return what stands in the file, for a message."""
    if node.is_map:
        return "a map"
    if node.is_list:
        return "a list"
    return quoted(node.value if node.written is None else node.written)


def _lower(sentence: str) -> str:
    first = sentence.split("\n", maxsplit=1)[0]
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]


def _validated(kind: type[T], data: Json) -> tuple[T | None, list[Any]]:
    """Return the value and nothing, or nothing and pydantic's findings."""
    adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
    try:
        return adapter.validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, list(error.errors(include_url=False, include_context=False, include_input=False))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def hints(kind: Any) -> Mapping[str, Any]:
    """Return the types of a dataclass's attributes."""
    found = get_type_hints(kind, include_extras=True)
    return {name: found[name] for name in field_names(kind)}


def field_names(kind: Any) -> tuple[str, ...]:
    """Return the attributes of a dataclass, nothing for other types."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def attribute_help(kind: Any) -> Mapping[str, str]:
    """Return the docstring of each attribute, own or inherited; pydantic reads a class's own only."""
    found: dict[str, str] = {}
    for base in reversed(getattr(kind, "__mro__", ())):
        if is_dataclass(base):
            found.update(_docstrings(base))
    return found


def _docstrings(kind: Any) -> Iterator[tuple[str, str]]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body  # type: ignore[attr-defined]  # a class
    for attribute, help_text in itertools.pairwise(body):
        match attribute, help_text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


def _may_be_empty(kind: type[Any]) -> bool:
    return all(
        field.default is not MISSING or field.default_factory is not MISSING for field in fields(kind) if field.init
    )


def alternatives(hint: Any) -> Iterator[Any]:
    """Yield the types of a union but None; bounds stay with their type."""
    if get_origin(hint) in (Union, UnionType):
        for option in get_args(hint):
            if option is not NoneType:
                yield from alternatives(option)
    else:
        yield hint


def literals(hint: Any) -> tuple[str, ...]:
    """Return the texts a `Literal` allows."""
    return tuple(
        str(value) for option in alternatives(hint) if get_origin(option) is Literal for value in get_args(option)
    )


def _hint_at(kind: Any, loc: tuple[Any, ...]) -> Any:
    """Return the type at `loc`, which names attributes, indexes, keys, and branches of unions."""
    here = kind
    for step in loc:
        for option in alternatives(here):
            bare = get_args(option)[0] if get_origin(option) is Annotated else option
            if is_dataclass(bare) and step in hints(bare):  # type: ignore[arg-type]  # a class, by is_dataclass
                here = hints(bare)[step]  # type: ignore[arg-type]
                break
            if get_origin(bare) is tuple and isinstance(step, int):
                here = get_args(bare)[0]
                break
            if get_origin(bare) is dict and isinstance(step, str):
                here = get_args(bare)[1]
                break
    return here


def expected(hint: Any) -> tuple[str, str]:
    """Return what a type asks for, and how to write it."""
    found = [_expected(option) for option in alternatives(hint)]
    return " or ".join(what for what, _ in found), "; or ".join(remedy for _, remedy in found)


def _expected(hint: Any) -> tuple[str, str]:
    bounds = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Within)), None)
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if bare is int and bounds:
        low, high = bounds.low, bounds.high
        span = f" from {low:,} to {high:,}" if high is not None else f" of at least {low}"
        return f"a whole number{span}", "write it in digits, without quotes"
    if get_origin(bare) is Literal:
        return f"one of {', '.join(literals(bare))}", "write one of them"
    if get_origin(bare) is dict or is_dataclass(bare):
        return "a map", "write keys and values: {key: value}"
    if get_origin(bare) is tuple:
        return "a list", "write it in brackets: [a, b]"
    return WORDS.get(bare, ("a text", "write a text, quoted if it looks like a number"))


WORDS: Mapping[Any, tuple[str, str]] = {
    bool: ("true or false", "write true or false, without quotes"),
    int: ("a whole number", "write it in digits, without quotes"),
    float: ("a number", "write it in digits, without quotes"),
    Duration: ("a duration", DURATION),
    Share: ("a share", "write it in per cent, such as 2%"),
}


def _retype(node: Node, data: Json, places: list[tuple[Any, ...]]) -> bool:
    """Read what references gave as YAML would, where a text was not wanted; return whether anything changed."""
    has_changed = False
    for loc in places:
        owner: Any = data
        for step in loc:
            try:
                value = owner[step]
            except (KeyError, IndexError, TypeError):
                break
            if isinstance(value, str) and has_reference(node.at(loc).value):
                has_changed |= _read_scalar(owner, step, value)
                break
            owner = value
    return has_changed


def _read_scalar(owner: Any, step: Any, text: str) -> bool:
    try:
        value = scalar(text)
    except ValueError:
        return False
    owner[step] = value
    return value != text
