"""What is odd about one event that goes out: the readable twin of `Events.warnings`."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncer.spec import values
from syncer.spec.events import like_standard
from syncer.transform.validate import Place


def oddities(present: Mapping[Place, Any]) -> Iterator[str]:
    """Yield a warning code for each odd thing about an event, given as its values by place."""
    if present["action_source",] == "website":
        if ("event_source_url",) not in present:
            yield "website_without_url"
        if ("user_data", "client_user_agent") not in present:
            yield "website_without_user_agent"
    if like_standard(present["event_name",]):
        yield "custom_event_name_like_standard"
    if present.get(("custom_data", "value"), 0) < 0:
        yield "value_negative"
    if present.get(("custom_data", "currency")) in values.OFTEN_REFUSED:
        yield "currency_often_refused"
    if ("custom_data", "value") in present and ("custom_data", "currency") not in present:
        yield "value_without_currency"
