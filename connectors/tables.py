"""Which table of a database a written name may mean."""

from collections.abc import Sequence
from difflib import get_close_matches

LISTED = 20
"""So many tables are named in a message."""


def nearest_table(name: str, tables: Sequence[str], place: str) -> str:
    """Return what to write instead of `name`: the nearest of the `tables` of `place`, else all of them."""
    bare = {table.rpartition(".")[2].strip('"').lower(): table for table in reversed(tables)}
    near = get_close_matches(name.rpartition(".")[2].strip('"').lower(), bare, n=3)
    if near:
        return f"did you mean {' or '.join(bare[table] for table in near)}?"
    more = f" and {len(tables) - LISTED} more" if len(tables) > LISTED else ""
    return f"tables of {place}: {', '.join(tables[:LISTED])}{more}"
