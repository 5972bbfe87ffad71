"""A written name finds its column, or says which there are."""

import pytest

from connectors.columns import resolve
from connectors.errors import ColumnError


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("email", ("email", "EMAIL"), "email"),
        ("order_id", ("ORDER_ID", "EMAIL"), "ORDER_ID"),
        ("Order Id", ("order id",), "order id"),
        ("straße", ("STRASSE",), "STRASSE"),
    ],
)
def test_a_name_matches_exactly_or_else_by_case_if_that_is_unique(
    name: str, columns: tuple[str, ...], expected: str
) -> None:
    assert resolve(name, columns) == expected


def test_a_missing_column_comes_with_the_nearest_and_all_there_are() -> None:
    with pytest.raises(ColumnError) as caught:
        resolve("emial", ("order_id", "Email", "phone"))

    assert str(caught.value) == (
        'the query has no column "emial"; did you mean "Email"? columns: order_id, Email, phone'
    )
    assert (caught.value.column, caught.value.columns) == ("emial", ("order_id", "Email", "phone"))


def test_a_name_like_no_other_gets_no_guess() -> None:
    with pytest.raises(ColumnError, match=r'^the query has no column "zzz"; columns: order_id$'):
        resolve("zzz", ("order_id",))


def test_a_name_that_fits_two_columns_is_refused() -> None:
    with pytest.raises(ColumnError, match=r'^the column "email" could be "EMAIL" and "Email"; write it as the query'):
        resolve("email", ("EMAIL", "Email"))


def test_a_long_list_of_columns_is_cut() -> None:
    with pytest.raises(ColumnError, match=r"column_59 and 40 more$"):
        resolve("zzz", tuple(f"column_{number}" for number in range(100)))
