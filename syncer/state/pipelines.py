"""The row of a scope: who may write it, how far it is, whether it is paused."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from syncer.errors import StateError
from syncer.state import basis
from syncer.state.basis import Basis
from syncer.state.scope import Scope
from syncer.state.seal import position_seal, require_seal
from syncer.state.straight import Straight
from syncer.state.tables import PIPELINES
from syncer.state.upserts import inserting
from syncer.watermark import Watermark


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRow:
    """A scope as stored."""

    id: int
    epoch: int
    holder: str | None
    watermark: Watermark | None
    start: int | None
    pause_reason: str | None
    fingerprint: str | None
    """Of the configuration of the last run."""
    ids_name: str | None
    """Name that the ids of its events are made of, where it was renamed; None: its own."""
    basis: Basis = Basis()
    """What watermark and ledger rest on."""


_FIND = select(PIPELINES).where(
    *(PIPELINES.c[name] == bindparam(f"of_{name}") for name in ("target", "pipeline", "destination"))
)
_FIND_TO_WRITE = _FIND.with_for_update()
_FIND_EPOCH = select(PIPELINES.c.epoch).where(PIPELINES.c.id == bindparam("of_id"))
_EPOCH = Straight(_FIND_EPOCH)
_EPOCH_TO_WRITE = Straight(_FIND_EPOCH.with_for_update())
_TAKE_OVER = (
    update(PIPELINES)
    .where(PIPELINES.c.id == bindparam("of_id"))
    .values(
        epoch=bindparam("new_epoch"),
        holder=bindparam("new_holder"),
        held_since=bindparam("now"),
        config_fingerprint=bindparam("new_fingerprint"),
        checksum=bindparam("new_checksum"),
    )
)
_LET_GO = update(PIPELINES).where(PIPELINES.c.id == bindparam("of_id")).values(holder=None, held_since=None)
_MOVE = Straight(
    update(PIPELINES)
    .where(PIPELINES.c.id == bindparam("of_id"), PIPELINES.c.epoch == bindparam("of_epoch"))
    .values(
        watermark_kind=bindparam("kind"),
        watermark_text=bindparam("text"),
        start=bindparam("new_start"),
        checksum=bindparam("new_checksum"),
    )
)


@cache
def _insert(kind: str) -> Any:
    return inserting(kind)(PIPELINES).on_conflict_do_nothing()


def find(connection: Connection, scope: Scope, *, to_write: bool = False) -> PipelineRow | None:
    """Return the scope's row; `to_write` keeps others from changing it until the transaction ends."""
    wanted = {"of_target": scope.target, "of_pipeline": scope.pipeline, "of_destination": scope.destination}
    row = connection.execute(_FIND_TO_WRITE if to_write else _FIND, wanted).first()
    return None if row is None else read(row)


def find_or_make(connection: Connection, scope: Scope, now: datetime) -> PipelineRow:
    """Return the scope's row, made if this is its first run.

    Raises `StateError` where its name lives on in the ids of a renamed pipeline: Meta would take the events of the
    one for those of the other.
    """
    found = find(connection, scope, to_write=True)
    if found is not None:
        return found
    require_own_name(connection, scope)
    connection.execute(
        _insert(connection.dialect.name),
        {
            "target": scope.target,
            "pipeline": scope.pipeline,
            "destination": scope.destination,
            "epoch": 0,
            "checksum": b"",
            "created_at": now,
        },
    )
    made = find(connection, scope, to_write=True)
    if made is None:
        raise StateError(f"state: {scope} could not be stored; run again")
    return made


def read(row: Any) -> PipelineRow:
    """Return the row as values; raises `StateError` where it is damaged."""
    if row.epoch or row.checksum:
        sealed = position_seal(row.id, row.watermark_kind, row.watermark_text, row.start, row.ids_name)
        require_seal(row.checksum, sealed, what=f"the position of {row.pipeline}")
    watermark = Watermark.parse(row.watermark_kind, row.watermark_text) if row.watermark_kind is not None else None
    return PipelineRow(
        id=row.id,
        epoch=row.epoch,
        holder=row.holder,
        watermark=watermark,
        start=row.start,
        pause_reason=row.pause_reason,
        fingerprint=row.config_fingerprint,
        ids_name=row.ids_name,
        basis=basis.read(row),
    )


def destinations(connection: Connection, target: str, name: str) -> list[str]:
    """Return where the pipeline `name` of `target` has state for, by name."""
    table = PIPELINES.c
    query = select(table.destination).where(table.target == target, table.pipeline == name)
    return list(connection.execute(query.order_by(table.destination)).scalars())


def owner_of_ids(connection: Connection, target: str, name: str) -> str | None:
    """Return the pipeline of another name whose ids are made of `name`; None where there is none."""
    table = PIPELINES.c
    query = select(table.pipeline).where(table.target == target, table.ids_name == name, table.pipeline != name)
    return connection.execute(query.limit(1)).scalar()


def require_own_name(connection: Connection, scope: Scope) -> None:
    """Raise `StateError` where the scope, which has no state, bears the name that a renamed one left behind."""
    if (owner := owner_of_ids(connection, scope.target, scope.pipeline)) is not None:
        raise StateError(
            f"state: {scope.pipeline} was renamed to {owner}, whose events keep its name in their ids; "
            f"write `name: {owner}` in its file, or give a new pipeline another name"
        )


def take_over(
    connection: Connection, found: PipelineRow, *, holder: str, now: datetime, fingerprint: str
) -> PipelineRow:
    """Make this run the only one whose writes count, by the next epoch."""
    epoch = found.epoch + 1
    kind, written = _texts(found.watermark)
    taken = {
        "of_id": found.id,
        "new_epoch": epoch,
        "new_holder": holder,
        "now": now,
        "new_fingerprint": fingerprint,
        "new_checksum": position_seal(found.id, kind, written, found.start, found.ids_name),
    }
    connection.execute(_TAKE_OVER, taken)
    return replace(found, epoch=epoch, holder=holder)


def require_epoch(connection: Connection, pipeline_id: int, epoch: int, *, to_write: bool = True) -> None:
    """Raise `StateError` if another run has taken over; `to_write` holds the row so that none can before the commit.

    To Postgres that is a write of its own, which a mere look need not wait for.
    """
    found = (_EPOCH_TO_WRITE if to_write else _EPOCH).first(connection, {"of_id": pipeline_id})
    if found != epoch:
        raise StateError("state: another run has taken this pipeline over; this one stops and changed nothing")


def move(connection: Connection, found: PipelineRow, *, watermark: Watermark | None, start: int | None) -> None:
    """Write how far the pipeline is; raises `StateError` rather than take the watermark back (R06)."""
    if found.watermark is not None and (watermark is None or watermark.is_behind(found.watermark)):
        raise StateError("state: the watermark would go back; the run stops")
    kind, written = _texts(watermark)
    moved = {
        "of_id": found.id,
        "of_epoch": found.epoch,
        "kind": kind,
        "text": written,
        "new_start": start,
        "new_checksum": position_seal(found.id, kind, written, start, found.ids_name),
    }
    if _MOVE.changed(connection, moved) != 1:
        raise StateError("state: the watermark could not be written; the run stops")


def release(
    connection: Connection, found: PipelineRow, *, pause_reason: str | None, went_well: bool, now: datetime
) -> None:
    """Note that nobody holds the pipeline; a reason pauses it, a run that went well ends the pause it began with.

    Where somebody paused or resumed it while the run was under way, that stands.
    """
    connection.execute(_LET_GO, {"of_id": found.id})
    if pause_reason == found.pause_reason or (pause_reason is None and not went_well):
        return
    paused_at = None if pause_reason is None else now
    connection.execute(
        update(PIPELINES)
        .where(PIPELINES.c.id == found.id, PIPELINES.c.pause_reason.is_not_distinct_from(found.pause_reason))
        .values(pause_reason=pause_reason, paused_at=paused_at)
    )


def set_pause(connection: Connection, found: PipelineRow, *, reason: str | None, now: datetime) -> None:
    """Pause with a reason; None lets it run again."""
    connection.execute(
        update(PIPELINES)
        .where(PIPELINES.c.id == found.id)
        .values(pause_reason=reason, paused_at=now if reason is not None else None)
    )


def put(connection: Connection, found: PipelineRow, watermark: Watermark | None) -> None:
    """Set the watermark to anything, by an operator's wish; whatever still writes by the old epoch is shut out."""
    kind, written = _texts(watermark)
    connection.execute(
        update(PIPELINES)
        .where(PIPELINES.c.id == found.id)
        .values(
            epoch=found.epoch + 1,
            watermark_kind=kind,
            watermark_text=written,
            checksum=position_seal(found.id, kind, written, found.start, found.ids_name),
        )
    )


def rename(connection: Connection, found: PipelineRow, *, old: str, new: str) -> None:
    """Give the row another name; the ids of its events stay as they are."""
    first = found.ids_name or old
    ids_name = None if first == new else first
    connection.execute(
        update(PIPELINES)
        .where(PIPELINES.c.id == found.id)
        .values(
            pipeline=new,
            epoch=found.epoch + 1,
            ids_name=ids_name,
            checksum=position_seal(found.id, *_texts(found.watermark), found.start, ids_name),
        )
    )


def _texts(watermark: Watermark | None) -> tuple[str | None, str | None]:
    return (None, None) if watermark is None else (watermark.value.kind.value, watermark.value.text)
