"""Why an event was set aside, or went out with a warning: a stable code, a sentence and a remedy for each.

The words are in `reasons.json`. Codes that begin with `remote_` are Meta's refusals.
"""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from syncer.report import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One code in words."""

    code: str
    bucket: Bucket | None
    """Where the event ends; None: a warning, the event is sent."""
    field: str | None
    """The parameter in question, by Meta's name."""
    sentence: str
    remedy: str


def _load() -> Mapping[str, Reason]:
    data = json.loads(pkgutil.get_data(__name__, "reasons.json") or b"")
    return MappingProxyType(
        {
            code: Reason(
                code=code,
                bucket=None if bucket == "warning" else Bucket(bucket),
                field=raw.get("field"),
                sentence=raw["sentence"],
                remedy=raw["remedy"],
            )
            for bucket, codes in data.items()
            for code, raw in codes.items()
        }
    )


REASONS: Mapping[str, Reason] = _load()

REMOTE_SUBCODES: Mapping[int, str] = MappingProxyType(
    {
        2804003: "remote_event_time_too_old",
        2804004: "remote_event_time_outside_window",
        2804009: "remote_value_missing",
        2804010: "remote_currency_missing",
        2804011: "remote_currency_refused",
        2804023: "remote_value_without_currency",
        2804030: "remote_data_processing_options_missing",
        2804036: "remote_lead_id_invalid",
        2804043: "remote_extinfo_invalid",
        2804050: "remote_customer_info_insufficient",
        2804066: "remote_messaging_event_refused",
        2804072: "remote_page_id_mismatch",
        2804087: "remote_ctwa_clid_invalid",
    }
)
"""Subcodes of code 100 whose meaning is known, from live reports and other senders' tables; Meta publishes no list."""
