"""A pipeline compiled for one query: batches of rows in, events and rejects out; a row gives one for each of its rules."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from syncer.pipeline import Pipeline
from syncer.report import ELSEWHERE, Bucket, Tally
from syncer.transform.binding import Binding, bind, sql_expressions
from syncer.transform.consent import Answer, Unsent, everywhere
from syncer.transform.duplicates import refuse_repeated, refuse_twins
from syncer.transform.few_rows import FEW, FewRows
from syncer.transform.identity import Scope, joined_keys
from syncer.transform.key_text import key_texts
from syncer.transform.masks import certain, nowhere
from syncer.transform.plan import EVENTS, Found, Kind, Transformed
from syncer.transform.route import away_of
from syncer.transform.rows import read_rows
from syncer.transform.texts import texts
from syncer.transform.verdicts import Verdicts, no_refusals, once_a_row

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """Turns batches of one query into events."""

    kinds: tuple[Kind, ...]
    """One for each rule, in the order of the file."""
    expressions: tuple[tuple[str, str], ...]
    """(alias, SQL) of what the query must give besides `columns`."""
    few: FewRows | None = None
    """Makes the events of small batches; None: the columns do."""

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Return what each kind of event takes from the query."""
        return tuple(kind.binding for kind in self.kinds)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column of the query that is needed, by exact name."""
        return self.kinds[0].binding.columns

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return every column of a batch that events are made of, expressions included."""
        return self.kinds[0].binding.inputs

    @property
    def cursor_column(self) -> str | None:
        """Return the exact name of the cursor's column."""
        return self.kinds[0].binding.cursor

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the exact names of the columns of the key."""
        return self.kinds[0].binding.key

    def __call__(
        self, batch: "pa.RecordBatch", *, now: int, start: int | None, only: pl.Series | None = None
    ) -> Transformed:
        """Return the events of `batch`, and a reject for each event that is refused or row that gives none.

        `now` and `start`, the lowest event_time allowed, are Unix seconds. `only` has the identities of the events
        that are wanted; None: all.
        """
        if batch.num_rows == 0:
            return Transformed(events=pl.DataFrame(schema=EVENTS), rejects=no_refusals(), tally=Tally())
        few = None if self.few is None else self.few.made(batch, now=now, start=start, only=only)
        return few or self._by_columns(batch, now=now, start=start, only=only)

    def _by_columns(
        self, batch: "pa.RecordBatch", *, now: int, start: int | None, only: pl.Series | None
    ) -> Transformed:
        found = self._found(batch)
        away = away_of(self.kinds[0].binding.way, found[0].rows)
        masks = [_chosen(kind, each, only, away) for kind, each in zip(self.kinds, found, strict=True)]
        made = self._made(found, masks, now=now, start=start)
        unsent = made.rejects.filter(pl.col("bucket") == Bucket.NO_CONSENT.value)
        events, repeated = refuse_repeated(made.events)
        rejects = pl.concat([made.rejects, _elsewhere(found[0], away), _without_rule(found[0], masks, away), repeated])
        if len(self.kinds) > 1:
            events, twins = refuse_twins(events)
            rejects = once_a_row(pl.concat([rejects, twins]))
        rejects = rejects.sort("row", maintain_order=True)
        made.tally.rows_read = batch.num_rows
        made.tally.buckets.update(rejects["bucket"].to_list())
        made.tally.reasons.update(rejects["reason"].to_list())
        gate = self.kinds[0].binding.consent
        return Transformed(
            events=events,
            rejects=rejects,
            tally=made.tally,
            unsent=unsent,
            elsewhere=_identities(found, away),
            consent_column=gate.column if gate else None,
        )

    def _made(self, found: list[Found], masks: list[pl.Series | None], *, now: int, start: int | None) -> Transformed:
        """Return what became of all kinds of events, those in the order of the rows."""
        parts = [
            kind.made(each if mask is None else each.only(mask), now=now, start=start)
            for kind, each, mask in zip(self.kinds, found, masks, strict=True)
            if mask is None or mask.any()
        ]
        if len(parts) == 1:
            return parts[0]
        tally = Tally()
        for part in parts:
            tally.add(part.tally)
        events = [pl.DataFrame(schema=EVENTS), *(part.events for part in parts)]
        rejects = [no_refusals(), *(part.rejects for part in parts)]
        return Transformed(
            events=pl.concat(events).sort("row", maintain_order=True), rejects=pl.concat(rejects), tally=tally
        )

    def named(self, batch: "pa.RecordBatch", *, now: int) -> pl.DataFrame:
        """Return a line for each row and rule, in this order: row, identity, event_id, event_time, rule, is_given, key.

        `key` is text, several columns a line of CSV. It, identity and event_id are NULL where a part of the key
        is missing, event_time where it is not known, `rule` where the pipeline has none. `is_given` says whether the rule matches the row, and the
        row is no other destination's; the other columns are as if it did.
        """
        few = None if self.few is None else self.few.named(batch, now=now)
        return self._named_by_columns(batch, now=now) if few is None else few

    def _named_by_columns(self, batch: "pa.RecordBatch", *, now: int) -> pl.DataFrame:
        found = self._found(batch)
        is_here = ~away_of(self.kinds[0].binding.way, found[0].rows)
        parts = [
            kind.named(each, now=now).with_columns(
                rule=pl.lit(kind.binding.rule or None, dtype=pl.String),
                is_given=is_here if (mask := kind.holds(each.rows)) is None else mask & is_here,
            )
            for kind, each in zip(self.kinds, found, strict=True)
        ]
        named = parts[0] if len(parts) == 1 else pl.concat(parts).sort("row", maintain_order=True)
        columns = [texts(found[0].rows.frame.get_column(name)).alias(name) for name in self.key_columns]
        keys = key_texts(pl.DataFrame(columns))
        return named.with_columns(key=keys if len(parts) == 1 else keys.gather(named["row"]))

    def _found(self, batch: "pa.RecordBatch") -> list[Found]:
        """Return the rows, with the identities of the events of each kind."""
        rows = read_rows(batch, self.inputs)
        keys = joined_keys([rows.frame.get_column(name) for name in self.key_columns])
        numbers = pl.Series("row", range(batch.num_rows), dtype=pl.UInt32)
        gate, limit = self.kinds[0].binding.consent, self.kinds[0].binding.limit
        said = everywhere(Answer.NOT_ASKED, batch.num_rows) if gate is None else gate.judge(rows)
        rows = rows if limit is None else limit.of_rows(rows)
        return [Found(rows, numbers, keys, kind.names.identities(keys), said) for kind in self.kinds]

    @property
    def tells_by_key(self) -> bool:
        """Return whether the key alone says which event a row would give, and nothing must be known of one that was sent."""
        binding = self.kinds[0].binding
        is_plain = not binding.condition.clauses and binding.consent is None and binding.way is None
        return len(self.kinds) == 1 and is_plain

    def identities(self, batch: "pa.RecordBatch") -> pl.Series:
        """Return the 16 bytes under which the ledger knows the event of each row, NULL where the key is missing.

        For a transform that `tells_by_key`.
        """
        rows = read_rows(batch, self.key_columns)
        keys = joined_keys([rows.frame.get_column(name) for name in self.key_columns])
        return self.kinds[0].names.identities(keys)

    def knowing(self, suppressed: Unsent) -> "Transform":
        """Return the transform that is told which events an earlier run left unsent for want of consent."""
        few = None if self.few is None else self.few.knowing(suppressed)
        return replace(self, kinds=tuple(kind.knowing(suppressed) for kind in self.kinds), few=few)


def compile_transform(pipeline: Pipeline, schema: "pa.Schema", scope: Scope, *, few: int = FEW) -> Transform:
    """Return the transform of `pipeline` for batches of `schema`, which includes its SQL expressions.

    Batches of at most `few` rows are made row by row, which gives the same; 0: none are.

    Raises `ConfigError` with every mapped column that is missing.
    """
    bindings = bind(pipeline, schema.names)
    kinds = tuple(Kind.of(pipeline, binding, scope) for binding in bindings)
    return Transform(
        kinds=kinds,
        expressions=sql_expressions(pipeline),
        few=FewRows.of(pipeline, bindings, schema, scope, most=few),
    )


def _chosen(kind: Kind, found: Found, only: pl.Series | None, away: pl.Series) -> pl.Series | None:
    """Return for which rows an event of the kind is to be made; None: for all."""
    holds = kind.holds(found.rows)
    if away.any():
        holds = ~away if holds is None else holds & ~away
    if only is None:
        return holds
    wanted = certain(found.identities.is_in(only.implode()))
    return wanted if holds is None else holds & wanted


def _elsewhere(found: Found, away: pl.Series) -> pl.DataFrame:
    """Return a reject for each row that is the business of another destination; nothing else is asked of it."""
    if not away.any():
        return no_refusals()
    rest = found.only(away)
    verdicts = Verdicts(len(rest.numbers))
    verdicts.refuse(~nowhere(len(rest.numbers)), ELSEWHERE)
    return verdicts.frame(rest.numbers, rest.identities)


def _identities(found: list[Found], away: pl.Series) -> bytes:
    """Return the packed identities of the events that the rows of other destinations would give by each rule."""
    return b"".join(b"".join(each.identities.filter(away).drop_nulls()) for each in found) if away.any() else b""


def _without_rule(found: Found, chosen: list[pl.Series | None], away: pl.Series) -> pl.DataFrame:
    """Return a reject for each other row that no kind of event was to be made of."""
    if any(mask is None for mask in chosen):
        return no_refusals()
    left = ~reduce(or_, (mask for mask in chosen if mask is not None), away)
    if not left.any():
        return no_refusals()
    rest = found.only(left)
    verdicts = Verdicts(len(rest.numbers))
    for column, mask in rest.rows.unreadable:
        verdicts.refuse(mask, "unreadable", column)
    verdicts.refuse(rest.keys.is_null(), "key_missing")
    verdicts.refuse(~nowhere(len(rest.numbers)), "no_rule")
    return verdicts.frame(rest.numbers, rest.identities)
