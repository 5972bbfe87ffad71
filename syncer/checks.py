"""Whether each connection of a project works: its warehouses, its datasets, its state store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from connectors.base import Query
from connectors.errors import QueryError, SourceError
from syncer.errors import ConfigError, Problem, StateError
from syncer.pipeline import Pipeline
from syncer.ports import Clock
from syncer.session import Session

if TYPE_CHECKING:
    from syncer.capi.quality import Quality

STATE = "state"
PROBE = Query(sql="SELECT 1 AS one")
NO_FIGURES = (
    "target {target} has the sandbox in place of the dataset, which begins empty with each command; `--target` names one "
    "that has Meta's, and `syncer plan` shows the match keys of what would be sent"
)


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    UNKNOWN = "unknown"
    """Nothing speaks against it, and nothing proves it."""
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Check:
    """What is known about one connection."""

    name: str
    kind: str
    """source, destination or state."""
    type: str
    """Kind of the warehouse or destination, such as duckdb."""
    verdict: Verdict
    detail: str
    elapsed_s: float


def checks(session: Session, names: Sequence[str] = ()) -> Iterator[Check]:
    """Check the connections called `names`, or all of the project and its state; no event is sent, no row read.

    Raises `ConfigError` where there is no connection of a name, before any is checked.
    """
    project = session.project
    known = [*dict.fromkeys([*project.sources, *project.destinations, STATE])]
    for name in names:
        if name not in known:
            raise ConfigError([_unknown(name, known)])
    return _checks(session, frozenset(names or known))


def _checks(session: Session, names: frozenset[str]) -> Iterator[Check]:
    project, clock = session.project, session.clock
    for name, source in project.sources.items():
        if name in names:
            yield _timed(clock, (name, "source", source.type), partial(_source, session, name))
    for name, destination in project.destinations.items():
        if name in names:
            yield _timed(clock, (name, "destination", destination.type), partial(_destination, session, name))
    if STATE in names:
        yield _timed(clock, (STATE, STATE, STATE), partial(_state, session))


def _timed(clock: Clock, what: tuple[str, str, str], look: "Callable[[], tuple[Verdict, str]]") -> Check:
    began = clock.monotonic()
    try:
        verdict, detail = look()
    except ConfigError as error:
        verdict, detail = Verdict.MISCONFIGURED, str(error)
    except (SourceError, StateError) as error:
        verdict, detail = Verdict.REFUSED, str(error)
    return Check(*what, verdict, detail, clock.monotonic() - began)


def _source(session: Session, name: str) -> tuple[Verdict, str]:
    with session.connect(name) as source:
        try:
            source.schema(PROBE)
        except QueryError as error:  # some dialects have no SELECT without a table; the warehouse was reached
            return Verdict.UNKNOWN, f"connected, but `{PROBE.sql}` was refused: {error}"
    return Verdict.OK, "connected, in a session that only reads"


def _destination(session: Session, name: str) -> tuple[Verdict, str]:
    from syncer.capi.client import Client
    from syncer.capi.token_state import TokenVerdict

    destination = session.project.destinations[name]
    if destination.type == "sandbox":
        return Verdict.OK, "the sandbox on this machine takes any token"
    with Client(session.endpoint(destination), clock=session.clock) as client:
        state = client.inspect_token()
    verdicts = {TokenVerdict.VALID: Verdict.OK, TokenVerdict.UNKNOWN: Verdict.UNKNOWN}
    return verdicts.get(state.verdict, Verdict.REFUSED), state.detail


def quality(session: Session, pipeline: Pipeline) -> "Quality":
    """Return what Meta says about the events of the dataset of `pipeline`; no event is sent.

    Raises `ConfigError` where the token cannot be read.
    """
    from syncer.capi.client import Client
    from syncer.capi.quality import Quality

    destination = session.destination(pipeline)
    if destination.type == "sandbox":
        return Quality(problem=NO_FIGURES.format(target=session.project.target))
    with Client(session.endpoint(destination), clock=session.clock) as client:
        return client.read_quality()


def _state(session: Session) -> tuple[Verdict, str]:
    from syncer.state.guard import Guard
    from syncer.state.tables import SCHEMA

    place = session.state_place
    if place.path is not None and not place.path.exists() and Guard(place.path).read() is None:
        return Verdict.UNKNOWN, f"{place} does not exist yet; the first run makes it"
    with session.store_as_it_is() as store:
        store.require_known_schema()
        store.require_newest()
        found = store.schema
    if found == SCHEMA:
        return Verdict.OK, f"{place}, schema {found}"
    was = f"schema {found}" if found else "without tables yet"
    return Verdict.OK, f"{place}, {was}; the next run brings it to schema {SCHEMA}"


def _unknown(name: str, known: Sequence[str]) -> Problem:
    near = get_close_matches(name, known, n=1)
    names = f"connections: {', '.join(known)}"
    what = f"no source or destination is called {name!r}"
    return Problem(file=None, what=what, remedy=f"did you mean {near[0]!r}? {names}" if near else names)
