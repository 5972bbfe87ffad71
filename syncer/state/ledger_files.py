"""What was settled long ago, in files beside the state, so that no run must read the whole ledger.

A chain of files covers the requests up to one id, all of which have come to their end but some that are held; these, and
what came after, are read from the state. The files are made of the state and can be thrown away at any time. A run that
holds the pipeline makes them: at its end where it has read much, before that where much is in memory. They become few
large ones as they grow.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl
from sqlalchemy import bindparam, func, select

from syncer.errors import StateError
from syncer.state import outbox, pipelines
from syncer.state.place import make_private_folder
from syncer.state.requests import IDENTITY_BYTES, RequestState
from syncer.state.scope import Scope
from syncer.state.segment import AT_ONCE, DRAFT, Asked, Part, Segment, in_memory, noes, write
from syncer.state.segment_head import Covered, OtherLayoutError
from syncer.state.tables import ERASED, REQUESTS
from syncer.state.words import packed_of, words_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.state.store import Store

log = logging.getLogger(__name__)
TIMES = 8
"""A file that is less than so many times as large as what follows it becomes one with that."""
MOST_OF_ONE_SIZE = 8
"""While a run goes on, its files become one only once there are more of one size: to write is dearer than to look."""
LEAST = 4
"""While a run goes on no file is made of less than one in so many of what it may have: each is looked into, however small."""
PAGE_ROWS = 64
GONE_MOST = 16
"""Files are made anew, by the run that finds them, once one in so many ids of requests they cover is forgotten by the state."""
GONE_FAR = 4
"""Of one in so many no run believes them: what is forgotten is settled no more, and a run that cannot make files keeps them."""

_OF_PIPELINE = REQUESTS.c.pipeline_id == bindparam("of_pipeline")
_CHECKSUM = select(REQUESTS.c.checksum).where(_OF_PIPELINE, REQUESTS.c.id == bindparam("of_id"))
_OLDEST = (
    select(REQUESTS.c.id)
    .where(_OF_PIPELINE, REQUESTS.c.state != RequestState.HELD.value)  # which stays, however old it is
    .order_by(REQUESTS.c.id)
    .limit(1)
)
_ERASED = select(func.count()).select_from(ERASED).where(ERASED.c.pipeline_id == bindparam("of_pipeline"))


@dataclass(frozen=True, slots=True)
class LedgerFiles:
    """The files of one pipeline, from the first request on without a gap."""

    segments: tuple[Segment, ...] = ()
    is_untidy: bool = False
    """Whether others lie beside them that are not to be believed: of what the state has forgotten, spoiled, of a crash.

    Or they are more than they need be, since a process ended before they became one; or outdated."""
    is_outdated: bool = False
    """Whether the state has forgotten so much of what they know that they serve this run for the last time."""

    @classmethod
    def of(cls, store: "Store", pipeline_id: int) -> Self:
        """Return the files that fit the state as it is; none where there are none, or they are of another state."""
        if store.beside is None:
            return cls()
        names = _names(store.beside, _stem(store, pipeline_id))
        if not names:
            return cls()
        with store.reading() as connection:
            segments = _chain(connection, pipeline_id, names)
            oldest = connection.execute(_OLDEST, {"of_pipeline": pipeline_id}).scalar()
        if _is_forgotten(segments, oldest, one_in=GONE_FAR):
            return cls(is_untidy=True)
        is_outdated = _is_forgotten(segments, oldest, one_in=GONE_MOST)
        is_untidy = is_outdated or len(segments) < len(names) or len(_of_one_size(segments)) > 1
        return cls(segments, is_untidy=is_untidy, is_outdated=is_outdated)

    @property
    def upto(self) -> int:
        """Id of the last request that they cover; 0 where there are none."""
        return self.segments[-1].covered.upto if self.segments else 0

    @property
    def held(self) -> list[int]:
        """Ids of requests among those covered whose identities they have not."""
        return [request for segment in self.segments for request in segment.covered.held]

    def settled(self, digests: bytes) -> pl.Series:
        """Return, for each of the packed `digests`, whether it is in a file.

        Raises `StateError` where a file is spoiled, which is taken away: the next look reads the state instead.
        """
        found, asked = noes(len(digests) // IDENTITY_BYTES), Asked.of(digests)
        for segment in self.segments:
            try:
                found |= segment.has(asked)
            except OSError as error:
                raise _spoiled(segment.path, error) from None
        return found


def extend(store: "Store", scope: Scope, *, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Cover what has come to its end, in as few files as is worth it; return how many events they have.

    For who holds the pipeline. Raises `OSError` where a file cannot be written; what was done before stays, as it does
    once `is_stopped`.
    """
    builder = _Builder.of(store, scope, is_stopped, keeps_outdated=False)
    if builder is None:
        return 0
    with suppress(_StoppedError):
        builder.cover_all()
        builder.unite()
    return sum(segment.count for segment in builder.segments)


def cover(store: "Store", scope: Scope, is_covered: Callable[[bytes], None]) -> LedgerFiles | None:
    """Cover what has come to its end while a run of the pipeline goes on, and return the files; they become few later.

    For who holds the pipeline. `is_covered` is told the packed identities of each file that is made. What cannot be
    written is told in the log; None: nothing can.
    """
    builder = None
    try:
        builder = _Builder.of(store, scope, lambda: False, keeps_outdated=True)
        if builder is None:
            return None
        builder.cover_all(is_covered, least=store.ledger_sizes.in_file // LEAST)
        if len(_of_one_size(builder.segments)) > MOST_OF_ONE_SIZE:
            builder.unite()
    except (OSError, StateError) as error:
        log.warning("ledger.not_in_files", extra={"pipeline": scope.pipeline, "error": type(error).__name__})
    if builder is None:
        return None
    is_untidy = builder.is_outdated or len(_of_one_size(builder.segments)) > 1
    return LedgerFiles(tuple(builder.segments), is_untidy=is_untidy, is_outdated=builder.is_outdated)


def forget(store: "Store", pipeline_id: int) -> None:
    """Take the files of a pipeline away, and drafts of them; raises `StateError` where one stays.

    For who holds the pipeline.
    """
    if store.beside is None:
        return
    for path in sorted(_all(store.beside, _stem(store, pipeline_id))):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(
                f"state: {path} cannot be taken away ({error.strerror}): no run believes it, but it has what was "
                "erased from the state; delete it"
            ) from None


def _spoiled(path: Path, error: Exception) -> StateError:
    """Take the file away and return what is said of it."""
    what = "was taken away; run again"
    try:
        path.unlink(missing_ok=True)
    except OSError:
        what = "cannot be taken away; delete it and run again"
    return StateError(
        f"state: {path} cannot be relied on ({error}) and {what}: "
        "it is made anew from the state, which has all that was in it"
    )


def _source(segment: Segment) -> Part:
    """Return what gives the identities of a file; raises `StateError` where it is spoiled, and takes it away."""

    def part(low: int, high: int) -> bytes:
        try:
            return segment.part(low, high)
        except OSError as error:
            raise _spoiled(segment.path, error) from None

    return part


class _StoppedError(Exception):
    """Somebody wants the process to end."""


@dataclass(slots=True)
class _Builder:
    """Makes files for one pipeline; mutable."""

    store: "Store"
    pipeline_id: int
    stem: Path
    is_stopped: Callable[[], bool]
    segments: list[Segment]
    is_outdated: bool = False
    """Whether the first of them are."""

    @classmethod
    def of(cls, store: "Store", scope: Scope, is_stopped: Callable[[], bool], *, keeps_outdated: bool) -> Self | None:
        """Return the builder that goes on from the files that are to be believed; others are taken away.

        None where there is nothing that files could be made of, or no folder for them.
        """
        with store.reading() as connection:
            found = pipelines.find(connection, scope)
        if store.beside is None or found is None:
            return None
        make_private_folder(store.beside.parent)
        make_private_folder(store.beside)
        stem = _stem(store, found.id)
        files = LedgerFiles.of(store, found.id)
        is_outdated = files.is_outdated and keeps_outdated
        kept = [] if files.is_outdated and not keeps_outdated else list(files.segments)
        for path in _all(store.beside, stem) - {segment.path for segment in kept}:
            path.unlink(missing_ok=True)
        return cls(store, found.id, store.beside / stem, is_stopped, kept, is_outdated=is_outdated)

    def cover_all(self, is_covered: Callable[[bytes], None] = lambda _: None, *, least: int = 1) -> None:
        """Make files, none of fewer events than `least`, of all requests up to the first that is under way.

        `is_covered` is told what each has.
        """
        while self._cover_more(is_covered, least):
            pass

    def _cover_more(self, is_covered: Callable[[bytes], None], least: int) -> bool:
        """Make a file of the next requests; return whether there may be more."""
        after = self.segments[-1].covered.upto if self.segments else 0
        most = self.store.ledger_sizes.in_file
        with self.store.reading() as connection:
            of = {"of_pipeline": self.pipeline_id, "after": after}
            first, upto, words, held = _read(connection, self.pipeline_id, after, most=most)
            if sum(len(low) for low, _ in words) < max(1, least):
                return False
            covered = Covered(
                after=after,
                upto=upto,
                first=first,
                erased=connection.execute(_ERASED, of).scalar_one(),
                checksum=bytes(connection.execute(_CHECKSUM, of | {"of_id": upto}).scalar_one()),
                held=held,
            )
        low, high = map(pl.concat, zip(*words, strict=True))
        self.segments.append(self._written(covered, [in_memory(low, high)], len(low)))
        for first in range(0, len(low), AT_ONCE):
            is_covered(packed_of(low.slice(first, AT_ONCE), high.slice(first, AT_ONCE)))
        return len(low) >= most

    def unite(self) -> None:
        """Make one file of the last ones, where two or more are of one size."""
        parts = _of_one_size(self.segments)
        if len(parts) < 2:
            return
        ends = parts[-1].covered
        covered = Covered(
            after=parts[0].covered.after,
            upto=ends.upto,
            first=parts[0].covered.first,
            erased=ends.erased,
            checksum=ends.checksum,
            held=tuple(request for part in parts for request in part.covered.held),
        )
        count = sum(part.count for part in parts)
        self.segments[-len(parts) :] = [self._written(covered, [_source(part) for part in parts], count)]
        self.store.points.hit("files.in")
        for part in parts:
            part.path.unlink(missing_ok=True)

    def _written(self, covered: Covered, sources: Sequence[Part], count: int) -> Segment:
        def all_of(low: int, high: int) -> bytes:
            if self.is_stopped():
                raise _StoppedError
            return b"".join(source(low, high) for source in sources)

        path = self.stem.with_name(f"{self.stem.name}-{covered.after}-{covered.upto}.ids")
        write(path, covered, all_of, count)
        return Segment(path)


def _of_one_size(segments: Sequence[Segment]) -> Sequence[Segment]:
    """Return the last ones, from the first on that is not far larger than all that follow it."""
    first, following = 0, sum(segment.count for segment in segments)
    for segment in segments:
        following -= segment.count
        if segment.count < TIMES * following:
            break
        first += 1
    return segments[first:]


def _read(
    connection: "Connection", pipeline_id: int, after: int, *, most: int
) -> tuple[int, int, list[tuple[pl.Series, pl.Series]], tuple[int, ...]]:
    """Return the ids of the first and the last request after `after` that settle for good, what they settle, and what is held.

    What they settle comes in parts, as words: columns, since the bytes of a million would stay with the process.

    The latter are ids of requests before the last of the former. That is about `most` identities, where there are so many
    before a request that is under way.
    """
    first, upto, last, count, found, held = 0, after, after, 0, list[tuple[pl.Series, pl.Series]](), list[int]()
    while count < most:
        page = list(outbox.lasting_digests(connection, pipeline_id, after=last, rows=PAGE_ROWS))
        if not page:
            break
        last = page[-1][0]
        settled = [(request, digests) for request, digests in page if digests is not None]
        held += [request for request, digests in page if digests is None]
        if settled:
            first, upto = first or settled[0][0], settled[-1][0]
            found.append(words_of(b"".join(digests for _, digests in settled)))
            count += len(found[-1][0])
    return first, upto, found, tuple(request for request in held if request < upto)


def _chain(connection: "Connection", pipeline_id: int, names: dict[tuple[int, int], Path]) -> tuple[Segment, ...]:
    of = {"of_pipeline": pipeline_id}
    erased = connection.execute(_ERASED, of).scalar_one()
    chain: list[Segment] = []
    for (after, upto), path in sorted(names.items(), key=lambda item: (item[0][0], -item[0][1])):
        if after != (chain[-1].covered.upto if chain else 0):
            continue
        try:
            segment = Segment(path)
        except OtherLayoutError:
            continue
        except OSError as error:
            log.warning("ledger.file_left_out", extra={"file": path.name, "error": type(error).__name__})
            continue
        covered = segment.covered
        checksum = connection.execute(_CHECKSUM, of | {"of_id": upto}).scalar() or b""
        is_ours = (covered.after, covered.upto) == (after, upto) and bytes(checksum) == covered.checksum
        if is_ours and covered.erased == erased:
            chain.append(segment)
    return tuple(chain)


def _is_forgotten(chain: Sequence[Segment], oldest: int | None, *, one_in: int) -> bool:
    """Return whether the state, whose request `oldest` is the first that is not held, has forgotten so much of the files."""
    if not chain:
        return False
    first, upto = chain[0].covered.first, chain[-1].covered.upto
    return oldest is None or (oldest - first) * one_in > upto - first


def _stem(store: "Store", pipeline_id: int) -> str:
    return hashlib.blake2b(store.salt + str(pipeline_id).encode(), digest_size=8).hexdigest()


def _all(folder: Path, stem: str) -> set[Path]:
    """Return the files of a pipeline, and the drafts that killed processes left."""
    return {*_names(folder, stem).values(), *folder.glob(f"{stem}-*{DRAFT}")}


def _names(folder: Path, stem: str) -> dict[tuple[int, int], Path]:
    """Return the files of a pipeline by the ids between which they cover its requests."""
    return {
        (int(after), int(upto)): path
        for path in folder.glob(f"{stem}-*-*.ids")
        for after, upto in [path.stem.split("-")[1:]]
        if after.isdecimal() and upto.isdecimal()
    }
