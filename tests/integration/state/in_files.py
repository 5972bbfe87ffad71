"""A ledger of a few requests in files: what makes one, and what is asked of it."""

from pathlib import Path

from syncer.report import RunStatus
from syncer.state.ledger import Ledger, ledger_of
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.scope import Scope
from syncer.state.store import Store
from tests.integration.state.conftest import ORDERS, Acts

EACH = 3
"""Events in a request."""


def with_small_files(store: Store) -> Store:
    store.ledger_sizes = LedgerSizes(long=4 * EACH, in_file=16 * EACH)
    return store


def deliver(store: Store, acts: Acts, numbers: range, *, scope: Scope = ORDERS, run_id: str = "") -> None:
    """Deliver requests: number 7 has the identities 21, 22 and 23."""
    with acts.begin(store, run_id or f"run-{numbers}-{scope}", scope=scope) as run:
        for number in numbers:
            acts.deliver(run, EACH * number, EACH)
        run.finish(RunStatus.DONE, now=store.clock.now())


def folder(store: Store) -> Path:
    assert store.beside is not None
    return store.beside


def files(store: Store) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in folder(store).glob("*"))


def known(store: Store, acts: Acts, upto: int = 200, *, pipeline_id: int = 1) -> tuple[list[int], Ledger]:
    """Return which of the first identities the ledger knows, by both of its ways, and the ledger."""
    ledger = ledger_of(store, pipeline_id)
    first, second = (ledger.settled(acts.identities(1, upto)).to_list() for _ in range(2))
    assert first == second
    return [number for number, is_known in enumerate(first, 1) if is_known], ledger


def of_requests(*numbers: int) -> list[int]:
    return [EACH * number + more for number in numbers for more in range(EACH)]


def spoil(path: Path, how: str) -> None:
    whole = path.read_bytes()
    match how:
        case "cut":
            path.write_bytes(whole[:-16])
        case "empty":
            path.write_bytes(b"")
        case "directory":
            path.write_bytes(whole[:75] + bytes([whole[75] ^ 1]) + whole[76:])
        case "identity":
            path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 0x10]) + whole[-2:])
        case "other":
            path.write_bytes(b"PK" + whole[2:])
        case "of another release":
            path.write_bytes(b"syncerL2" + whole[8:])
        case "link":
            path.rename(path.with_suffix(".moved"))
            path.symlink_to(path.with_suffix(".moved"))
