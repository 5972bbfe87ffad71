"""A line for each event that was sent or set aside, with its key: the warehouse is read again, the state keeps none."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl
import pyarrow as pa

from connectors.base import Source
from connectors.incremental import CursorValue
from syncer.engine.compiled import compiled
from syncer.engine.span import halves, lowest, whole
from syncer.pipeline import Pipeline
from syncer.state.ledger import packed
from syncer.state.quarantine import Reject
from syncer.state.request_lines import RequestLine
from syncer.state.requests import FREE, NOBODY, RequestState, StoredRequest
from syncer.state.words import identities
from syncer.transform.identity import Scope

OUTCOMES: Final = {
    RequestState.ACKED: "acknowledged",
    RequestState.ACKED_ASSUMED: "assumed",
    RequestState.DEAD: "rejected_remote",
    RequestState.HELD: "held",
}
UNFINISHED: Final = "unfinished"
LINE: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "outcome": pl.String,
    "reason": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "run_id": pl.String,
    "fbtrace_id": pl.String,
}
SCHEMA: Final = pa.schema(
    {
        "key": pa.string(),
        "rule": pa.string(),
        "event_id": pa.string(),
        "outcome": pa.string(),
        "reason": pa.string(),
        "at": pa.timestamp("us", "UTC"),
        "run_id": pa.string(),
        "fbtrace_id": pa.string(),
    }
)
"""One event; `rule` is NULL where the pipeline has none, `at` is when Meta answered, or when the event was set aside."""
FORMULA: Final = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
"""A spreadsheet executes cells that begin so, but for numbers; some read wide signs and leave out leading space."""
NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?$"


@dataclass(slots=True)
class Sent:
    """What became of every event of a pipeline, by identity. Holds about 20 bytes an event; mutable."""

    _digests: list[pl.DataFrame] = field(default_factory=list)
    _lines: list[tuple[object, ...]] = field(default_factory=list)
    _lows: list[CursorValue | None] = field(default_factory=list)

    def add(self, page: Iterable[tuple[StoredRequest, RequestLine]]) -> None:
        """Take in some requests, oldest first; those whose events are free for others say nothing."""
        for request, line in page:
            if request.state not in FREE:
                outcome = OUTCOMES.get(request.state, UNFINISHED)
                said = (outcome, line.reason, line.finished_at or line.armed_at, request.run_id, line.fbtrace_id)
                self._add(request.digests, pl.repeat(len(self._lines), request.events, dtype=pl.UInt32, eager=True))
                self._lines.append(said)
                self._lows.append(request.cursor_low)

    def add_rejects(self, rejects: Iterable[Reject], *, since: datetime | None) -> None:
        """Take in events that are set aside, none of which was delivered; rows without a key are left out."""
        kept = {
            reject.identity: reject
            for reject in rejects
            if reject.identity is not None and (since is None or reject.at >= since)
        }
        first = len(self._lines)
        for reject in kept.values():
            self._lines.append((reject.bucket, reject.reason, reject.at, reject.run_id, reject.fbtrace_id))
            self._lows.append(None)
        self._add(b"".join(kept), pl.int_range(first, len(self._lines), dtype=pl.UInt32, eager=True))

    def _add(self, digests: bytes, lines: pl.Series) -> None:
        """Note the line of each of the packed `digests`."""
        self._digests.append(pl.DataFrame([identities(digests).alias("identity"), lines.alias("line")]))

    def index(self) -> pl.DataFrame:
        """Return identity and line of each event once, by the last thing that happened to it; without erased ones."""
        empty = pl.DataFrame(schema={"identity": pl.Int128, "line": pl.UInt32})
        index = pl.concat([empty, *self._digests]).unique("identity", keep="last")
        return index.filter(pl.col("identity") != identities(NOBODY)[0])

    def lines(self) -> pl.DataFrame:
        """Return what became of the events of each line."""
        return pl.DataFrame(self._lines, schema=LINE, orient="row").with_row_index("line")

    def low(self) -> CursorValue | None:
        """Return the lowest cursor value of all events; None where it is not known of each."""
        return lowest(self._lows)


@dataclass(slots=True)
class Deliveries:
    """Lines of events as they are found in the warehouse; counts those that are not. Read once."""

    pipeline: Pipeline
    scope: Scope
    sent: Sent
    events: int = 0
    """How many events there are to be found."""
    found: int = 0

    def read(self, source: Source, *, now: datetime) -> Iterator[pa.Table]:
        """Yield tables of `SCHEMA`, in the order of the rows; several key columns are a line of CSV."""
        transform, _ = compiled(self.pipeline, source, self.scope)
        index, lines = self.sent.index().with_row_index("place"), self.sent.lines()
        self.events, is_left = index.height, pl.repeat(value=True, n=index.height, eager=True)
        for query in halves(whole(self.pipeline, transform), self.sent.low()):
            if self.found == self.events:
                return
            for rows in source.read(query):
                named = transform.named(rows, now=int(now.timestamp()))
                table = named.filter(pl.col("identity").is_not_null())
                table = table.with_columns(identities(packed(table["identity"])).alias("identity"))
                table = table.unique("identity", keep="first", maintain_order=True)
                table = table.join(index, on="identity", how="inner", maintain_order="left")
                table = table.filter(is_left.gather(table["place"]))
                is_left = is_left.scatter(table["place"], values=False)
                self.found += table.height
                if table.height:
                    table = table.join(lines, on="line", how="left", maintain_order="left")
                    yield table.select(*SCHEMA.names).to_arrow()


def without_formulas(table: pa.Table) -> pa.Table:
    """Return the table with an apostrophe before each text that a spreadsheet would execute."""

    def safe(name: str) -> pl.Expr:
        text = pl.col(name)
        is_formula = text.str.contains(FORMULA) & ~text.str.contains(NUMBER)
        return pl.when(is_formula).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)

    frame = pl.DataFrame(table)
    return frame.with_columns(safe(name) for name, dtype in frame.schema.items() if dtype == pl.String).to_arrow()


def is_disarmed(text: str) -> bool:
    """Return whether `text` begins as `without_formulas` leaves a formula."""
    return text[:1] == "'" and re.search(FORMULA, text[1:]) is not None and re.search(NUMBER, text[1:]) is None


def without(letters: re.Pattern[str], table: pa.Table) -> pa.Table:
    """Return the table with a replacement character for each letter in its texts that is one of `letters`."""
    pattern = letters.pattern.replace(r"\ud800-\udfff", "")  # halves of a letter, of which Arrow holds none
    return pl.DataFrame(table).with_columns(pl.col(pl.String).str.replace_all(pattern, "\ufffd")).to_arrow()
