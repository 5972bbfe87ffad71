"""Keys that are missing, repeated or in conflict (R12, F14)."""

import random
from typing import Any

import pyarrow as pa
import pytest

from syncer.mapping import Column
from tests.unit.transform.conftest import NOW, MakePipeline, Run

CASES = 50
SHAPE = pa.schema(
    [("row", pa.int64()), ("shop", pa.string()), ("id", pa.int64()), ("at", pa.int64()), ("tier", pa.string())]
)

BUCKETS = {"key_missing": "key_problem", "key_conflict": "key_problem", "duplicate_skipped": "duplicate_skipped"}


def layout(seed: int) -> list[dict[str, Any]]:
    """Rows whose keys are often missing, equal, or equal but for what is sent."""
    rng = random.Random(seed)
    return [
        {
            "row": number,
            "shop": rng.choice(["fr", "fr", "de", None]),
            "id": rng.choice([1, 2, 3, None]),
            "at": NOW - 60,
            "tier": rng.choice(["gold", "gold", "blue"]),
        }
        for number in range(rng.randint(1, 12))
    ]


def expected(rows: list[dict[str, Any]]) -> list[str]:
    """Say what becomes of each row: the first of a key is sent."""
    first: dict[tuple[str, int], str] = {}
    fates = []
    for row in rows:
        key = (row["shop"], row["id"])
        if None in key:
            fates.append("key_missing")
        elif key not in first:
            first[key] = row["tier"]
            fates.append("sent")
        else:
            fates.append("duplicate_skipped" if first[key] == row["tier"] else "key_conflict")
    return fates


@pytest.mark.parametrize("seed", range(CASES))
def test_R12_F14_the_first_row_of_a_key_is_sent_and_every_other_one_has_its_reason(
    pipeline: MakePipeline, run: Run, seed: int
) -> None:
    rows = layout(seed)
    made = run(
        pipeline(own={"tier": Column(column="tier")}, key=("shop", "id")),
        pa.RecordBatch.from_pylist(rows, schema=SHAPE),
    )
    fates = dict.fromkeys(made.events["row"], "sent") | dict(
        zip(made.rejects["row"], made.rejects["reason"], strict=True)
    )
    assert [fates[row] for row in range(len(rows))] == expected(rows)
    assert all(bucket == BUCKETS[reason] for bucket, reason in made.rejects.select("bucket", "reason").iter_rows())
    assert made.events.height + made.rejects.height == len(rows)
