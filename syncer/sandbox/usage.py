"""The headers that tell how much of the rate limit is used, and that a version has ended."""

from collections import deque
from datetime import UTC, datetime

import orjson

from syncer.sandbox.facts import VERSIONS_ENDED

Headers = list[tuple[bytes, bytes]]

_HOUR_S = 3_600
_SHOWN_AFTER = 10
"""The headers appear only after some traffic."""


class Usage:
    """Calls within the last hour against a limit."""

    def __init__(self, calls_per_hour: int | None) -> None:
        self._limit = calls_per_hour
        self._calls: deque[float] = deque()
        self._count = 0

    def add(self, now: float) -> float:
        """Count one call; return the percentage of the limit used by now."""
        self._count += 1
        if self._limit is None:
            return 0.0
        self._calls.append(now)
        while self._calls and self._calls[0] <= now - _HOUR_S:
            self._calls.popleft()
        return 100.0 * len(self._calls) / self._limit

    def headers(self, percent: float, dataset_id: str, *, now: float) -> Headers:
        """Return the usage headers of an ordinary answer; none at first."""
        if self._count <= _SHOWN_AFTER:
            return []
        return usage_headers(min(100, int(percent)), dataset_id, minutes=self._wait_minutes(percent, now))

    def _wait_minutes(self, percent: float, now: float) -> int:
        if percent < 100 or not self._calls:
            return 0
        return max(1, int((self._calls[0] + _HOUR_S - now) / 60) + 1)


def usage_headers(percent: int, dataset_id: str, *, minutes: int) -> Headers:
    """Return X-App-Usage and X-Business-Use-Case-Usage; the waiting time is in minutes."""
    app = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 3}
    business = {
        "type": "ads_management",
        "call_count": percent,
        "total_cputime": percent // 3,
        "total_time": percent // 2,
        "estimated_time_to_regain_access": minutes,
        "ads_api_access_tier": "standard_access",
    }
    return [
        (b"x-app-usage", orjson.dumps(app)),
        (b"x-business-use-case-usage", orjson.dumps({dataset_id: [business]})),
    ]


def account_headers(percent: int, *, seconds: int) -> Headers:
    """Return X-Ad-Account-Usage; the waiting time is in seconds."""
    usage = {
        "acc_id_util_pct": percent,
        "reset_time_duration": seconds,
        "ads_api_access_tier": "standard_access",
    }
    return [(b"x-ad-account-usage", orjson.dumps(usage))]


def version_headers(version: str, *, now: float) -> Headers:
    """Return the warning for a version that has ended; such a call is served as if it named a newer one."""
    ended = VERSIONS_ENDED.get(version)
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    is_old = ended is not None and today > ended
    if not is_old and int(version[1:].partition(".")[0]) >= 20:
        return []
    text = f"The call has been auto-upgraded, as {version} has been deprecated."
    return [(b"x-ad-api-version-warning", text.encode())]
