"""Columns of lists, as one column of their elements and back."""

import polars as pl
import pyarrow as pa


def elements(lists: pl.Series) -> pl.Series:
    """Return the elements of all lists, one after the other."""
    flat = lists.to_arrow().flatten()
    dtype = lists.dtype.inner if isinstance(lists.dtype, pl.List) and not len(flat) else None
    return pl.Series(lists.name, flat, dtype=dtype)


def regrouped(values: pl.Series, lists: pl.Series) -> pl.Series:
    """Return `values`, one for each element of `lists`, as lists of the same lengths; an empty one for NULL."""
    ends = pl.concat([pl.Series([0], dtype=pl.Int64), _lengths(lists).cast(pl.Int64).cum_sum()], rechunk=True)
    return pl.Series(lists.name, pa.LargeListArray.from_arrays(ends.to_arrow(), values.to_arrow()))


def repeated(values: pl.Series, lists: pl.Series) -> pl.Series:
    """Return the value of each row as often as its list has elements."""
    rows = pl.int_range(len(lists), eager=True)
    return values.gather(rows.repeat_by(_lengths(lists)).explode(empty_as_null=False))


def where_any(mask: pl.Series, lists: pl.Series) -> pl.Series:
    """Return in which lists `mask`, one for each element, is true."""
    return regrouped(mask, lists).list.any()


def _lengths(lists: pl.Series) -> pl.Series:
    return lists.list.len().fill_null(0)
