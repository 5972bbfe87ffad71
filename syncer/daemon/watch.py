"""The thread that looks for what somebody should be told: no receiver, however slow, keeps a run waiting."""

import logging
import threading
from collections.abc import Callable

from syncer.alerts.rounds import Rounds
from syncer.errors import SyncerError
from syncer.logs import unexpected
from syncer.session import Session

log = logging.getLogger(__name__)

ROUND_S = 15.0
"""Between two looks, where no run ends meanwhile."""
GRACE_S = 5.0
"""For a message under way when the daemon ends; the next daemon tells what was not told."""


class Watch:
    """Goes its rounds from `start` to `stop`. Mutable."""

    def __init__(self, session: Callable[[], Session], rounds: Rounds | None = None) -> None:
        """`session` gives the one of the newest files."""
        self._session, self._rounds = session, rounds or Rounds()
        self._is_wanted, self._is_over, self._is_failing = threading.Event(), False, False
        self._thread = threading.Thread(target=self._go, name="syncer-alerts", daemon=True)

    def start(self) -> None:
        """Begin with a look."""
        self._is_wanted.set()
        self._thread.start()

    def poke(self) -> None:
        """Look now: a run has ended."""
        self._is_wanted.set()

    def stop(self) -> None:
        """Look no more; wait for a message under way, `GRACE_S` at most."""
        self._is_over = True
        self._is_wanted.set()
        self._thread.join(GRACE_S)

    def _go(self) -> None:
        while not self._is_over:
            self._is_wanted.wait(ROUND_S)
            self._is_wanted.clear()
            if not self._is_over:
                self._round()

    def _round(self) -> None:
        try:
            self._rounds.go(self._session())
        except SyncerError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is, the runs and the next round go on
            self._tell(unexpected(error))
        else:
            self._is_failing = False

    def _tell(self, error: str) -> None:
        """Say once that alerts fail; a state that is away, the loop tells too."""
        if not self._is_failing and not self._is_over:
            log.error("alerts.failed", extra={"error": error, "next_in_s": ROUND_S})
        self._is_failing = True
