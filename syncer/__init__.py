"""Reverse ETL from a data warehouse to Meta's Conversions API."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from syncer.errors import SyncerError
    from syncer.report import RunReport
    from syncer.session import load_project, run_sync

__all__ = ["RunReport", "SyncerError", "__version__", "load_project", "run_sync"]

_HOMES = {
    "RunReport": "syncer.report",
    "SyncerError": "syncer.errors",
    "load_project": "syncer.session",
    "run_sync": "syncer.session",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'syncer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
