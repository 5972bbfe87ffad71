"""What each event of a pipeline would be refused without, and nothing gives: told before all rows are set aside."""

from collections.abc import Iterator

from syncer.config.document import Node
from syncer.config.possible import possible_texts
from syncer.config.problems import Place, Problems
from syncer.pipeline import Constant, Mapping, Pipeline, Settings
from syncer.spec.events import STANDARD_EVENTS

GIVEN_BY = {
    "value": "<column with the amount>",
    "currency": "{value: EUR}, or a column",
    "event_source_url": "<column with the page's URL>",
    "client_user_agent": "<column with the browser's user agent>",
}
"""How the mapping would give each."""


def check_needs(pipeline: Pipeline, root: Node, problems: Problems) -> None:
    """Note what every event, of a rule or of a pipeline without rules, lacks that is then refused for it.

    Nothing is noted where a column may hold any event name or action_source. A pipeline with other mistakes is not asked:
    what is lacking may be there under a wrong name.
    """
    kinds = [rule.mapping for rule in pipeline.events]
    for number, kind in enumerate(kinds or [pipeline.mapping]):
        outer = ("events", number) if kinds else ()
        for group, name, why in _lacking(kind, pipeline.settings):
            path = (*outer, "mapping", group, name)
            problems.add(_place(root, outer, group), path, f"is missing, and {why}", f"add {name}: {GIVEN_BY[name]}")


def _place(root: Node, outer: tuple[str | int, ...], group: str) -> Place:
    """Return where the pipeline's own file has the group, of a rule or of all, or else where it would."""
    paths = ((*outer, "mapping", group), outer or ("mapping",))
    return next((node.place for path in paths if (node := root.at(path)).path == path), root.place)


def _lacking(kind: Mapping, settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield (group, parameter, why it is needed) of what is not there."""
    names = sorted(possible_texts(kind.server_event.get("event_name")) or ())
    for parameter in ("value", "currency"):
        is_needed = all(name in STANDARD_EVENTS and parameter in STANDARD_EVENTS[name].required for name in names)
        if names and is_needed and parameter not in kind.custom_data and not kind.rest:
            yield "custom_data", parameter, f"Meta refuses each {names[0]} without it"
    if settings.strict and _is_always("website", settings, kind):
        why = "`settings.strict` rejects each website event without it"
        if "event_source_url" not in kind.server_event:
            yield "server_event", "event_source_url", why
        if "client_user_agent" not in kind.customer_info:
            yield "customer_info", "client_user_agent", why


def _is_always(source: str, settings: Settings, kind: Mapping) -> bool:
    """Return whether no event can have another action_source."""
    entry = kind.server_event.get("action_source")
    if isinstance(entry, Constant):
        return entry.value == source
    sources = possible_texts(entry)
    return sources is not None and {settings.action_source, *sources} == {source}
