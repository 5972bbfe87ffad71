"""What `validate` says of all events of a pipeline is so: a run refuses each of its rows."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from syncer.config.document import Node
from syncer.config.needs import check_needs
from syncer.config.problems import Place, Problems
from syncer.mapping import Column, Constant, Entry, FirstOf, Mapping
from syncer.pipeline import Pipeline, Require, Settings
from syncer.spec.events import APP_NEEDS, ATTRIBUTION_NEEDS, ORIGINAL_EVENT_NEEDS
from syncer.transform import Scope, compile_transform

NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")
FILE = Path("pipelines/orders.yaml")

NAMES = ("Lead", "Purchase", "\u200bOrderCreated ", "AppendAttribution")
SOURCES = ("website", "app", "business_messaging")
CHANNELS = ("whatsapp", "messenger", "instagram")
OTHERS = {
    "value": "12.50",
    "currency": "EUR",
    "event_source_url": "https://shop.example/",
    **{f"app_data.{name}": "1" for name in APP_NEEDS},
    "app_data.extinfo.version": "a2",
    **{f"attribution_data.{name}": "1" for name in ATTRIBUTION_NEEDS},
    **{f"original_event_data.{name}": "1" for name in ORIGINAL_EVENT_NEEDS},
    "original_event_data.event_time": str(NOW - 60),
    "attribution_data.touchpoint_ts": str(NOW - 60),
}
"""Parameters beside those that choose the event, and a value that each takes."""
KEYS = {
    "em": "a@b.co",
    "ct": "Berlin",
    "country": "de",
    "fn": "Ada",
    "ge": "f",
    "db": "1997-02-16",
    "client_user_agent": "Mozilla/5.0",
    "page_id": "1",
    "page_scoped_user_id": "1",
    "ctwa_clid": "click",
    "whatsapp_business_account_id": "1",
    "ig_account_id": "1",
    "ig_sid": "1",
}
COLUMNS = {"name": NAMES, "source": SOURCES, "channel": CHANNELS}
MONEY = {"value", "currency"}
GIVEN = {**OTHERS, **KEYS}
ABSENT: tuple[set[str], ...] = (
    set(),
    {"value"},
    {"event_source_url"},
    {"app_data.extinfo.version"},
    {"attribution_data.ad_id"},
    {"ctwa_clid", "page_id", "ig_sid"},
)
"""What is not mapped, of what some event needs."""


def chosen(column: str) -> st.SearchStrategy[Entry]:
    """Return entries for one of few texts: constants, columns with any text, with known ones, and the first of some."""
    texts = st.sampled_from(COLUMNS[column])
    single = st.builds(lambda text: Constant(value=text), texts) | st.builds(
        Column,
        column=st.just(column),
        map=st.none() | st.dictionaries(texts, texts, min_size=2),
        otherwise=st.sampled_from(["keep", "drop", "reject"]),
        default=st.none() | texts,
    )
    several = st.builds(FirstOf, first_of=st.tuples(single, single), default=st.none() | texts)
    return st.one_of(single, single, several)


def made(
    entries: dict[str, Entry],
    absent: Collection[str] = (),
    keys: Collection[str] = tuple(KEYS),
    **more: Any,
) -> Pipeline:
    """Return a pipeline with some entries of its own, that maps all else but what is absent."""
    return Pipeline(
        name="orders",
        source="warehouse",
        query="SELECT 1",
        key=("id",),
        start="beginning",
        destinations=("meta",),
        mapping=Mapping(
            server_event={
                "event_time": Constant(value=NOW - 60),
                **{name: Column(column=name) for name in OTHERS.keys() - {*MONEY, *absent}},
                **entries,
            },
            customer_info={name: Column(column=name) for name in set(keys) - set(absent)},
            custom_data={name: Column(column=name) for name in MONEY - set(absent)},
        ),
        file=FILE,
        fingerprint="0",
        **more,
    )


PIPELINES = st.builds(
    made,
    st.fixed_dictionaries(
        {"event_name": chosen("name")},
        optional={"action_source": chosen("source"), "messaging_channel": chosen("channel")},
    ),
    absent=st.sampled_from(ABSENT),
    keys=st.just(set(KEYS)) | st.sets(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3),
    require=st.sampled_from([(), (Require(any=("em", "fn"), count=2),)]),
    settings=st.builds(Settings, action_source=st.none() | st.sampled_from(SOURCES), strict=st.booleans()),
)
INVISIBLE = made(
    {"event_name": Constant(value="\u200bOrderCreated "), "messaging_channel": Column(column="channel")},
    settings=Settings(action_source="business_messaging"),
)
SOME_ATTRIBUTION = made(
    {"event_name": Column(column="name", map={"Lead": "Lead", "own": "AppendAttribution"}, otherwise="drop")},
    absent={"attribution_data.ad_id"},
    settings=Settings(action_source="website"),
)


def told(pipeline: Pipeline) -> list[str]:
    """Return what `validate` would say of the pipeline."""
    problems = Problems()
    check_needs(pipeline, Node({}, Place(FILE, 1, 1)), problems)
    return [str(problem) for problem in problems.found()]


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row for each choice of name, source and channel; all else is there and good."""
    choices = [(a, b, c) for a in (None, *NAMES) for b in (None, *SOURCES) for c in (None, *CHANNELS)]
    for number, (name, source, channel) in enumerate(choices):
        yield {**GIVEN, "id": number, "name": name, "source": source, "channel": channel}


SHAPE = pa.schema({"id": pa.int64(), **dict.fromkeys([*COLUMNS, *GIVEN], pa.string())})
ROWS = pa.RecordBatch.from_pylist(list(rows()), schema=SHAPE)


@settings(max_examples=300)
@given(PIPELINES)
@example(INVISIBLE)
@example(SOME_ATTRIBUTION)
def test_whose_every_event_is_told_to_lack_something_sends_none(pipeline: Pipeline) -> None:
    said = told(pipeline)
    event("told" if said else "not told")
    if said:
        sent = compile_transform(pipeline, ROWS.schema, SCOPE)(ROWS, now=NOW, start=None).events
        assert sent.height == 0, said
