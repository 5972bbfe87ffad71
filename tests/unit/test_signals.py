"""What listens to signals, and what it leaves behind."""

import signal
import time

from syncer.signals import AGAIN_S, listen


class Lost:
    """Raises while Python collects it, which Python drops."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_a_ctrl_c_that_python_drops_is_asked_for_again_only_while_somebody_listens() -> None:
    asked: list[str] = []
    alarm = signal.getsignal(signal.SIGALRM)
    as_before = listen(lambda: asked.append("again"))
    Lost()
    time.sleep(3 * AGAIN_S)
    assert asked == ["again"]
    Lost()
    as_before()
    assert signal.getsignal(signal.SIGALRM) == alarm
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    time.sleep(3 * AGAIN_S)
    assert asked == ["again"]
