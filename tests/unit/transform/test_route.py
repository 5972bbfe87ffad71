"""A destination for each row: what each way of a pipeline takes, and which of them keeps what has none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from syncer.errors import ConfigError
from syncer.mapping import Constant
from syncer.pipeline import Consent, EventRule, Pipeline, Route, ways
from syncer.state.requests import split
from syncer.transform import Scope
from syncer.transform.identity import identity
from tests.both_ways import transformed

Make = Callable[..., Any]
NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")
ROUTE = Route(column="brand", map={"acme": "a", "1": "b", "globex": "b"})


@pytest.fixture
def routed(pipeline: Make) -> Callable[..., Pipeline]:
    def of(route: Route = ROUTE) -> Pipeline:
        names = tuple(dict.fromkeys(route.map.values()))
        made: Pipeline = replace(pipeline(customer={"em": Constant(value="a@b.co")}), route=route, destinations=names)
        return made

    return of


def taken(pipeline: Pipeline, brands: pa.Array, **more: Any) -> list[str]:
    """Return of each row `sent`, or why it is not."""
    columns = {"id": range(len(brands)), "at": [NOW - 60] * len(brands), **more}
    batch = pa.RecordBatch.from_pydict({name: pa.array(each) for name, each in columns.items()} | {"brand": brands})
    found = transformed(pipeline, batch, SCOPE, now=NOW, start=None)
    said = dict.fromkeys(found.events["row"], "sent") | dict(found.rejects.select("row", "reason").iter_rows())
    return [said[row] for row in range(len(brands))]


def test_each_way_takes_the_rows_whose_value_names_its_destination(routed: Make) -> None:
    first, second = ways(routed())
    brands = pa.array(["acme", "globex", "1"])
    assert taken(first, brands) == ["sent", "other_destination", "other_destination"]
    assert taken(second, brands) == ["other_destination", "sent", "sent"]


def test_a_row_without_a_destination_is_set_aside_by_the_first_way_alone(routed: Make) -> None:
    first, second = ways(routed())
    brands = pa.array([None, "", "Acme", "initech"])
    assert taken(first, brands) == ["route_unknown"] * 4
    assert taken(second, brands) == ["other_destination"] * 4


def test_the_whole_pipeline_takes_the_rows_of_all_its_ways(routed: Make) -> None:
    """As `preview` and the pipeline's own tests do."""
    assert taken(routed(), pa.array(["acme", "globex", None])) == ["sent", "sent", "route_unknown"]


@pytest.mark.parametrize(
    ("values", "value"),
    [
        (pa.array([1, 2]), "1"),
        (pa.array([Decimal("1.00"), None]), "1"),
        (pa.array([1.0, float("nan")]), "1"),
        (pa.array([True, False]), "true"),
        (pa.array([date(2026, 11, 1), None]), "2026-11-01"),
        (pa.array([datetime(2026, 11, 1, tzinfo=UTC), None]), "2026-11-01T00:00:00Z"),
        (pa.array(["a", "b"]).dictionary_encode(), "a"),
        (pa.array(['"a"', "null"], pa.json_()), "a"),
        (pa.array(["1", "{"], pa.json_()), "1"),
        (pa.array([b"a", b"\xff"]), "a"),
    ],
)
def test_values_are_looked_up_by_their_text_as_map_does(routed: Make, values: pa.Array, value: str) -> None:
    first, second = ways(routed(Route(column="brand", map={"none": "first", value: "second"})))
    assert taken(second, values) == ["sent", "other_destination"]
    assert taken(first, values)[0] == "other_destination"
    assert taken(first, values)[1] in ("route_unknown", "unreadable")


def test_age_and_consent_are_asked_first(routed: Make) -> None:
    first, _ = ways(replace(routed(), consent=Consent(column="agreed")))
    old = NOW - 90 * 86_400
    columns = {"agreed": ["no", "yes", "no", "yes"], "at": [NOW, NOW, NOW, old]}
    assert taken(first, pa.array([None, None, "globex", None]), **columns) == [
        "consent_denied", "route_unknown", "other_destination", "event_time_too_old",
    ]  # fmt: skip


def test_a_row_of_another_destination_is_known_by_the_identities_of_each_rule(routed: Make) -> None:
    """So that whatever rule had it set aside here, it is no reject any more."""
    first, _ = ways(routed())
    rules = tuple(EventRule(id=name, when={"id": 9}, mapping=first.mapping) for name in ("seen", "bought"))
    batch = pa.RecordBatch.from_pydict({"id": [7], "at": [NOW], "brand": ["globex"]})
    found = transformed(replace(first, events=rules), batch, SCOPE, now=NOW, start=None)
    assert {*split(found.elsewhere)} == {identity(SCOPE, first.name, rule.id, ("7",)) for rule in rules}
    assert found.rejects["reason"].to_list() == ["other_destination"]


def test_a_missing_column_is_named_with_its_place(routed: Make, run: Make) -> None:
    with pytest.raises(ConfigError) as error:
        run(replace(routed(), route=replace(ROUTE, column="brnad")), [{"brand": "acme"}])
    assert [problem.path for problem in error.value.problems] == ["destination.column"]
