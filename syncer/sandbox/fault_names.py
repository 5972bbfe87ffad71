"""The faults by name: what each does, and how it is written."""

from typing import NamedTuple


class FaultName(NamedTuple):
    """One fault as people meet it: in `--help`, on the page, in the docs."""

    name: str
    title: str
    what: str
    example: str
    """What may stand behind the name and its equals sign."""


FAULT_NAMES = (
    FaultName("latency", "Slow answers", "every answer waits; 50ms-400ms: somewhere between", "2s"),
    FaultName("reset_before", "Reset before", "the connection is reset before the body is read", "100%"),
    FaultName("reset_after", "Reset after", "the events are taken, then the connection is reset", "100%"),
    FaultName("cut", "Cut answer", "the events are taken, the answer ends in its middle", "100%"),
    FaultName("500", "Server error", "HTTP 500 with code 2; nothing is taken", "100%"),
    FaultName("500_after", "Server error after", "the same, but the events were taken", "100%"),
    FaultName("html", "HTML page", "HTTP 503 with an HTML page; nothing is taken", "100%"),
    FaultName("too_large", "Too large", "HTTP 413 with an HTML page", "100%"),
    FaultName(
        "throttle", "Throttling", "codes 4, 17, 613, 80004 in turn, with usage headers; 5%:80004: one code", "100%"
    ),
    FaultName(
        "error", "Any error", "the code of Meta's that stands behind the colon, with or without subcode", "100%:368"
    ),
    FaultName("expire", "Expired token", "code 190, subcode 463; expire=100: from request 101 on", "100%"),
    FaultName("garbage", "Garbage", "the events are taken, the answer is no JSON", "100%"),
    FaultName("short", "Short count", "fewer events are taken than were sent; 1%:3: how many fewer", "100%"),
    FaultName("drip", "Dripping answer", "the answer comes byte by byte; 1%:30s: for how long", "100%"),
    FaultName(
        "poison",
        "Poisoned events",
        "a share of the events is refused, always the same ones; 1%:2804087: subcode",
        "10%",
    ),
    FaultName("lie", "Wrong hint", "the hint in a refusal names another event", "100%"),
    FaultName("seed", "Seed", "other faults for the same shares", "7"),
)
"""At most one of the faults from `reset_before` to `drip` strikes a request: the first in this order."""
