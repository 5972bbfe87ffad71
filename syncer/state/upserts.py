"""INSERT ... ON CONFLICT, which each kind of database says in a dialect of its own."""

from importlib import import_module
from typing import Any


def inserting(kind: str) -> Any:
    """Return the `insert` of a dialect, `sqlite` or `postgresql`, which is loaded here: Postgres' takes 50 ms."""
    return import_module(f"sqlalchemy.dialects.{kind}").insert
