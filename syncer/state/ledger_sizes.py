"""How many settled identities, of 16 bytes each, a ledger keeps where."""

from typing import NamedTuple


class LedgerSizes(NamedTuple):
    """Numbers of identities at which a ledger goes another way."""

    few: int = 2_048
    """A set is asked: a hundred of them cost a twentieth of what they do in columns, so many as much."""
    part: int = 131_072
    """New ones that are looked through one by one before they are sorted."""
    recent: int = 262_144
    """Of a ledger too long for memory, new ones that are kept before the store is read for what it has of them."""
    long: int = 262_144
    """Each run may read so many from the store; more are put into files at its end."""
    in_file: int = 524_288
    """A file is made of at most so many, and once more are in memory, so while a run goes on as well."""
    in_memory: int = 8_000_000
    """Of what is settled, kept in memory where no files can be made; a larger ledger is read through for each look-up."""
