"""What Meta's `debug_token` says about an access token, beside one dataset: pure, believes nothing else.

Sources: Graph API reference, Debug-Token; the members that a token of Events Manager has, as seen live (2026-09).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from syncer.capi.answer import Answer
from syncer.capi.classify import classify
from syncer.capi.untrusted import read_object, whole
from syncer.spec.outcomes import TransportFailure

EXPIRED = 463
"""Subcode of 190."""
OF_DATASETS = "read_ads_dataset_quality"
"""The only scope whose `target_ids` are datasets; those of others are businesses, pages or accounts."""


class TokenVerdict(StrEnum):
    """What is known about a token."""

    VALID = "valid"
    EXPIRED = "expired"
    INVALID = "invalid"
    LACKS_PERMISSION = "lacks_permission"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    """The answer proves neither one nor the other."""


@dataclass(frozen=True, slots=True)
class TokenState:
    """A verdict and our sentence about it; never Meta's text, never the token."""

    verdict: TokenVerdict
    detail: str
    is_live: bool = False
    """Whether Meta says that it is valid, whatever it is good for."""
    expires_at: datetime | None = None
    """When it ends; None: never, or not known."""


def token_state(answer: Answer | TransportFailure, *, dataset_id: str, now: datetime) -> TokenState:
    """Return what the answer to `debug_token`, asked with the token about itself, proves."""
    if isinstance(answer, TransportFailure):
        return TokenState(TokenVerdict.UNREACHABLE, classify(answer, 0).explanation)
    document = read_object(answer.body) or {}
    data = document.get("data")
    if not 200 <= answer.status < 300 or not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
        return _of_no_data(answer)
    if not data["is_valid"]:
        return _of_dead(data.get("error"))
    expires_at = whole(data.get("expires_at")) or 0
    if 0 < expires_at <= now.timestamp():
        return _of_dead({"subcode": EXPIRED})
    end = _end(expires_at)
    until = "without an end" if end is None else f"until {end:%Y-%m-%d} ({(end - now).days} days)"
    named = _datasets(data.get("granular_scopes"))
    if named is None:
        what = f"the token is valid, {until}; for which datasets it does not say: `syncer send-test` shows it"
        return TokenState(TokenVerdict.UNKNOWN, what, is_live=True, expires_at=end)
    if dataset_id not in named:
        what = (
            "the token is valid, but not for this dataset; make one in Events Manager, in the settings of the dataset"
        )
        return TokenState(TokenVerdict.LACKS_PERMISSION, what, is_live=True, expires_at=end)
    what = f"the token may write to the dataset, {until}"
    return TokenState(TokenVerdict.VALID, what, is_live=True, expires_at=end)


def _of_no_data(answer: Answer) -> TokenState:
    outcome = classify(answer, 0)  # a refusal of the token proves something, any other may be of `debug_token` alone
    if outcome.code in (190, 102):
        return _of_dead({"subcode": outcome.subcode})
    said = f"HTTP {answer.status}" + (f", code {outcome.code}" if outcome.code is not None else "")
    return TokenState(
        TokenVerdict.UNKNOWN, f"Meta did not say what the token is good for ({said}); `syncer send-test` shows it"
    )


def _of_dead(error: object) -> TokenState:
    subcode = whole(error.get("subcode")) if isinstance(error, dict) else None
    remedy = "make a new one in Events Manager, in the settings of the dataset"
    if subcode == EXPIRED:
        return TokenState(TokenVerdict.EXPIRED, f"the token has expired; {remedy}")
    number = f" (code 190, subcode {subcode})" if subcode else ""
    return TokenState(TokenVerdict.INVALID, f"the token is not valid{number}; {remedy}")


def _end(expires_at: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(expires_at, UTC) if expires_at else None
    except (ValueError, OverflowError, OSError):
        return None


def _datasets(scopes: object) -> frozenset[str] | None:
    """Return the datasets that the token is for; None where it does not say, as one that is limited to none."""
    found = [scope for scope in scopes if isinstance(scope, dict)] if isinstance(scopes, list) else []
    limits = [scope.get("target_ids") for scope in found if scope.get("scope") == OF_DATASETS]
    if len(limits) != 1 or len(found) != 1:  # a further scope may reach the dataset through a business
        return None
    (ids,) = limits
    return frozenset(str(each) for each in ids) if isinstance(ids, list) and ids else None
