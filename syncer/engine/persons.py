"""Whose events are meant: identities by key, or by the value of a column."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

import polars as pl

from connectors.base import Source
from syncer.engine.compiled import compiled
from syncer.engine.span import whole
from syncer.engine.trace import Position, find_rows, identities_of
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Pipeline
from syncer.transform.identity import Scope
from syncer.transform.texts import texts


@dataclass(frozen=True, slots=True)
class Found:
    """Events of a person."""

    identities: frozenset[bytes]
    similar: int = 0
    """Rows whose value differs from the one asked for in case or blanks only: they are not meant."""


def by_key(pipeline: Pipeline, source: Source, scope: Scope, key: Sequence[str], *, now: datetime) -> Found:
    """Return the events of one key, as it is written and as the warehouse writes it; its row may be gone."""
    rows = find_rows(pipeline, source, scope, key, position=Position(None, 0), now=now)
    own = {row.identity for row in rows if row.identity is not None}
    return Found(frozenset({*identities_of(pipeline, scope, key), *own}))


def by_keys(pipeline: Pipeline, scope: Scope, keys: Iterable[Sequence[str]]) -> Found:
    """Return the events of keys that are written as the warehouse writes them; nothing is read.

    Raises `ConfigError` for a key with too few or too many values.
    """
    identities: set[bytes] = set()
    for line, key in enumerate(keys, 1):
        if len(key) != len(pipeline.key):
            what = f"line {line} has {len(key)} values, but a key has {len(pipeline.key)}: {', '.join(pipeline.key)}"
            raise ConfigError(
                [Problem(file=None, path="--keys", what=what, remedy="write one key a line, as in a CSV")]
            )
        identities.update(identities_of(pipeline, scope, key))
    return Found(frozenset(identities))


def by_value(pipeline: Pipeline, source: Source, scope: Scope, column: str, value: str, *, now: datetime) -> Found:
    """Return the events of the rows of the query whose `column` holds `value`, but for blanks around it."""
    transform, shape = compiled(pipeline, source, scope)
    aliases = {alias for alias, _ in transform.expressions}
    name = _column(column, [each for each in shape.names if each not in aliases])
    query = replace(whole(pipeline, transform), columns=tuple(dict.fromkeys((*transform.columns, name))))
    identities: set[bytes] = set()
    similar = 0
    wanted = value.strip()
    for rows in source.read(query):
        cells = texts(pl.Series(name, pl.from_arrow(rows.column(name)))).str.strip_chars()
        is_it = (cells == wanted).fill_null(value=False)
        similar += int((cells.str.to_lowercase() == wanted.lower()).fill_null(value=False).sum()) - int(is_it.sum())
        named = transform.named(rows, now=int(now.timestamp())).filter(pl.col("row").is_in(is_it.arg_true().implode()))
        identities.update(named["identity"].drop_nulls().to_list())
    return Found(frozenset(identities), similar)


def _column(wanted: str, names: Sequence[str]) -> str:
    """Return the column's name; a name matches exactly, else without regard to case where that is unique."""
    alike = [name for name in names if name.lower() == wanted.lower()]
    if wanted in names:
        return wanted
    if len(alike) == 1:
        return alike[0]
    near = get_close_matches(wanted, names, n=1)
    remedy = f"did you mean {near[0]!r}? columns: {', '.join(names)}" if near else f"columns: {', '.join(names)}"
    raise ConfigError([Problem(file=None, path="--match", what=f"the query has no column {wanted!r}", remedy=remedy)])
