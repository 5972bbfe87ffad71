"""The value that an entry of the mapping finds in one row: the readable twin of `mapping`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from syncer.mapping import Column, Constant, Entry, FirstOf, Modifiers
from syncer.spec.paths import Steps, parse_path, walk
from syncer.spec.text import is_blank
from syncer.transform import extract
from syncer.transform.json_text import json_of
from syncer.transform.pieces import How
from syncer.transform.texts import templated, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What an entry finds in a row."""

    value: Any
    how: How = How()
    is_json: bool = False
    """Whether the value is JSON text."""
    is_filled: bool = False
    """Whether a default filled the gap."""
    is_broken: bool = False
    """Whether text that should be JSON is none, or what a template stands around is no text."""
    is_refused: bool = False
    """Whether `otherwise: reject` spoke."""

    @property
    def is_blank(self) -> bool:
        """Return whether there is no value."""
        return self.value is None if self.is_json else is_blank(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Values of the columns of one row."""

    values: Mapping[str, Any]
    json_columns: frozenset[str] = frozenset()
    """Columns whose text is JSON."""
    event_name: str | None = None
    """Name of the event, as far as it is known yet."""

    def look(self, entry: Entry, *, click_id: Callable[[Any, str | None], Any] | None = None) -> Looked:
        """Return what `entry` finds; `click_id` makes an `fbc` of a click id and the column of its time."""
        match entry:
            case Column():
                looked = self._column(entry)
                if click_id and (entry.query_parameter or entry.clicked_at) and not looked.is_blank:
                    looked = replace(looked, value=click_id(looked.value, entry.clicked_at))
                return self._modified(looked, entry)
            case FirstOf():
                looked = self._first(entry, click_id)
                return self._modified(replace(looked, how=looked.how.within(entry)), entry)
            case Constant():
                return _of_json(entry.value)
            case _:
                raise TypeError(f"{type(entry).__name__} gives no single value")

    def _modified(self, looked: Looked, entry: Modifiers) -> Looked:
        is_for = not entry.only_for or self.event_name in entry.only_for
        return _modified(looked, entry) if is_for else Looked(value=None)

    def _column(self, entry: Column) -> Looked:
        value, how = self.values[entry.column], How.of(entry)
        looked = Looked(value=value, how=how, is_json=entry.column in self.json_columns)
        if entry.cookie and value is not None:
            looked = Looked(value=extract.cookie(_text(value), entry.cookie), how=how)
        if entry.query_parameter and looked.value is not None:
            looked = Looked(value=extract.query_parameter(_text(looked.value), entry.query_parameter), how=how)
        if entry.path or looked.is_json:
            looked = _walked(looked.value, parse_path(entry.path) if entry.path else (), how)
        if entry.template:
            value = extract.read_json(looked.value) if looked.is_json else looked.value
            text = templated(value, entry.template)
            is_lost = text is None and not looked.is_blank
            looked = Looked(value=text, how=how, is_broken=looked.is_broken or is_lost)
        return looked

    def _first(self, entry: FirstOf, click_id: Callable[[Any, str | None], Any] | None) -> Looked:
        filled = broken = refused = False
        for inner in entry.first_of:
            looked = self.look(inner, click_id=click_id)
            filled, broken, refused = (
                filled or looked.is_filled,
                broken or looked.is_broken,
                refused or looked.is_refused,
            )
            if not looked.is_blank:
                return replace(looked, is_filled=filled, is_broken=broken, is_refused=refused)
        return Looked(value=None, is_filled=filled, is_broken=broken, is_refused=refused)


def _text(value: object) -> str:
    return text_of(value) or ""


def _walked(value: object, steps: Steps, how: How) -> Looked:
    if not isinstance(value, str):
        return Looked(value=walk(value, steps), how=how)
    if is_blank(value):
        return Looked(value=None, how=how)
    try:
        document = extract.read_json(value)
    except ValueError:
        return Looked(value=None, how=how, is_broken=True)
    return replace(_of_json(walk(document, steps)), how=how)


def _of_json(value: object) -> Looked:
    """Return a value as JSON knows them; lists and objects as JSON text."""
    if isinstance(value, list | dict):
        return Looked(value=json_of(value), is_json=True)
    return Looked(value=value)


def _modified(looked: Looked, entry: Modifiers) -> Looked:
    if entry.map is not None:
        looked = _mapped(looked, entry, entry.map)
    if entry.default is not None and looked.is_blank:
        looked = replace(
            _of_json(entry.default),
            how=How.of(entry),
            is_filled=True,
            is_broken=looked.is_broken,
            is_refused=looked.is_refused,
        )
    return looked


def _mapped(looked: Looked, entry: Modifiers, targets: Mapping[str, Any]) -> Looked:
    text = text_of(looked.value)
    if text is not None and text in targets:
        return replace(looked, value=targets[text], is_json=False)
    if entry.otherwise == "keep":
        return looked
    is_refused = looked.is_refused or (entry.otherwise == "reject" and not looked.is_blank)
    return replace(looked, value=None, is_json=False, is_refused=is_refused)
