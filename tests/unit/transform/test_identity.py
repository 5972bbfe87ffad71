import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from syncer.transform.identity import Names, Scope, event_id, identity, joined_keys
from syncer.transform.texts import text_of, texts

GOLDEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "golden_event_ids.json").read_text("utf-8")
)
SCOPE = Scope("prod", "meta", b"salt")
AT = datetime.fromisoformat
READ: dict[str, Callable[[str], Any]] = {
    "text": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "float": float,
}


def values_of(key: Sequence[dict[str, str]]) -> list[Any]:
    return [READ[part["type"]](part["value"]) for part in key]


def test_golden_file_holds_200_ids() -> None:
    assert len(GOLDEN) == 200
    assert len({case["event_id"] for case in GOLDEN}) == 200


def scope_of(case: dict[str, Any]) -> Scope:
    return Scope(case["scope"]["target"], case["scope"]["destination"], bytes.fromhex(case["scope"]["salt"]))


def texts_of(case: dict[str, Any]) -> list[str]:
    return [text_of(value) or "" for value in values_of(case["key"])]


def keys_of(case: dict[str, Any]) -> pl.Series:
    return joined_keys([pl.Series([value]) for value in values_of(case["key"])])


def test_r10_event_ids_never_change() -> None:
    ids = [event_id(case["pipeline"], case["rule"], texts_of(case)) for case in GOLDEN]
    assert ids == [case["event_id"] for case in GOLDEN]


def test_identities_never_change() -> None:
    digests = [identity(scope_of(case), case["pipeline"], case["rule"], texts_of(case)).hex() for case in GOLDEN]
    assert digests == [case["identity"] for case in GOLDEN]


def test_columns_give_the_same_ids() -> None:
    names = [Names.of(scope_of(case), case["pipeline"], case["rule"]) for case in GOLDEN]
    keys = [keys_of(case) for case in GOLDEN]
    ids = [name.event_ids(key).item() for name, key in zip(names, keys, strict=True)]
    digests = [name.identities(key).item().hex() for name, key in zip(names, keys, strict=True)]
    assert ids == [case["event_id"] for case in GOLDEN]
    assert digests == [case["identity"] for case in GOLDEN]


def test_event_id_does_not_depend_on_salt_target_or_destination() -> None:
    keys = joined_keys([pl.Series([1])])
    ids = {Names.of(Scope(name, name, name.encode()), "orders", "").event_ids(keys).item() for name in ("a", "b")}
    assert ids == {event_id("orders", "", ["1"])}


def test_identity_depends_on_salt_target_destination_pipeline_and_rule() -> None:
    given = [
        identity(SCOPE, "orders", "", ["1"]),
        identity(Scope("dev", "meta", b"salt"), "orders", "", ["1"]),
        identity(Scope("prod", "other", b"salt"), "orders", "", ["1"]),
        identity(Scope("prod", "meta", b"other"), "orders", "", ["1"]),
        identity(SCOPE, "leads", "", ["1"]),
        identity(SCOPE, "orders", "rule", ["1"]),
        identity(SCOPE, "orders", "", ["2"]),
    ]
    assert len(set(given)) == len(given)
    assert {len(digest) for digest in given} == {16}


@pytest.mark.parametrize(
    ("one", "other"),
    [(["a", "b"], ["ab"]), (["a", ""], ["", "a"]), (["1:a,", "b"], ["1:a", ",b"]), (["a,1:b"], ["a", "b"])],
)
def test_different_keys_are_never_joined_to_the_same_text(one: list[str], other: list[str]) -> None:
    assert event_id("orders", "", one) != event_id("orders", "", other)


@pytest.mark.parametrize(
    "same",
    [
        (1, 1.0, Decimal("1.00"), "1"),
        (Decimal("12.50"), 12.5, "12.5"),
        (0, -0.0, Decimal("-0.00"), "0"),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "2026-11-20T10:00:00Z"),
        (True, "true"),
    ],
)
def test_a_key_stays_itself_when_its_column_changes_type(same: tuple[object, ...]) -> None:
    assert len({text_of(value) for value in same}) == 1


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), Decimal("NaN")])
def test_what_names_nothing_has_no_text(nothing: object) -> None:
    assert text_of(nothing) is None


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1, None, -5], dtype=pl.Int32),
        pl.Series([2**64 - 1, None], dtype=pl.UInt64),
        pl.Series(["a", None, "", "é"]),
        pl.Series([True, False, None]),
        pl.Series([0.1, 1e22, 1.0, -0.0, float("nan"), float("inf"), None]),
        pl.Series([0.1, 2.5], dtype=pl.Float32),
        pl.Series([Decimal("1.50"), Decimal("-0.01"), Decimal(100), None], dtype=pl.Decimal(38, 4)),
        pl.Series([Decimal(100), None], dtype=pl.Decimal(38, 0)),
        pl.Series([date(1, 1, 1), date(9999, 12, 31), None]),
        pl.Series([AT("0001-01-01"), AT("2026-01-02T03:04:05"), None]),
        pl.Series([AT("2026-01-02T03:04:05.000120"), AT("2026-01-02"), None]),
        pl.Series([datetime(2026, 1, 2, 3, 4, 5, 120, tzinfo=UTC), None]).dt.convert_time_zone("Asia/Tokyo"),
        pl.Series([AT("2026-01-02T03:00:00")], dtype=pl.Datetime("ms")),
        pl.Series([time(10, 30, 0, 5), None]),
        pl.Series([timedelta(days=2, microseconds=-1), None]),
        pl.Series([[1, 2], [], None]),
        pl.Series([{"b": 1, "a": "x"}, None]),
        pl.Series([None, None]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_columns_have_the_same_texts_as_single_values(values: pl.Series) -> None:
    assert texts(values).to_list() == [text_of(value) for value in values.to_list()]


def test_nanoseconds_are_part_of_a_key() -> None:
    values = pl.Series([1_700_000_000_123_456_789], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    assert texts(values).to_list() == ["2023-11-14T22:13:20.123456789Z"]


def test_a_row_without_a_part_of_its_key_has_no_identity() -> None:
    keys = joined_keys([pl.Series([1, None, 3]), pl.Series(["a", "b", None])])
    names = Names.of(SCOPE, "orders", "")
    assert names.identities(keys).to_list() == [identity(SCOPE, "orders", "", ["1", "a"]), None, None]
    assert names.event_ids(keys).null_count() == 2


def test_no_rows_have_no_ids() -> None:
    keys = joined_keys([pl.Series([], dtype=pl.Int64)])
    assert Names.of(SCOPE, "orders", "").identities(keys).to_list() == []


IN_EACH_ZONE = """
import json, locale, os, sys, time
from tests.unit.transform.test_identity import GOLDEN, Names, event_id, keys_of, scope_of, texts_of
found = set()
for zone in ("UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Europe/Berlin"):
    for language in ("C", "C.UTF-8"):
        os.environ["TZ"] = zone
        time.tzset()
        locale.setlocale(locale.LC_ALL, language)
        scalar = [event_id(case["pipeline"], case["rule"], texts_of(case)) for case in GOLDEN]
        names = [Names.of(scope_of(case), case["pipeline"], case["rule"]) for case in GOLDEN]
        columns = [name.event_ids(keys_of(case)).item() for name, case in zip(names, GOLDEN)]
        found |= {json.dumps(scalar), json.dumps(columns)}
sys.stdout.write(json.dumps([json.loads(ids) for ids in found]))
"""


def test_R10_F13_ids_are_the_same_in_every_time_zone_and_locale() -> None:
    """A process of its own, since zone and locale are those of a process; its hashes are seeded differently too."""
    done = subprocess.run(
        [sys.executable, "-c", IN_EACH_ZONE], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[case["event_id"] for case in GOLDEN]]
