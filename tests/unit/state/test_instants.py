"""Times as the state keeps them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from syncer.state.tables import instant_text


def test_the_hour_that_a_zone_has_twice_is_two_hours() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert instant_text(first) == "2026-10-25T00:30:00.000000+00:00"
    assert instant_text(first.replace(fold=1)) == "2026-10-25T01:30:00.000000+00:00"
