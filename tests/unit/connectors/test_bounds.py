"""A bound selects the same rows whether or not the column's type can hold it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bounds import Always, Bound, Comparison, Grid
from connectors.incremental import CursorKind, CursorValue
from connectors.moments import moment_text, parse_moment
from connectors.testing.injection import VALUES

CENTS = Grid(kind=CursorKind.DECIMAL, digits=2, lowest=-999, highest=999)
BYTE = Grid(kind=CursorKind.INTEGER, lowest=0, highest=255)
MILLISECONDS = Grid(kind=CursorKind.TIMESTAMP, digits=3)
DAYS = Grid(kind=CursorKind.DATE)
TEXT = Grid(kind=CursorKind.TEXT)
FLOATS = Grid(kind=CursorKind.DECIMAL, digits=None)


def holds(bound: Bound, value: Fraction) -> bool:
    match bound:
        case Always.TRUE | Always.FALSE:
            return bound is Always.TRUE
        case Comparison(">=", text):
            return value >= Fraction(text)
        case Comparison(">", text):
            return value > Fraction(text)
        case Comparison("<", text):
            return value < Fraction(text)
        case Comparison(_, text):
            return value <= Fraction(text)


def decimal(thousandths: int) -> CursorValue:
    sign = "-" if thousandths < 0 else ""
    return CursorValue(CursorKind.DECIMAL, f"{sign}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}")


@given(st.integers(-12_000, 12_000), st.integers(-999, 999))
def test_each_value_of_the_column_lies_on_the_right_side(thousandths: int, cents: int) -> None:
    value = Fraction(cents, 100)

    assert holds(CENTS.at_least(decimal(thousandths)), value) is (value >= Fraction(thousandths, 1000))
    assert holds(CENTS.below(decimal(thousandths)), value) is (value < Fraction(thousandths, 1000))


@given(st.integers(-300_000, 600_000), st.integers(0, 255))
def test_a_fraction_cuts_whole_numbers_where_it_lies(thousandths: int, number: int) -> None:
    assert holds(BYTE.at_least(decimal(thousandths)), Fraction(number)) is (number >= Fraction(thousandths, 1000))
    assert holds(BYTE.below(decimal(thousandths)), Fraction(number)) is (number < Fraction(thousandths, 1000))


@given(st.integers(-(10**18), 10**18))
def test_a_finer_time_cuts_between_two_coarser_ones(nanoseconds: int) -> None:
    text = moment_text(nanoseconds)
    assert text is not None

    bound = MILLISECONDS.at_least(CursorValue(CursorKind.TIMESTAMP, text))

    assert isinstance(bound, Comparison)
    distance = nanoseconds - parse_moment(bound.text)
    assert 0 <= distance < 10**6
    assert bound.operator == (">=" if distance == 0 else ">")


@pytest.mark.parametrize(
    ("grid", "value", "at_least", "below"),
    [
        (BYTE, CursorValue(CursorKind.INTEGER, "0"), Always.TRUE, Always.FALSE),
        (BYTE, CursorValue(CursorKind.INTEGER, "-1"), Always.TRUE, Always.FALSE),
        (BYTE, CursorValue(CursorKind.INTEGER, "255"), Comparison(">=", "255"), Comparison("<", "255")),
        (BYTE, CursorValue(CursorKind.INTEGER, "256"), Always.FALSE, Always.TRUE),
        (BYTE, CursorValue(CursorKind.DECIMAL, "255.5"), Always.FALSE, Always.TRUE),
        (BYTE, CursorValue(CursorKind.DECIMAL, "0.5"), Comparison(">", "0"), Comparison("<=", "0")),
        (BYTE, CursorValue(CursorKind.DECIMAL, "7.000"), Comparison(">=", "7"), Comparison("<", "7")),
        (CENTS, CursorValue(CursorKind.INTEGER, "-3"), Comparison(">=", "-3.00"), Comparison("<", "-3.00")),
        (CENTS, CursorValue(CursorKind.DECIMAL, "-0.011"), Comparison(">", "-0.02"), Comparison("<=", "-0.02")),
        (
            DAYS,
            CursorValue(CursorKind.TIMESTAMP, "1969-12-31T00:00:00.1"),
            Comparison(">", "1969-12-31"),
            Comparison("<=", "1969-12-31"),
        ),
        (
            MILLISECONDS,
            CursorValue(CursorKind.DATE, "0001-01-01"),
            Comparison(">=", "0001-01-01T00:00:00"),
            Comparison("<", "0001-01-01T00:00:00"),
        ),
        (TEXT, CursorValue(CursorKind.TEXT, "1'"), Comparison(">=", "1'"), Comparison("<", "1'")),
        (FLOATS, CursorValue(CursorKind.DECIMAL, "0.1"), Comparison(">=", "0.1"), Comparison("<", "0.1")),
    ],
)
def test_bounds_and_their_opposites(grid: Grid, value: CursorValue, at_least: Bound, below: Bound) -> None:
    assert grid.at_least(value) == at_least
    assert grid.below(value) == below


@pytest.mark.parametrize("kind", [kind for kind in CursorKind if kind is not CursorKind.TEXT])
@pytest.mark.parametrize("text", [*VALUES, "", " 1", "1e5", "nan", "inf", "١", "1_000", "+1", "1."])
def test_text_that_is_none_of_its_kind_is_refused(kind: CursorKind, text: str) -> None:
    grid = Grid(kind=kind, digits=None if kind is CursorKind.DECIMAL else 0)

    with pytest.raises(ValueError, match=r"^(no number|no point in time)$"):
        grid.at_least(CursorValue(kind, text))


def test_an_instant_and_a_time_without_zone_are_not_compared() -> None:
    assert not MILLISECONDS.accepts(CursorKind.TIMESTAMP_TZ)
    assert not Grid(kind=CursorKind.TIMESTAMP_TZ).accepts(CursorKind.TIMESTAMP)
    assert MILLISECONDS.accepts(CursorKind.DATE)
    assert CENTS.accepts(CursorKind.INTEGER)
    assert not TEXT.accepts(CursorKind.INTEGER)
    assert not CENTS.accepts(CursorKind.TEXT)


def test_a_number_that_travels_as_its_text_is_compared_with_texts_of_numbers() -> None:
    free = Grid(kind=CursorKind.DECIMAL, digits=None)

    assert free.accepts(CursorKind.TEXT)
    assert free.at_least(CursorValue(CursorKind.TEXT, "5.10")) == Comparison(">=", "5.10")
    with pytest.raises(ValueError, match="no number"):
        free.at_least(CursorValue(CursorKind.TEXT, "five"))
