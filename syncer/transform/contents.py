"""The `contents` of events: lists of items, from lists of structs or from JSON text. Twin of `values.contents`."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import polars as pl
import pyarrow as pa

from syncer.spec import values as rules
from syncer.spec.context import NOTHING_KNOWN
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.nesting import DEEPEST
from syncer.spec.paths import is_name, parse_path
from syncer.spec.text import is_blank, trim
from syncer.transform.encode import Text, json_object, string
from syncer.transform.extract import read_json, walk_columns
from syncer.transform.item_shape import item_shape
from syncer.transform.json_text import json_of
from syncer.transform.masks import certain, nowhere
from syncer.transform.pieces import Piece
from syncer.transform.sent import Sent
from syncer.transform.typed import typed

OF_ITEMS: Final = PARAMETERS[Group.CONTENTS_ITEM]
LISTED: Final = r"^[ \t\r\n]*\["
ODD: Final = r"\\u|[0-9.]{17}|[:,\[][ \t\r\n]*(?:-0|-?[0-9.]+[eE][+-]?[0-9]{2})"
"""JSON that the parser for columns may read differently: escapes, numbers that 64 bits do not hold, powers of ten.

A power is one of a number alone: half of all UUIDs have digits with an `e` between.
"""
OPENED: Final = r"[\[{]"
"""What begins a list or an object; the parser for columns reads deeper ones than `DEEPEST`."""
NO_ID: Final = "content_without_id"
NO_QUANTITY: Final = "content_without_quantity"


def contents(values: pl.Series, names: Mapping[str, str] | None) -> Sent:
    """Return the items of each row as JSON; `names` says under which name, or path, an item holds each parameter."""
    dtype = values.dtype
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return _of_lists(values, names)
    return _of_json(values, names) if dtype == pl.String else _one_by_one(values, names)


def read_contents(value: object, names: Mapping[str, str] | None) -> tuple[list[Any] | None, Counter[str]]:
    """Return the items of one value, and how many were left out or lack their quantity."""
    found = rules.contents(value, names)
    given = _members(value)
    warnings = Counter(
        {
            NO_ID: len(given) - len(found or ()),
            NO_QUANTITY: sum("quantity" not in item for item in found or () if isinstance(item, dict)),
        }
    )
    return found, +warnings


def _members(value: object) -> list[Any]:
    text = trim(value) if isinstance(value, str) else ""
    if not text.startswith("{"):
        return rules.members(value) or []
    try:
        return [read_json(text)]
    except ValueError:
        return []


def _one_by_one(values: pl.Series, names: Mapping[str, str] | None) -> Sent:
    given = values.to_list()
    found = [read_contents(value, names) for value in given]
    gone = [items is None and not is_blank(value) for (items, _), value in zip(found, given, strict=True)]
    return Sent(
        pl.Series([json_of(items) for items, _ in found], dtype=pl.String),
        is_json=True,
        dropped=pl.Series(gone, dtype=pl.Boolean) if any(gone) else None,
        warnings=sum((warnings for _, warnings in found), Counter()),
    )


def _of_json(values: pl.Series, names: Mapping[str, str] | None) -> Sent:
    """Rename the keys of what is JSON as it should be, parse in columns what is sure to be read right, else one by one."""
    shape = item_shape(values, _keys(names))
    is_plain = nowhere(len(values)) if shape is None else certain(values.str.contains(shape.pattern))
    if shape is None or not is_plain.any():
        return _parsed(values, names)
    renamed = values.str.replace_many(shape.renamed) if shape.renamed else values
    if is_plain.sum() + values.null_count() == len(values):
        return Sent(renamed, is_json=True)
    sent = Sent(Piece(renamed).only(is_plain).values, is_json=True)
    others = (values.is_not_null() & ~is_plain).arg_true()
    return _with_others(sent, others, _parsed(values[others], names)) if len(others) else sent


def _parsed(values: pl.Series, names: Mapping[str, str] | None) -> Sent:
    if not all(map(is_name, _keys(names).values())):
        return _one_by_one(values, names)
    is_flat = values.str.count_matches(OPENED) <= DEEPEST
    is_sure = certain(values.str.contains(LISTED) & ~values.str.contains(ODD) & is_flat)
    kind = pl.List(pl.Struct(dict.fromkeys(_keys(names).values(), pl.String)))
    try:
        lists = Piece(values).only(is_sure).values.str.json_decode(kind)
    except pl.exceptions.PolarsError:
        return _one_by_one(values, names)
    others = (values.is_not_null() & ~is_sure).arg_true()
    sent = _of_lists(lists, names)
    return _with_others(sent, others, _one_by_one(values[others], names)) if len(others) else sent


def _with_others(sent: Sent, places: pl.Series, others: Sent) -> Sent:
    """Return `sent` with what other rows give, those at `places`."""
    dropped = nowhere(len(sent.wire)) if sent.dropped is None else sent.dropped
    return Sent(
        sent.wire.scatter(places, others.wire),
        is_json=True,
        dropped=dropped if others.dropped is None else dropped.scatter(places, others.dropped),
        warnings=Counter(sent.warnings) + Counter(others.warnings),
    )


def _of_lists(values: pl.Series, names: Mapping[str, str] | None) -> Sent:
    keys = _keys(names)
    flat = pl.Series(values.to_arrow().flatten())
    read = {
        name: _text(found, name)
        for name, key in keys.items()
        if name in OF_ITEMS and (found := _member(flat, key)) is not None
    }
    has_id = read["id"].values.is_not_null() if "id" in read else nowhere(len(flat))
    has_quantity = read["quantity"].values.is_not_null() if "quantity" in read else nowhere(len(flat))
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(flat))
    items = Piece(json_object(read.items()).joined()).only(has_id).values if has_id.any() else nothing
    joined = _joined(items, values.list.len().fill_null(0))
    gone = values.is_not_null() & joined.is_null()
    warnings = Counter({NO_ID: int((~has_id).sum()), NO_QUANTITY: int((has_id & ~has_quantity).sum())})
    return Sent(joined, is_json=True, dropped=gone if gone.any() else None, warnings=+warnings)


def _member(items: pl.Series, key: str) -> pl.Series | None:
    """Return what each item holds under a name, or at a path; None where none has it. Twin of `paths.member`."""
    known = {field.name for field in items.dtype.fields} if isinstance(items.dtype, pl.Struct) else set()
    if key in known:
        return items.struct.field(key)
    return None if is_name(key) else walk_columns(items, parse_path(key))


def _text(values: pl.Series, name: str) -> Text:
    found = typed(values, OF_ITEMS[name], NOTHING_KNOWN)
    return Text(found.text) if found.is_json else string(found.text)


def _joined(items: pl.Series, lengths: pl.Series) -> pl.Series:
    """Return the items of each row as a JSON list, NULL where none is left."""
    ends = pl.concat([pl.Series([0], dtype=pl.Int64), lengths.cast(pl.Int64).cum_sum()], rechunk=True)
    lists = pl.Series("items", pa.LargeListArray.from_arrays(ends.to_arrow(), items.to_arrow()))
    text = pl.col("items").list.join(",", ignore_nulls=True)
    return lists.to_frame().select(pl.when(text != "").then(pl.format("[{}]", text)).alias("items")).to_series()


def _keys(names: Mapping[str, str] | None) -> Mapping[str, str]:
    return names or {name: name for name in OF_ITEMS}
