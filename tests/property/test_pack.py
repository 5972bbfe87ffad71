import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from syncer.engine.pack import ENVELOPE_BYTES, pack


def frame(sizes: list[int], classes: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": range(len(sizes)),
            "json": ["é" * (size // 2) + "x" * (size % 2) for size in sizes],
            "age_class": classes,
        },
        schema={"row": pl.UInt32, "json": pl.String, "age_class": pl.UInt8},
    )


@given(
    rows=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 1)), max_size=60),
    most_events=st.integers(1, 20),
    most_bytes=st.integers(ENVELOPE_BYTES + 1, ENVELOPE_BYTES + 3_000),
)
def test_packing_loses_repeats_and_reorders_nothing_within_a_class(
    rows: list[tuple[int, int]], most_events: int, most_bytes: int
) -> None:
    events = frame([size for size, _ in rows], [age for _, age in rows])
    packed = list(pack(events, most_events=most_events, most_bytes=most_bytes))
    for age in (0, 1):
        sent = [row for request in packed if request["age_class"][0] == age for row in request["row"]]
        assert sent == [row for row, (_, of) in enumerate(rows) if of == age]
    for request in packed:
        body_bytes = request["json"].str.len_bytes().sum() + request.height
        assert 1 <= request.height <= most_events
        assert request["age_class"].n_unique() == 1
        assert body_bytes <= most_bytes - ENVELOPE_BYTES or request.height == 1


def test_full_requests_are_full() -> None:
    packed = list(pack(frame([10] * 2_500, [0] * 2_500), most_events=1_000, most_bytes=4 << 20))
    assert [request.height for request in packed] == [1_000, 1_000, 500]


def test_event_larger_than_the_limit_goes_alone() -> None:
    packed = list(pack(frame([10, 5_000, 10], [0, 0, 0]), most_events=1_000, most_bytes=1_000))
    assert [request["row"].to_list() for request in packed] == [[0], [1], [2]]
