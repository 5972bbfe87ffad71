"""Checksums of the rows that decide what is sent: a damaged one must be noticed, not obeyed."""

import hashlib

from syncer.errors import StateError

SEAL_BYTES = 16


def seal(*parts: str | int | bytes | None) -> bytes:
    """Return 16 bytes that change with any part; every part is written with its type and length."""
    digest = hashlib.blake2b(digest_size=SEAL_BYTES)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(f"{type(part).__name__}:{len(data)}:".encode())
        digest.update(data)
    return digest.digest()


def salt_seal(salt: bytes) -> bytes:
    """Return the checksum of the install's salt, as the first migration writes it."""
    return hashlib.blake2b(salt, digest_size=SEAL_BYTES).digest()


def position_seal(
    pipeline_id: int, kind: str | None, text: str | None, start: int | None, ids_name: str | None
) -> bytes:
    """Return the checksum of how far a pipeline is: its watermark's type and text, its start, the name in its ids."""
    named = () if ids_name is None else (ids_name,)
    return seal(pipeline_id, kind, text, start, *named)


def require_seal(stored: bytes, computed: bytes, *, what: str) -> None:
    """Raise `StateError` where a row is not what was written."""
    if bytes(stored) != computed:
        raise StateError(f"state: {what} is damaged: its checksum does not fit; restore a copy of the state store")
