"""Who may be sent: the truth table of S17."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from syncer.errors import ConfigError
from syncer.mapping import Column
from syncer.pipeline import Consent, EventRule, Pipeline
from syncer.state.requests import split
from syncer.transform import Scope, compile_transform
from syncer.transform.built import BuiltEvent
from syncer.transform.consent import ANSWERS, Answer, in_words
from syncer.transform.identity import identity
from syncer.transform.reference import Reference
from syncer.transform.reference_rules import left_unsent

NOW = 1_795_700_000
Make = Callable[..., Any]
YES, NO, MISSING, UNKNOWN = "granted", "consent_denied", "consent_missing", "consent_unknown"


@pytest.fixture
def answers(pipeline: Make, run: Make) -> Callable[..., list[str]]:
    """Return for each row of a column what its event, or its refusal, says of consent."""

    def of(values: pa.Array, *, others: dict[str, Any] | None = None, **consent: Any) -> list[str]:
        rows = len(values)
        columns = {"id": pa.array(range(rows)), "at": pa.array([NOW - 60] * rows), "ok": values, **(others or {})}
        made = pipeline()
        made = replaced(made, Consent(column="ok", **consent))
        found = run(made, pa.RecordBatch.from_pydict(columns))
        said = {row["row"]: ANSWERS[row["consent"]].value for row in found.events.iter_rows(named=True)}
        said |= {row["row"]: row["reason"] for row in found.rejects.iter_rows(named=True)}
        assert set(found.rejects["bucket"]) <= {"no_consent"}
        assert set(found.rejects["field"]) <= {"ok"}
        return [said[row] for row in range(rows)]

    return of


def replaced(made: Pipeline, consent: Consent) -> Pipeline:
    return replace(made, consent=consent)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([True, False, None]), [YES, NO, MISSING]),
        (pa.array([1, 0, 2, -1, None]), [YES, NO, UNKNOWN, UNKNOWN, MISSING]),
        (pa.array([1.0, 0.0, 0.5, float("nan")]), [YES, NO, UNKNOWN, MISSING]),
        (pa.array([Decimal("1.00"), Decimal("0.00")]), [YES, NO]),
        (pa.array(["yes", "Y", " TRUE ", "t", "on", "1"]), [YES] * 6),
        (pa.array(["no", "N", "false", "F", "off", "0"]), [NO] * 6),
        (pa.array(["granted", "maybe", "ja", "null", "", "  ", None]), [UNKNOWN] * 4 + [MISSING] * 3),
        (pa.array(["[true]", '{"a":true}', "[", "yes,no"]), [UNKNOWN] * 4),
        (pa.array(["true", "false", '"yes"', '""', "null", "[1]", "{", "1"], pa.json_()),
         [YES, NO, YES, MISSING, MISSING, UNKNOWN, UNKNOWN, YES]),
        (pa.array([["yes"], [], None]), [UNKNOWN, UNKNOWN, MISSING]),
        (pa.array([date(2026, 1, 1)]), [UNKNOWN]),
        (pa.nulls(2), [MISSING, MISSING]),
    ],
    ids=str,
)  # fmt: skip
def test_S17_without_category_the_column_says_yes_or_no(
    answers: Callable[..., list[str]], values: pa.Array, expected: list[str]
) -> None:
    assert answers(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([["1", "3"], ["1"], [], [None], None, [" 3 "]]), [YES, NO, NO, NO, MISSING, YES]),
        (pa.array([[1, 3], [13], None]), [YES, NO, MISSING]),
        (pa.array([[3.0], [3.5]]), [YES, NO]),
        (pa.array([[["3"]], [["4"], ["5"]]]), [UNKNOWN, UNKNOWN]),
        (pa.array(['["1","3"]', "[1, 3]", "[31]", "[]", "[3", "[[3]]"]), [YES, YES, NO, NO, UNKNOWN, UNKNOWN]),
        (pa.array(["[3]", "3", '"1,3"', "null", "{}", "{"], pa.json_()), [YES, YES, YES, MISSING, NO, UNKNOWN]),
        (pa.array(["1,3", "1, 3 ,5", "3", "13,31", "3:0", ",", ""]), [YES, YES, YES, NO, NO, NO, MISSING]),
        (pa.array(['{"3":true}', '{"3":"no"}', '{"3":null}', '{"4":true}', '{"3":{}}']),
         [YES, NO, MISSING, NO, UNKNOWN]),
        (pa.array([{"3": True}, {"3": False}, {"3": None}, None]), [YES, NO, MISSING, MISSING]),
        (pa.array([3, 13, None]), [YES, NO, MISSING]),
        (pa.array([True, False]), [UNKNOWN, UNKNOWN]),
    ],
    ids=str,
)  # fmt: skip
def test_S17_with_a_category_it_must_be_in_the_list(
    answers: Callable[..., list[str]], values: pa.Array, expected: list[str]
) -> None:
    assert answers(values, category="3") == expected


def test_S17_a_category_is_named_exactly(answers: Callable[..., list[str]]) -> None:
    lists = pa.array(["C0004,C0001", "c0004", "C00044", "ads"])
    assert answers(lists, category="C0004") == [YES, NO, NO, NO]
    assert answers(lists, category=" ads ") == [NO, NO, NO, YES]


def test_S17_further_words_for_yes_are_the_pipelines(answers: Callable[..., list[str]]) -> None:
    values = pa.array(["Granted", " OPT-IN ", "2", "yes", "no", "denied"])
    assert answers(values, granted=("granted", "opt-in", 2)) == [YES, YES, YES, YES, NO, UNKNOWN]
    assert answers(pa.array([1, 2, 3]), granted=(2,)) == [YES, YES, UNKNOWN]
    assert answers(pa.array(['{"ads":"granted"}', '{"ads":"denied"}']), category="ads", granted=("granted",)) == [
        YES, UNKNOWN
    ]  # fmt: skip


def test_S17_only_rows_that_are_certainly_others_need_no_consent(answers: Callable[..., list[str]]) -> None:
    countries = ["de", "DE", " fr ", "us", None, "", "unknown", "N/A"]
    found = answers(pa.array([None] * 8, pa.bool_()), others={"country": pa.array(countries)},
                    applies_to={"country": ["de", "FR"]})  # fmt: skip
    assert found == [MISSING] * 3 + ["not_asked"] + [MISSING] * 4
    variants = ['"DE"', '"us"', "null", '"unknown"', "[", '{"a":1}']
    found = answers(pa.array([None] * 6, pa.bool_()), others={"country": pa.array(variants, pa.json_())},
                    applies_to={"country": "de"})  # fmt: skip
    assert found == [MISSING, "not_asked", MISSING, MISSING, MISSING, MISSING]
    found = answers(pa.array([None] * 4, pa.bool_()), others={"eu": pa.array(["yes", "no", "maybe", None])},
                    applies_to={"eu": True})  # fmt: skip
    assert found == [MISSING, "not_asked", MISSING, MISSING]
    found = answers(pa.array([None] * 2, pa.bool_()), others={"country": pa.array(["US", "de"])},
                    applies_to={"country": {"not": "us"}})  # fmt: skip
    assert found == ["not_asked", MISSING]


@pytest.mark.parametrize(
    ("applies_to", "values", "needs"),
    [
        ({"lt": "M"}, ["Anna", "anna", "Zoe", None], [True, True, False, True]),
        ({"lt": "a"}, ["Zoe", "zoe"], [True, False]),
        ({"lte": "2026-01-01T12:00:00Z"}, ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"], [True, False]),
        ({"is_null": False}, ["x", "", "N/A", " ", None], [True, True, True, True, False]),
        ({"is_null": True}, ["x", "", "N/A", " ", None], [False, True, True, True, True]),
        ("Caf\u00e9", ["CAFE\u0301", "bar"], [True, False]),
        ("2026-01-01T00:00:00Z", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)], [True, False]),
    ],
)
def test_S17_a_row_that_may_be_meant_needs_consent(
    answers: Callable[..., list[str]], applies_to: Any, values: list[Any], needs: list[bool]
) -> None:
    others = {"who": pa.array(values)}
    found = answers(pa.array([None] * len(values), pa.bool_()), others=others, applies_to={"who": applies_to})
    assert found == [MISSING if one else "not_asked" for one in needs]


def test_S17_what_is_no_json_is_not_certainly_NULL(answers: Callable[..., list[str]]) -> None:
    others = {"who": pa.array(["{", "null", '""'], pa.json_())}
    found = answers(pa.array([None] * 3, pa.bool_()), others=others, applies_to={"who": {"is_null": False}})
    assert found == [MISSING, "not_asked", MISSING]


def test_S17_a_column_that_the_query_lacks_stops_the_run(pipeline: Make, run: Make) -> None:
    made = replaced(pipeline(), Consent(column="okay", applies_to={"land": "de"}))
    with pytest.raises(ConfigError) as caught:
        run(made, [{"ok": True}])
    problems = caught.value.problems
    assert [problem.path for problem in problems] == ["consent.column", "consent.applies_to.land"]
    assert 'the query has no column "okay"' in problems[0].what
    assert 'did you mean "ok"?' in problems[0].remedy


def test_S17_consent_is_judged_before_anything_of_the_row_is_read(pipeline: Make, run: Make) -> None:
    made = replaced(pipeline(customer={"em": Column(column="email")}), Consent(column="OK"))
    found = run(
        made, [{"at": None, "email": "no address", "ok": False}, {"at": NOW - 60, "email": "a@b.co", "ok": True}]
    )
    assert found.rejects["reason"].to_list() == ["consent_denied"]
    assert found.tally.dropped_fields == {}
    assert found.events["row"].to_list() == [1]


def test_what_no_run_can_send_any_more_is_not_asked_for_consent(pipeline: Make, run: Make) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    rows = [{"at": NOW - 8 * 86_400, "ok": False}, {"at": NOW - 7_200, "ok": False}, {"at": NOW + 600, "ok": False}]
    found = run(made, rows, start=NOW - 3_600)
    assert found.rejects["reason"].to_list() == ["before_start", "before_start", "consent_denied"]
    assert run(made, rows).rejects["reason"].to_list() == ["event_time_too_old", "consent_denied", "consent_denied"]


def test_S17_a_row_whose_consent_cannot_be_read_is_no_event(pipeline: Make, run: Make) -> None:
    bad = pa.array([b"\xff", b"yes"], pa.binary())
    batch = pa.RecordBatch.from_pydict({"id": pa.array([1, 2]), "at": pa.array([NOW - 60] * 2), "ok": bad})
    found = run(replaced(pipeline(), Consent(column="ok")), batch)
    assert found.rejects["reason"].to_list() == ["unreadable"]
    assert found.events["row"].to_list() == [1]


def test_without_consent_in_the_pipeline_nobody_is_asked(pipeline: Make, run: Make) -> None:
    assert [ANSWERS[number] for number in run(pipeline(), [{}]).events["consent"]] == ["not_asked"]


def test_the_readable_twin_says_the_same(pipeline: Make) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    reference = Reference.of(made, ["id", "at", "ok"], Scope("prod", "meta", b"salt"))
    refused = reference.build({"id": 1, "at": NOW, "ok": "no"}, now=NOW)
    assert not isinstance(refused, BuiltEvent)
    assert (refused.reason, refused.field, str(refused.bucket)) == ("consent_denied", "ok", "no_consent")
    assert isinstance(reference.build({"id": 1, "at": NOW, "ok": "yes"}, now=NOW), BuiltEvent)


def test_S17_a_yes_beside_a_no_of_its_key_comes_too_late_before_anything_else_is_wrong(
    pipeline: Make, run: Make
) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    rows: list[dict[str, Any]] = [{"id": 1, "at": NOW - 60, "ok": "no"}, {"id": 1, "at": None, "ok": "yes"}]
    expected = ["consent_denied", "consent_came_later"]
    assert run(made, rows).rejects["reason"].to_list() == expected
    reference = Reference.of(made, list(rows[0]), Scope("prod", "meta", b"salt"))
    knowing = replace(reference, unsent=left_unsent(reference, rows))
    built = [knowing.build(row, now=NOW) for row in rows]
    assert [one.reason for one in built if not isinstance(one, BuiltEvent)] == expected


def test_S17_a_row_of_several_rules_counts_once_and_each_of_its_events_is_remembered(pipeline: Make, run: Make) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    rules = tuple(EventRule(id=name, name=name, mapping=made.mapping) for name in ("Lead", "Contact"))
    found = run(replace(made, events=rules), [{"ok": False}, {"ok": True}])
    assert found.rejects.select("row", "reason").rows() == [(0, "consent_denied")]
    assert found.tally.buckets == {"no_consent": 1}
    assert found.unsent.select("row", "reason").rows() == [(0, "consent_denied")] * 2
    assert found.unsent["identity"].n_unique() == 2
    assert found.events["row"].to_list() == [1, 1]


def test_S17_consent_that_came_later_is_judged_by_each_event(pipeline: Make) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    batch = pa.RecordBatch.from_pylist([{"id": 1, "at": NOW - 60, "ok": True}, {"id": 2, "at": NOW - 60, "ok": True}])
    scope = Scope("prod", "meta", b"salt")
    transform = compile_transform(made, batch.schema, scope)
    first = transform(batch, now=NOW, start=None).events["identity"][0]
    knowing = transform.knowing([(scope, lambda digests: pl.Series([part == first for part in split(digests)]))])
    found = knowing(batch, now=NOW, start=None)
    assert found.rejects.select("row", "bucket", "reason", "field").rows() == [
        (0, "no_consent", "consent_came_later", "ok")
    ]  # fmt: skip
    retroactive = replaced(made, Consent(column="ok", retroactive=True))
    transform = compile_transform(retroactive, batch.schema, scope)
    knowing = transform.knowing([(scope, lambda digests: pl.Series([True for _ in split(digests)]))])
    assert knowing(batch, now=NOW, start=None).events.height == 2


def test_S17_what_another_destination_left_unsent_is_known_by_the_name_it_has_there(pipeline: Make) -> None:
    made = replaced(pipeline(), Consent(column="ok"))
    batch = pa.RecordBatch.from_pylist([{"id": 1, "at": NOW - 60, "ok": True}, {"id": 2, "at": NOW - 60, "ok": True}])
    scope, other = Scope("prod", "meta", b"salt"), Scope("prod", "other", b"salt")
    left = identity(other, made.name, "", ["2"])
    for few in (0, 2):
        transform = compile_transform(made, batch.schema, scope, few=few)
        knowing = transform.knowing([(other, lambda digests: pl.Series([part == left for part in split(digests)]))])
        found = knowing(batch, now=NOW, start=None)
        assert found.rejects.select("row", "reason").rows() == [(1, "consent_came_later")]


@pytest.mark.parametrize("answers", [[True, False], [False, True], [None, True]])
def test_S17_of_rows_with_one_key_none_is_sent_where_one_says_no(pipeline: Make, run: Make, answers: list[Any]) -> None:
    """As a join with a history of answers gives them: batch by batch the later row would be left out as well."""
    rows = [{"id": 1, "ok": answer} for answer in answers]
    made = replaced(pipeline(), Consent(column="ok"))
    found = run(made, [*rows, {"id": 2, "ok": True}])
    assert found.events["row"].to_list() == [2]
    assert found.tally.buckets == {"no_consent": 2}
    assert "consent_came_later" in found.rejects["reason"]
    retroactive = replaced(made, Consent(column="ok", retroactive=True))
    assert run(retroactive, rows).events.height == 1


def test_S17_a_row_without_a_key_is_not_looked_for_among_those_left_unsent(pipeline: Make) -> None:
    batch = pa.RecordBatch.from_pylist([{"id": number, "at": NOW - 60, "ok": True} for number in (None, 1)])
    scope = Scope("prod", "meta", b"s")
    transform = compile_transform(replaced(pipeline(), Consent(column="ok")), batch.schema, scope)
    knowing = transform.knowing([(scope, lambda digests: pl.Series([False for _ in split(digests)], dtype=pl.Boolean))])
    found = knowing(batch, now=NOW, start=None)
    assert (found.rejects["reason"].to_list(), found.events["row"].to_list()) == (["key_missing"], [1])


def test_a_request_tells_every_answer_of_its_rows_once() -> None:
    said = pl.Series([ANSWERS.index(Answer.NOT_ASKED), *[ANSWERS.index(Answer.GRANTED)] * 2], dtype=pl.UInt8)
    assert in_words("ok", said) == "ok: granted, not_asked"
    assert in_words(None, said) is None
