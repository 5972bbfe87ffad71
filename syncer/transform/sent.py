"""What is sent for the values of one piece."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from syncer.spec.text import is_blank
from syncer.transform.encode import Text, string
from syncer.transform.json_text import json_of
from syncer.transform.masks import Mask
from syncer.transform.pieces import coalesced
from syncer.transform.signs import Signs


@dataclass(frozen=True, slots=True)
class Sent:
    """Text or JSON for each row."""

    wire: pl.Series
    """NULL: nothing. Lists of text where several values of one parameter came from one value."""
    is_json: bool
    """False: text that still needs quotation marks."""
    dropped: Mask = None
    """Where a value that is not blank gives nothing."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    is_safe: bool = False
    """Whether the text is known to need no escaping."""
    signs: Signs | None = None
    """Those of which the JSON is made, besides those of JSON itself; None: not known."""

    def text(self) -> Text:
        """Return the JSON of the values."""
        return Text(self.wire) if self.is_json else string(self.wire, is_safe=self.is_safe)


def together(sent: Sequence[Sent], rows: int) -> Sent:
    """Return what several pieces give, each in rows of its own, as one."""
    if not sent:
        return Sent(pl.Series([None], dtype=pl.String).new_from_index(0, rows), is_json=False)
    if len(sent) == 1:
        return sent[0]
    if any(one.wire.dtype != pl.String for one in sent):
        return Sent(coalesced([_as_list(one.wire) for one in sent]), is_json=False)
    if len({one.is_json for one in sent}) == 1:
        is_safe = all(one.is_safe for one in sent)
        return Sent(coalesced([one.wire for one in sent]), is_json=sent[0].is_json, is_safe=is_safe)
    return Sent(coalesced([one.text().joined() for one in sent]), is_json=True)


def by_value(values: pl.Series, rule: Callable[[object], object], *, is_json: bool) -> Sent:
    """Return what `rule` makes of each value."""
    given = values.to_list()
    found = [rule(value) for value in given]
    wire = pl.Series([json_of(value) for value in found] if is_json else found, dtype=pl.String)
    gone = [made is None and not is_blank(value) for made, value in zip(found, given, strict=True)]
    return Sent(wire, is_json, pl.Series(gone, dtype=pl.Boolean) if any(gone) else None)


def _as_list(values: pl.Series) -> pl.Series:
    if values.dtype != pl.String:
        return values
    return (
        values.to_frame("value")
        .select(pl.when(pl.col("value").is_not_null()).then(pl.concat_list("value")))
        .to_series()
    )
