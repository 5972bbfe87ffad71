"""Whose state it is: one pipeline's way to one destination, in one target."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Each scope has a watermark, a ledger and a lock of its own."""

    target: str
    pipeline: str
    destination: str

    def __str__(self) -> str:
        return f"{self.pipeline} to {self.destination} ({self.target})"

    def to_json(self) -> dict[str, str]:
        """Return plain data, as a command says whose state it is about."""
        return {"pipeline": self.pipeline, "target": self.target, "destination": self.destination}
