"""A source is the same database whoever signs in."""

import pytest

from syncer.origin import origin
from syncer.pipeline import SourceConfig
from syncer.secret import Reference, Secret

URL = "postgresql://ada:hunter2@db.example:5432/shop"
OTHER_SIGN_IN = "postgresql+psycopg://bob:geheim@DB.example:5432/shop?sslmode=require"


def of(kind: str, **options: str | int | Reference | None) -> str:
    return origin(SourceConfig(name="s", type=kind, options=dict(options)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of("postgres", url=Secret(URL)), of("postgres", url=Secret(OTHER_SIGN_IN))),
        (
            of("postgres", url=Secret("host=db user=ada password='a b' dbname=shop")),
            of("postgres", url=Secret("host=db user=bob password=x dbname=shop")),
        ),
        (of("duckdb", path="a.duckdb"), of("duckdb", path=Reference("a.duckdb"), memory_limit="1GB", threads=2)),
        (
            of("snowflake", account="a", user="u", role="r", warehouse="w", database="d"),
            of("snowflake", account="a", user="v", role="s", warehouse="x", database="d", password=Secret("p")),
        ),
    ],
)
def test_sign_in_and_manner_of_speaking_are_no_place(one: str, other: str) -> None:
    assert one == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of("postgres", url=Secret(URL)), of("postgres", url=Secret(URL.replace("/shop", "/stage")))),
        (of("postgres", url=Secret(URL)), of("postgres", url=Secret(URL.replace("db.", "standby.")))),
        (of("postgres", host="h", port=1, database="d"), of("postgres", host="h", port=2, database="d")),
        (of("duckdb", path="a.db"), of("sqlite", path="a.db")),
        (
            of("snowflake", account="a", database="d", schema="s"),
            of("snowflake", account="a", database="d", schema="t"),
        ),
    ],
)
def test_another_place_is_another_source(one: str, other: str) -> None:
    assert one != other


def test_an_origin_shows_neither_place_nor_secret() -> None:
    text = of("postgres", url=Secret(URL))
    assert text.startswith("postgres ")
    assert not [word for word in ("hunter2", "ada", "db.example", "shop") if word in text]
