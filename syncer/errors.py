"""Every error that leaves syncer, by what the caller does next.

Warehouses raise `connectors.errors.SourceError`; what Meta answers is no error but an outcome (`spec.outcomes`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class SyncerError(Exception):
    """Any failure that syncer explains; its text holds no secret and no personal datum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file: where it is, what is wrong, how to mend it."""

    file: Path | None
    line: int = 1
    column: int = 1
    path: str = ""
    """Dotted path of the key, such as `mapping.customer_info.em`; empty for the whole file."""
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        path = f"{self.path}: " if self.path else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{path}{self.what}{remedy}"


class ConfigError(SyncerError):
    """The user edits a file; nothing was read or sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StateError(SyncerError):
    """The state store failed: nothing is sent without it."""


class LockedError(SyncerError):
    """Another run holds the pipeline."""

    def __init__(self, pipeline: str, *, holder: str) -> None:
        self.pipeline, self.holder = pipeline, holder
        super().__init__(f"{pipeline}: another run holds this pipeline ({holder}); wait for it or stop it")
