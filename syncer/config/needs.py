"""What each event of a pipeline would be refused without, and nothing gives: told before all rows are set aside."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from syncer.config.document import Node
from syncer.config.possible import possible_texts
from syncer.config.problems import Place, Problems
from syncer.mapping import Constant
from syncer.pipeline import Mapping, Pipeline, Settings
from syncer.spec.events import (
    APP_NEEDS,
    ATTRIBUTION_NEEDS,
    MESSAGING_EVENTS,
    ORIGINAL_EVENT_NEEDS,
    STANDARD_EVENTS,
    is_sufficient,
    missing_for_messaging,
)
from syncer.spec.text import trim

OPTIONS = "data_processing_options"
GIVEN_BY = {
    "value": "<column with the amount>",
    "currency": "{value: EUR}, or a column",
    "event_source_url": "<column with the page's URL>",
    "client_user_agent": "<column with the browser's user agent>",
    "messaging_channel": "{value: whatsapp}, or a column",
    f"{OPTIONS}_country": "{value: 1}, or 0 and a client_ip_address",
    f"{OPTIONS}_state": "{value: 1000}, or 0 and a client_ip_address",
}
"""How the mapping would give each; any other by a column of its own."""


class Lack(NamedTuple):
    """What no event of a mapping can have, or what is wrong with all of them."""

    group: str
    name: str
    """The parameter, with dots where it lies within others; empty: the group itself."""
    what: str
    remedy: str


def check_needs(pipeline: Pipeline, root: Node, problems: Problems) -> None:
    """Note what every event, of a rule or of a pipeline without rules, lacks that is then refused for it.

    Nothing is noted where a column may hold any event name or action_source. A pipeline with other mistakes is not asked:
    what is lacking may be there under a wrong name.
    """
    kinds = [rule.mapping for rule in pipeline.events]
    for number, kind in enumerate(kinds or [pipeline.mapping]):
        outer = ("events", number) if kinds else ()
        for lack in (each for asked in ASKED for each in asked(kind, pipeline)):
            path = (*outer, "mapping", lack.group, *filter(None, lack.name.split(".")))
            problems.add(_place(root, outer, path), path, lack.what, lack.remedy)


def _place(root: Node, outer: tuple[str | int, ...], path: tuple[str | int, ...]) -> Place:
    """Return where the pipeline's own file has the parameter, its group, of a rule or of all, or else where it would."""
    paths = (path, path[: len(outer) + 2], outer or ("mapping",))
    return next((node.place for path in paths if (node := root.at(path)).path == path), root.place)


def _missing(group: str, name: str, why: str) -> Lack:
    return Lack(group, name, f"is missing, and {why}", f"add {name}: {GIVEN_BY.get(name, '<column>')}")


def _money(kind: Mapping, _: Pipeline) -> Iterator[Lack]:
    names = _names(kind)
    for parameter in ("value", "currency"):
        is_needed = all(name in STANDARD_EVENTS and parameter in STANDARD_EVENTS[name].required for name in names)
        if names and is_needed and parameter not in kind.custom_data and not kind.rest:
            yield _missing("custom_data", parameter, f"Meta refuses each {names[0]} without it")


def _website(kind: Mapping, pipeline: Pipeline) -> Iterator[Lack]:
    if pipeline.settings.strict and _is_always("website", pipeline.settings, kind):
        why = "`settings.strict` rejects each website event without it"
        if "event_source_url" not in kind.server_event:
            yield _missing("server_event", "event_source_url", why)
        if "client_user_agent" not in kind.customer_info:
            yield _missing("customer_info", "client_user_agent", why)


def _customer(kind: Mapping, pipeline: Pipeline) -> Iterator[Lack]:
    if not is_sufficient(kind.customer_info):
        what = f"nobody is identified by {_listed(kind.customer_info)} alone, and Meta refuses each such event"
        yield Lack("customer_info", "", what, "map another match key, such as em, ph or external_id")
    for wanted in pipeline.require:
        mapped = len(kind.customer_info.keys() & set(wanted.any))
        if mapped < wanted.count:
            said = f"{mapped or 'none'} {'are' if mapped > 1 else 'is'} mapped"
            what = f"`require` asks each event for {wanted.count} of {_listed(wanted.any)}, and {said}"
            yield Lack("customer_info", "", what, "map more of them, or ask for fewer")


def _app(kind: Mapping, pipeline: Pipeline) -> Iterator[Lack]:
    if _is_always("app", pipeline.settings, kind):
        for name in _absent(kind, "app_data", APP_NEEDS):
            yield _missing("server_event", name, "Meta refuses each app event without it")


def _messaging(kind: Mapping, pipeline: Pipeline) -> Iterator[Lack]:
    if not _is_always("business_messaging", pipeline.settings, kind):
        return
    channels = possible_texts(kind.server_event.get("messaging_channel"))
    if channels is not None and not channels:
        yield _missing("server_event", "messaging_channel", "Meta refuses each business_messaging event without it")
    lacking = [missing_for_messaging(each, kind.customer_info) for each in channels or ()]
    if lacking and all(lacking):
        what = f"lacks {' and '.join(lacking[0])}, and Meta refuses each business_messaging event without"
        yield Lack("customer_info", "", what, "map a column to each")
    names = _names(kind)
    if names and not any(trim(name) in MESSAGING_EVENTS for name in names):
        what = f"business_messaging takes no {names[0]}, and Meta refuses each such event"
        remedy = f"known events: {', '.join(sorted(MESSAGING_EVENTS))}"
        yield Lack("server_event", "event_name", what, remedy)


def _attribution(kind: Mapping, _: Pipeline) -> Iterator[Lack]:
    if set(_names(kind)) == {"AppendAttribution"}:
        needs = {"attribution_data": ATTRIBUTION_NEEDS, "original_event_data": ORIGINAL_EVENT_NEEDS}
        for name in (name for outer, names in needs.items() for name in _absent(kind, outer, names)):
            yield _missing("server_event", name, "Meta refuses each AppendAttribution without it")


def _options(kind: Mapping, pipeline: Pipeline) -> Iterator[Lack]:
    entry, where = kind.server_event.get(OPTIONS), (f"{OPTIONS}_country", f"{OPTIONS}_state")
    if pipeline.limited_data_use is None and isinstance(entry, Constant) and entry.value:
        for name in where:
            if name not in kind.server_event:
                yield _missing("server_event", name, f"Meta takes no {OPTIONS} without it")


ASKED: tuple[Callable[[Mapping, Pipeline], Iterator[Lack]], ...] = (
    _money, _website, _customer, _app, _messaging, _attribution, _options,
)  # fmt: skip


def _absent(kind: Mapping, outer: str, names: Collection[str]) -> list[str]:
    return [name for inner in names if (name := f"{outer}.{inner}") not in kind.server_event]


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _names(kind: Mapping) -> list[str]:
    """Return the names that its events may have; none where they may have any."""
    return sorted(possible_texts(kind.server_event.get("event_name")) or ())


def _is_always(source: str, settings: Settings, kind: Mapping) -> bool:
    """Return whether no event can have another action_source."""
    entry = kind.server_event.get("action_source")
    if isinstance(entry, Constant):
        return entry.value == source
    sources = possible_texts(entry)
    return sources is not None and {settings.action_source, *sources} == {source}
