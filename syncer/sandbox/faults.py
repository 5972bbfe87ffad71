"""Seeded faults: what goes wrong on the way, decided by the number of the request alone.

A specification is a list of `name=when`, joined by commas:

    latency=200ms,500=5%,reset_after=1%,throttle=10@3,seed=7

`when` is a share of the requests (`5%`, `0.5%`) or a spell (`10@3`: ten requests in a row, from the third one on).
Some names take a detail behind a colon. The same seed gives the same faults for the same request numbers.

`FAULT_NAMES` says what each name does. At most one of the faults from `reset_before` to `drip` strikes a request: the
first in that order.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from syncer.sandbox.wording import CLICK_NOT_REAL

STRIKES = (
    "reset_before",
    "reset_after",
    "cut",
    "500",
    "500_after",
    "html",
    "too_large",
    "throttle",
    "error",
    "expire",
    "garbage",
    "short",
    "drip",
)
"""The faults of which at most one strikes a request, in their order."""
NAMES = ("seed", "latency", *STRIKES, "poison", "lie")
THROTTLE_CODES = (4, 17, 613, 80004)

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII).fullmatch
_SPELL = re.compile(r"(\d+)@(\d+)", re.ASCII).fullmatch
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)", re.ASCII).fullmatch
_CODE = re.compile(r"(\d+)(?:/(\d+))?", re.ASCII).fullmatch


class FaultsError(ValueError):
    """A specification that cannot be read; the text says where and what would do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it strikes, and its detail."""

    name: str
    share: float = 0.0
    first: int = 0
    count: float = 0
    """A spell of so many requests from the `first` on; may be infinite."""
    code: int = 0
    subcode: int | None = None
    fewer: int = 1
    """How many events a short count leaves out."""
    seconds: float = 10.0
    """How long an answer drips."""

    def strikes(self, number: int, seed: int) -> bool:
        """Return whether the fault strikes the request of this number; 1 is the first."""
        if self.count:
            return self.first <= number < self.first + self.count
        return draw(seed, self.name, number) < self.share


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens to one request."""

    latency_s: float
    fault: Fault | None
    lies: bool

    @property
    def name(self) -> str:
        """Return the name of the fault, empty for none."""
        return self.fault.name if self.fault else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All faults of a sandbox."""

    seed: int = 0
    latency_s: tuple[float, float] = (0.0, 0.0)
    strikes: tuple[Fault, ...] = ()
    poison: Fault | None = None
    lie: Fault | None = None
    spec: str = ""

    def strike(self, number: int) -> Strike:
        """Return what happens to the request of this number."""
        low, high = self.latency_s
        latency_s = low + (high - low) * draw(self.seed, "latency", number)
        fault = next((fault for fault in self.strikes if fault.strikes(number, self.seed)), None)
        return Strike(latency_s, fault, lies=self.lie is not None and self.lie.strikes(number, self.seed))

    def poisons(self, event: Mapping[str, object]) -> bool:
        """Return whether this event is one of the poisoned, by its name and id alone."""
        if self.poison is None:
            return False
        return draw(self.seed, f"poison/{event.get('event_name')}", event.get("event_id")) < self.poison.share


NO_FAULTS = Faults()


def draw(seed: int, name: str, number: object) -> float:
    """Return a number from 0 to 1 that follows from the arguments alone."""
    digest = hashlib.blake2b(f"{name}/{seed}/{number}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def parse_faults(spec: str) -> Faults:
    """Return the faults that `spec` describes; raises FaultsError."""
    found: dict[str, Fault] = {}
    seed, latency_s = 0, (0.0, 0.0)
    for item in filter(None, (part.strip() for part in spec.split(","))):
        name, equals, rest = item.partition("=")
        if not equals or name not in NAMES:
            raise FaultsError(f"{item!r}: write name=when with one of the names {', '.join(NAMES)}")
        if name == "seed":
            seed = _whole(item, rest)
        elif name == "latency":
            latency_s = _latency(item, rest)
        else:
            found[name] = _fault(item, name, rest)
    return Faults(
        seed=seed,
        latency_s=latency_s,
        strikes=tuple(found[name] for name in STRIKES if name in found),
        poison=found.get("poison"),
        lie=found.get("lie"),
        spec=spec,
    )


def _fault(item: str, name: str, rest: str) -> Fault:
    when, _, detail = rest.partition(":")
    return _detailed(_timed(Fault(name), item, when), item, detail)


def _timed(fault: Fault, item: str, when: str) -> Fault:
    if fault.name == "expire" and when.isdecimal():
        return replace(fault, first=int(when) + 1, count=inf)
    if (percent := _PERCENT(when)) and float(percent[1]) <= 100:
        return replace(fault, share=float(percent[1]) / 100)
    if (spell := _SPELL(when)) and fault.name != "poison" and int(spell[1]) > 0:
        return replace(fault, first=int(spell[2]), count=int(spell[1]))
    what = f"{when!r} is no share such as 5% and no spell such as 10@3 (ten requests from the third on)"
    raise FaultsError(f"{item!r}: {what}")


def _detailed(fault: Fault, item: str, detail: str) -> Fault:
    match fault.name:
        case "error" if not detail:
            raise FaultsError(f"{item!r}: name the code, such as error=2%:368 or error=2%:100/33")
        case "poison":
            return replace(fault, code=100, subcode=_codes(item, detail)[0] if detail else CLICK_NOT_REAL)
        case _ if not detail:
            return fault
        case "drip":
            return replace(fault, seconds=_seconds(item, detail))
        case "short":
            return replace(fault, fewer=_whole(item, detail))
        case "error" | "throttle":
            code, subcode = _codes(item, detail)
            return replace(fault, code=code, subcode=subcode)
    raise FaultsError(f"{item!r}: {fault.name} takes no detail; leave out {':' + detail!r}")


def _codes(item: str, text: str) -> tuple[int, int | None]:
    match = _CODE(text)
    if match is None:
        raise FaultsError(f"{item!r}: {text!r} is no code such as 613 or 100/33")
    return int(match[1]), int(match[2]) if match[2] else None


def _latency(item: str, text: str) -> tuple[float, float]:
    low, dash, high = text.partition("-")
    first = _seconds(item, low)
    return first, _seconds(item, high) if dash else first


def _seconds(item: str, text: str) -> float:
    match = _TIME(text)
    if match is None:
        raise FaultsError(f"{item!r}: {text!r} is no time such as 200ms or 1.5s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def _whole(item: str, text: str) -> int:
    if not text.isdecimal():
        raise FaultsError(f"{item!r}: {text!r} is no whole number")
    return int(text)
