"""How a sandbox is set up."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from syncer.sandbox.faults import NO_FAULTS, Faults
from syncer.sandbox.refusal import Hints
from syncer.sandbox.tokens import Token
from syncer.sandbox.wording import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The defaults let any token send to any dataset, and judge fully."""

    dataset_ids: Collection[str] | None = None
    """The datasets there are; None: any decimal number."""
    tokens: Sequence[Token] = ()
    """The tokens there are; empty: any token will do."""
    app_secret: str | None = field(default=None, repr=False)
    """Given: every call needs the right appsecret_proof."""
    proof_code: int = 104
    """Code of a wrong proof: 104 by documentation, 100 has also been seen."""
    faults: Faults = NO_FAULTS
    judge: Literal["full", "count"] = "full"
    """`count`: events of a JSON body are counted by their key `user_data`, not judged, not kept; for benchmarks."""
    strict: bool = False
    """Refuse also what Meta documents or advises, yet was seen to take or not shown to refuse."""
    locale: Locale = "en"
    hints: Hints = "none"
    keep: int = 1_000
    """How many events, requests and refusals are kept in full; all are counted."""
    body_limit_bytes: int = 16 << 20
    """A larger body is answered 413 with an HTML page."""
    calls_per_hour: int | None = None
    """Given: further calls are throttled with code 80004, as the usage headers foretell."""
    clock: Callable[[], float] = field(default=time.time, repr=False)
    """Unix seconds."""
