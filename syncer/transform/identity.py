"""Who an event is: its `event_id` for Meta and its 16-byte identity for the ledger, both made of its key.

Both are SHA-256 digests over netstrings (`<bytes>:<text>,`), so no two lists of parts give the same text.
What is below and the text forms of `texts` are frozen: a change would send every event again under a new name.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import polars as pl
import polars_hash as plh
import pyarrow as pa

from syncer.transform.texts import texts

EVENT_ID_LETTERS = 32
IDENTITY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Scope:
    """What an identity holds besides pipeline, rule and key."""

    target: str
    destination: str
    salt: bytes
    """Of this installation: without it nobody can guess keys from identities."""
    ids_name: str | None = None
    """Stands in ids for the name of a pipeline that was renamed; None: its own name does."""

    def name_in_ids(self, pipeline: str) -> str:
        """Return the name that ids of the events of `pipeline` are made of."""
        return self.ids_name or pipeline


# --- scalar --------------------------------------------------------------------------------------


def event_id(pipeline: str, rule: str, key: Sequence[str]) -> str:
    """Return 32 hex letters that are the same on every host, in every run, for ever."""
    return _digest((pipeline, rule, *key)).hex()[:EVENT_ID_LETTERS]


def identity(scope: Scope, pipeline: str, rule: str, key: Sequence[str]) -> bytes:
    """Return the 16 bytes under which the ledger knows an event."""
    parts = (scope.salt.hex(), scope.target, scope.destination, pipeline, rule, *key)
    return _digest(parts)[:IDENTITY_BYTES]


def _netstring(text: str) -> str:
    return f"{len(text.encode())}:{text},"


def _digest(parts: Sequence[str]) -> bytes:
    return hashlib.sha256("".join(map(_netstring, parts)).encode()).digest()


# --- columns -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """Event ids and identities of whole columns of keys."""

    event_id_prefix: str
    identity_prefix: str

    @classmethod
    def of(cls, scope: Scope, pipeline: str, rule: str) -> Self:
        """Return what the ids of one rule begin with, before they are hashed."""
        name = _netstring(pipeline) + _netstring(rule)
        owner = (scope.salt.hex(), scope.target, scope.destination)
        return cls(name, "".join(map(_netstring, owner)) + name)

    def identities(self, keys: pl.Series) -> pl.Series:
        """Return the 16 bytes of each of `joined_keys`, NULL where a key is missing. Twin of `identity`."""
        return _bytes(_sha256(self.identity_prefix, keys).str.head(2 * IDENTITY_BYTES)).alias("identity")

    def event_ids(self, keys: pl.Series) -> pl.Series:
        """Return the 32 letters of each of `joined_keys`, NULL where a key is missing. Twin of `event_id`."""
        return _sha256(self.event_id_prefix, keys).str.head(EVENT_ID_LETTERS).alias("event_id")


def joined_keys(parts: Sequence[pl.Series]) -> pl.Series:
    """Return one unambiguous text for each row, NULL where a part names nothing."""
    frame = pl.DataFrame([texts(part).alias(str(number)) for number, part in enumerate(parts)])
    pieces = [
        piece
        for name in frame.columns
        for piece in (pl.col(name).str.len_bytes().cast(pl.String), pl.lit(":"), pl.col(name), pl.lit(","))
    ]
    return frame.select(pl.concat_str(pieces).alias("key")).to_series()


def _sha256(prefix: str, keys: pl.Series) -> pl.Series:
    return keys.to_frame("key").select(_sha256_behind(prefix)).to_series()


@lru_cache(maxsize=64)
def _sha256_behind(prefix: str) -> pl.Expr:
    return plh.concat_str(pl.lit(prefix), pl.col("key")).chash.sha2_256()


def _bytes(digests: pl.Series) -> pl.Series:
    """Return what hex digests spell; one `bytes.fromhex` over all of them costs an eighth of `str.decode`."""
    has_gaps = digests.null_count() > 0
    filled = digests.fill_null("0" * 2 * IDENTITY_BYTES) if has_gaps else digests
    spelled = bytes.fromhex(filled.str.join("").item())
    packed = pa.Array.from_buffers(pa.binary(IDENTITY_BYTES), len(digests), [None, pa.py_buffer(spelled)])
    values = pl.Series(packed, dtype=pl.Binary)
    return values.zip_with(digests.is_not_null(), pl.Series([None], dtype=pl.Binary)) if has_gaps else values
