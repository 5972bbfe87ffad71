"""How long an answer waits for those of other requests, since what one commit does for several costs a third of its own."""

from collections.abc import Collection

from syncer.engine.outgoing import Outgoing

QUICK_S = 0.000_04
"""Where answers take less than this for each event, a run waits for its rows and its commits, not for them."""
COMPANY_S = 0.000_005
"""So long such an answer waits, for each event under way: requests still go faster than rows come."""
MOST_REQUESTS = 4
"""As full as it is, of which the events count: what is answered does not stay unwritten for longer than that."""


def company_s(came: Collection[Outgoing], under_way: Collection[Outgoing], now: float) -> float:
    """Return how long those that `came` wait for others `under_way`; 0 where none came so soon that it costs nothing."""
    quick = max((each.events.height for each in came if now - each.begun < QUICK_S * each.events.height), default=0)
    return COMPANY_S * min(MOST_REQUESTS * quick, sum(each.events.height for each in under_way))
