"""What a run is asked to do, and with what."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.base import Source
from syncer.engine.readings import Sweep
from syncer.engine.span import Selection
from syncer.engine.tools import Sender
from syncer.pipeline import Pipeline, Retention
from syncer.state.scope import Scope
from syncer.state.store import Store

if TYPE_CHECKING:
    from syncer.state.quarantine import Chosen


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to show how events arrive: the next ones, or the one with `key`."""

    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pipeline to one destination, with the means to reach both ends."""

    pipeline: Pipeline
    scope: Scope
    store: Store
    open_source: Callable[[], Source]
    open_sender: Callable[[], AbstractContextManager[Sender]]
    place: Callable[[], str] = str
    """Tells the database of the source from others; raises `ConfigError` where a reference is empty."""
    trigger: str = "manual"
    holder: str = ""
    """Who runs it, told to others that find the pipeline locked."""
    by: str = ""
    """Who wanted it, for the audit log."""
    limit: int | None = None
    """Send at most so many events."""
    sample: Sample | None = None
    """Given: deliver these rows out of turn; neither watermark nor start moves."""
    span: Selection | None = None
    """Given: deliver these events, whatever watermark and start say; neither moves."""
    sweep: Sweep = Sweep.NONE
    """Whether all keys in Meta's window are compared with the ledger; that moves nothing."""
    resend: bool = False
    """Send again what was settled before."""
    retry: "Chosen | None" = None
    """Given: judge these rejects again; the watermark does not move."""

    retention: Retention = Retention()
    """How long the state is kept that every run leaves behind."""

    @property
    def is_regular(self) -> bool:
        """Return whether the run goes by the watermark and moves it."""
        is_chosen = self.sample is not None or self.span is not None or self.retry is not None
        return not is_chosen and self.sweep is not Sweep.ONLY
