"""Finding the bad events of a refused request by sending parts of it: a pure machine (reliability promise R17).

The first bad event is found by halving one half at a time, while the halves beside it wait and are then sent
together: one bad event among n costs about log2 n requests. From the second on, both halves are sent. Where one
half of a refused group was taken, the other must hold a bad event and is divided without being sent. Events that
the answer blames are tried alone first, until one of them turns out good. An event counts as bad only when it was
refused alone, so neither a lying hint nor a server that changes its mind can condemn its neighbours.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from syncer.spec.answers import DATA_SUBCODES
from syncer.spec.outcomes import Outcome, OutcomeClass

SMALLEST_FOR_HINTS = 5
"""Below, a hint that lies would cost more than halving saves."""
MOST_BY_HINTS = 4
"""After so many, halving goes on: it sends good events between bad ones, without which a few requests in flight, each
full of hints, would look like a bad mapping to the guard of the run."""

Events: TypeAlias = tuple[int, ...]
"""Indexes of events in the first, refused request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """Where the search stands; every step returns a new one. Needs at most 2k(log2 n + 1) + 1 requests for k of n.

    Send `next`, then call the method that its answer names, until `next` is empty.
    """

    groups: tuple[Events, ...]
    """To be sent, the next one first."""
    waiting: Events = ()
    """Halves beside the first bad event, sent together once it is found."""
    first_decides: bool = False
    """Whether the first two groups are the halves of a refused one."""
    has_found: bool = False
    """Whether the first bad event was sought already: from then on both halves are sent."""
    hints: int = 0
    """How many groups, from the first on, are single blamed events; the last group holds all others."""
    has_hit: bool = False
    """Whether one of these hints was true."""
    trusts_hints: bool = True
    bad: Events = ()
    """Events that were refused alone."""

    @classmethod
    def of_rejected(cls, size: int, *, blamed: Iterable[int] = ()) -> "Isolation":
        """Return the search after a request of `size` events was refused for its data."""
        return cls._of(size).rejected(blamed=blamed)

    @classmethod
    def of_too_big(cls, size: int) -> "Isolation":
        """Return the search after a request of `size` events was refused for its size."""
        return cls._of(size).too_big()

    @classmethod
    def _of(cls, size: int) -> Self:
        return cls(groups=(tuple(range(size)),), trusts_hints=size >= SMALLEST_FOR_HINTS)

    @property
    def next(self) -> Events:
        """Return the events of the next request; empty when all are settled."""
        return self.groups[0] if self.groups else ()

    @property
    def unsettled(self) -> Events:
        """Return the events that are neither taken, bad nor put aside, for a run that must stop here."""
        return tuple(sorted((*self.waiting, *_joined(self.groups))))

    def accepted(self) -> "Isolation":
        """Return the search after `next` was taken."""
        if self.hints:
            return self._after_lie()
        rest = replace(self, groups=self.groups[1:], first_decides=False)
        return _divided(rest) if self.first_decides else _released(rest)

    def rejected(self, *, blamed: Iterable[int] = ()) -> "Isolation":
        """Return the search after `next` was refused for its data; `blamed` are indexes within `next`."""
        group, rest = self.groups[0], self.groups[1:]
        if self.hints:
            bad = (*self.bad, *group)
            return _released(replace(self, groups=rest, bad=bad, hints=self.hints - 1, has_hit=True))
        waiting = self.waiting
        if self.first_decides and not self.has_found:
            waiting, rest = (*waiting, *rest[0]), rest[1:]
        if len(group) == 1:
            found = replace(self, groups=rest, waiting=waiting, bad=(*self.bad, *group), first_decides=False)
            return _released(replace(found, has_found=True))
        tried = self._worth_trying(group, blamed)
        if tried:
            others = tuple(event for event in group if event not in tried)
            groups = (*((event,) for event in tried), *((others,) if others else ()))
            return replace(self, groups=groups, hints=len(tried), has_hit=False)
        return _divided(replace(self, waiting=waiting, groups=(group, *rest)))

    def too_big(self) -> "Isolation":
        """Return the search after `next` was refused for its size; an event that is too big alone is bad."""
        group = self.groups[0]
        if len(group) == 1:
            return self.rejected()
        return replace(_divided(self), first_decides=False)

    def put_aside(self) -> "Isolation":
        """Return the search without `next`, whose fate is unknown and settled elsewhere."""
        hints = max(self.hints - 1, 0)
        return _released(replace(self, groups=self.groups[1:], first_decides=False, hints=hints, has_hit=True))

    def without(self, gone: Container[int]) -> "Isolation":
        """Return the search without the events in `gone`, whose fate is settled elsewhere: they prove nothing any more."""
        groups = tuple(tuple(event for event in group if event not in gone) for group in self.groups)
        waiting = tuple(event for event in self.waiting if event not in gone)
        hints = sum(bool(group) for group in groups[: self.hints])
        rest = replace(self, groups=tuple(filter(None, groups)), waiting=waiting, hints=hints)
        return _released(replace(rest, first_decides=False, has_hit=True))

    def _worth_trying(self, group: Events, blamed: Iterable[int]) -> Events:
        if not self.trusts_hints or self.groups[1:] or self.waiting:
            return ()
        named = dict.fromkeys(group[index] for index in blamed if 0 <= index < len(group))
        return tuple(named)[: max(0, MOST_BY_HINTS - len(self.bad))]

    def _after_lie(self) -> "Isolation":
        """Believe no hint any more; what is left must be bad, unless another hint was true."""
        left = tuple(sorted(_joined(self.groups[1:])))
        after = replace(self, groups=(left,) if left else (), hints=0, trusts_hints=False)
        return _released(after) if self.has_hit else _divided(after)


def looks_like_configuration(refusals: Sequence[Outcome]) -> bool:
    """Return whether the refusals of all single events of a request speak of its address, not of its data.

    So it is when there are several and each has code 100 without a subcode of the Conversions API.
    """
    return len(refusals) > 1 and all(
        refusal.kind is OutcomeClass.REJECTED and refusal.code == 100 and refusal.subcode not in DATA_SUBCODES
        for refusal in refusals
    )


def _divided(search: Isolation) -> Isolation:
    """Put the halves of the first group, which must hold a bad event, in its place; one event is sent as it is."""
    group = search.next
    if len(group) < 2:
        return _released(search)
    middle = (len(group) + 1) // 2
    return replace(search, groups=(group[:middle], group[middle:], *search.groups[1:]), first_decides=True)


def _released(search: Isolation) -> Isolation:
    """Let the waiting halves go as one group when no other is left, or the first bad event is found."""
    if not search.waiting or (search.groups and not search.has_found):
        return search
    return replace(search, groups=(*search.groups, search.waiting), waiting=(), has_found=True)


def _joined(groups: Iterable[Events]) -> Iterable[int]:
    return (event for group in groups for event in group)
