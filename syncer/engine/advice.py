"""What to look at before or after a run, in words; pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import polars as pl

from syncer.engine.suppression import is_most
from syncer.pipeline import Pipeline
from syncer.report import Advice, Bucket, Tally
from syncer.spec.fields import PARAMETERS, Group

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform

ONE_VALUE: Final = 0.02
"""No person, browser or click is behind a larger share of a shop's events."""
FEWEST: Final = 5
"""So few events with one value say nothing."""
MANY_DROPPED: Final = 0.05
CONTACTS: Final = ("em", "ph", "external_id")
CLICKS: Final = ("fbp", "fbc")
PLACES_OF_IDS: Final = (("event_id",), ("user_data", "external_id"), ("custom_data", "order_id"))


def on_tally(tally: Tally, pipeline: Pipeline) -> Iterator[Advice]:
    """Yield what the counts of a run suggest."""
    unsent = tally.buckets[Bucket.NO_CONSENT]
    if pipeline.consent is not None and is_most(unsent, tally.own_rows):
        what = f'{unsent:,} of {tally.own_rows:,} rows are without consent, by "{pipeline.consent.column}"'
        remedy = "if that is more than expected, look at `consent` in the pipeline, and at what the column holds"
        yield Advice("most_rows_without_consent", f"{what}; {remedy}")
    yield from on_coverage(tally, pipeline)


def on_coverage(tally: Tally, pipeline: Pipeline) -> Iterator[Advice]:
    """Yield what the match keys of the events suggest; nothing where there are no events."""
    if not tally.covered:
        return
    if not any(tally.coverage[name] for name in CONTACTS):
        what = "no event has em, ph or external_id: Meta knows people by those; map one that the query has"
        yield Advice("no_contact", what)
    if pipeline.settings.action_source == "website" and not any(tally.coverage[name] for name in CLICKS):
        what = (
            "no event has fbp or fbc: map the pixel's cookies _fbp and _fbc, they tie an event to a browser and a click"
        )
        yield Advice("no_browser_ids", what)
    people = PARAMETERS[Group.CUSTOMER_INFO]
    for name, dropped in sorted(tally.dropped_fields.items()):
        given = dropped + tally.coverage[name]
        if name in people and dropped > MANY_DROPPED * given:
            remedy = f"`syncer preview {pipeline.name} --explain` shows values on their way"
            yield Advice("values_dropped", f"{dropped:,} of {given:,} values of {name} could not be read; {remedy}")


def on_one_value(counts: Mapping[str, int], events: int) -> Iterator[Advice]:
    """Yield a warning for each match key of which one value stands in too many of `events` events.

    `counts` has how often the most frequent value of each parameter occurs.
    """
    for name, count in counts.items():
        if count >= FEWEST and count > ONE_VALUE * events:
            what = f"one value of {name} stands in {count:,} of {events:,} events ({count / events:.1%})"
            why = "Meta takes them for one person; look for a placeholder or a value of your own servers"
            yield Advice("one_value", f"{what}: {why}")


def on_columns(transform: "Transform", shape: "pa.Schema") -> Iterator[Advice]:
    """Yield a warning for ids that come from columns of floats, whose text is not that of the id."""
    from syncer.mapping import Column

    used = dict.fromkeys(transform.key_columns, "key")
    for binding, place in product(transform.bindings, PLACES_OF_IDS):
        field = binding.field(*place)
        if field is not None and isinstance(field.entry, Column):
            used.setdefault(field.entry.column, field.name)
    for column, name in used.items():
        kind = str(shape.field(column).type)
        if kind in ("halffloat", "float", "double"):
            remedy = "cast it to an integer or text in the query: floats lose digits, and the id changes with them"
            yield Advice("id_is_float", f'{name} comes from "{column}", a column of floats; {remedy}')


def over_max_rows(pipeline: Pipeline) -> Advice:
    """Return the warning for more rows to send than a run may."""
    most, name = pipeline.delivery.max_rows, pipeline.name
    what = (
        f"there are events of more than {most:,} rows, so the run sends those of the first {most:,} and pauses {name}"
    )
    return Advice("over_max_rows", f"{what}; raise delivery.max_rows if the number is expected, else look at the query")


def all_at_midnight(event_times: pl.Series, timezone: str) -> bool:
    """Return whether each of `event_times`, Unix seconds, is a midnight in UTC or in `timezone`."""
    at = pl.from_epoch(event_times, time_unit="s").dt.replace_time_zone("UTC")
    return any(bool((at.dt.convert_time_zone(name).dt.time() == _MIDNIGHT).all()) for name in {"UTC", timezone})


def bare_date(events: int) -> Advice:
    """Return the warning for `events` events that all happened at midnight."""
    remedy = (
        "map a column that has the time: Meta attributes by it, and a day's events look up to 24 h older than they are"
    )
    return Advice(
        "bare_date", f"event_time of all {events:,} events is midnight, so its column holds a bare date; {remedy}"
    )


def on_shared(count: int, *, other: str, same: str) -> Advice:
    """Return the warning for events that another pipeline sends to the same dataset."""
    effect = (
        "Meta counts them once if both come within 48 hours, else twice"
        if same == "event_id"
        else "their event_id differs, so Meta counts them twice"
    )
    what = f"{count:,} events have the event_name and {same} of events of {other}, which sends to the same dataset"
    return Advice("sent_by_two_pipelines", f"{what}; {effect}; let one pipeline send them")


_MIDNIGHT = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")).time()
