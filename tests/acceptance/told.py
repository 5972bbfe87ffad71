"""A receiver of alerts in place of the network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from syncer.alerts.errors import NotTold
from syncer.alerts.receivers import Receiver
from syncer.pipeline import Alerts
from tests.acceptance.shop import Shop


@dataclass
class Told:
    """Mutable: what was told, and whether it takes anything."""

    is_away: bool = False
    notices: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0

    def __call__(self, alerts: Alerts, receiver: Receiver, notices: Sequence[dict[str, Any]], /) -> None:
        del alerts, receiver
        self.tries += 1
        if self.is_away:
            raise NotTold("it is away")
        self.notices.extend(notices)

    @property
    def alerts(self) -> list[tuple[str, str]]:
        """Status and condition of each alert, as they came."""
        return [(notice["status"], notice["condition"]) for notice in self.notices]


def alerts_in(shop: Shop, when: str = "{failed: true}", to: str = "[{webhook: 'https://hooks.example.com/x'}]") -> None:
    """Let a project tell somebody."""
    shop.edit("syncer.yaml", "version: 1\n", f"version: 1\nalerts:\n  to: {to}\n  when: {when}\n")
