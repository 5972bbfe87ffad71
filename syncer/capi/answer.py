"""An answer as it came off the wire: text of a stranger, believed in nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and body of one HTTP answer, the body whole and never decompressed."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    received_at: float | None = None
    """Our clock when the answer came, in Unix seconds."""
    request_was_whole: bool = True
    """Whether the whole request had been written before."""

    def values(self, name: str) -> Iterator[str]:
        """Yield the values of every header called `name` (lower case)."""
        return (value for found, value in self.headers if found == name)
