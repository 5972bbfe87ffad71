"""A batch is gone as soon as its events are there: nothing of it waits until garbage is looked for."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from syncer.mapping import Column, FirstOf
from syncer.transform import Scope, compile_transform

NOW = 1_795_700_000
ROW = {
    "id": 1,
    "at": NOW - 60,
    "email": " A@B.co ",
    "phone": "99912345678",
    "country": "us",
    "cookies": "_fbp=fb.1.1.1",
    "url": "https://shop.example/?fbclid=IwAR0123456789abcdef",
    "extra": '{"tier": "gold"}',
}


@pytest.fixture
def garbage() -> Iterator[list[Any]]:
    """Give what only a look for garbage would end, from now on."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_nothing_of_a_batch_waits_until_garbage_is_looked_for(pipeline: Callable[..., Any], garbage: list[Any]) -> None:
    customer = {
        "em": Column(column="email"),
        "ph": Column(column="phone", country_column="country"),
        "fbp": Column(column="cookies", cookie="_fbp"),
        "fbc": FirstOf(first_of=(Column(column="url", query_parameter="fbclid"),)),
    }
    made = pipeline(customer=customer, own={"tier": Column(column="extra", path="tier")})
    batch = pa.RecordBatch.from_pylist([ROW])
    transform = compile_transform(made, batch.schema, Scope("prod", "meta", b"salt"), few=0)
    assert transform(batch, now=NOW, start=None).events.height == 1
    gc.collect()
    assert [kept for kept in garbage if isinstance(kept, pl.Series | pl.DataFrame)] == []
