"""`settings:` of a pipeline, by itself and together with the mapping."""

from collections.abc import Sequence
from dataclasses import replace

from syncer.config.document import Node
from syncer.config.presets import PRESETS
from syncer.config.problems import suggestion
from syncer.config.sections import Reader, shape
from syncer.config.times import zone_mistake
from syncer.duration import Duration
from syncer.pipeline import Column, Constant, Mapping, Settings
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S, WINDOW_S
from syncer.spec.places import ALPHA_2, country
from syncer.spec.values import one_of

ACTION_SOURCE = PARAMETERS[Group.SERVER_EVENT]["action_source"]
SHARED_MAX_AGE = Duration(47 * 3600)
"""Meta deduplicates against the Pixel for 48 hours; an hour is left for the way."""


def read_settings(node: Node | None, reader: Reader) -> Settings:
    """Return the settings; those that are wrong keep their defaults and become problems."""
    if node is None:
        return Settings()
    if hashing := node.get("hashing"):
        words = {True: "auto", False: "never"}
        if isinstance(hashing.value, bool):
            plain = Node(words[hashing.value], hashing.place, hashing.path)
            node = Node({**node.entries, "hashing": plain}, node.place, node.path, node.keys)
    found = reader.section(Settings, node)
    if found is None:
        return Settings()
    return _checked(found, node, reader)


def _checked(found: Settings, node: Node, reader: Reader) -> Settings:
    problems = reader.problems
    if found.action_source is not None:
        known = one_of(found.action_source, ACTION_SOURCE.allowed)
        if known is None:
            child = node.entries["action_source"]
            allowed = tuple(str(value) for value in ACTION_SOURCE.allowed)
            problems.at(
                child, f"{shape(child)} is no action_source", suggestion(str(child.value), allowed, noun="values")
            )
        found = replace(found, action_source=known)
    if mistake := zone_mistake(found.timezone):
        reader.mistake(node.entries["timezone"], mistake)
    if found.preset is not None and found.preset not in PRESETS:
        child = node.entries["preset"]
        problems.at(child, f"{shape(child)} is no preset", suggestion(str(child.value), PRESETS, noun="presets"))
    if found.test_event_code is not None and not found.test_event_code.strip():
        problems.at(
            node.entries["test_event_code"], "is blank", "copy the code from Events Manager, or take the key out"
        )
    if found.default_country is not None:
        found = replace(found, default_country=_country(node.entries["default_country"], found.default_country, reader))
    return found


def _country(node: Node, text: str, reader: Reader) -> str:
    code = text.strip().lower()
    if code not in ALPHA_2:
        meant = country(text, Context())
        what = f"{shape(node)} is no country of ISO 3166"
        reader.problems.at(node, what, f"write {meant}" if meant else "write its two letters, such as de")
    return code


def settle(settings: Settings, mappings: Sequence[Mapping], root: Node, reader: Reader) -> Settings:
    """Return the settings as they hold for `mappings`; what the two lack together becomes a problem of `root`."""
    problems = reader.problems
    node = root.get("settings") or root
    _check_action_source(settings, mappings, root, reader)
    if (
        "website" in _action_sources(settings, mappings)
        and settings.browser_pixel is None
        and not node.get("browser_pixel")
    ):
        remedy = "say whether a Meta Pixel sends the same events: same_events, other_events or none"
        problems.add(
            node.place, ("settings", "browser_pixel"), "is required for website", f"add it to settings; {remedy}"
        )
    if settings.browser_pixel == "same_events":
        if any("event_id" not in each.server_event for each in mappings):
            remedy = "map the Pixel's eventID: event_id: <column>"
            problems.at(node.at(("browser_pixel",)), "same_events without an event_id counts events twice", remedy)
        if settings.max_age is None:
            settings = replace(settings, max_age=SHARED_MAX_AGE)
    _check_ages(settings, mappings, node, reader)
    return settings


def _check_action_source(settings: Settings, mappings: Sequence[Mapping], root: Node, reader: Reader) -> None:
    if settings.action_source is None and any("action_source" not in each.server_event for each in mappings):
        if (root.get("settings") or root).get("action_source") or root.at(("mapping", "server_event")).get(
            "action_source"
        ):
            return
        remedy = f"add it to settings or map it; values: {', '.join(str(value) for value in ACTION_SOURCE.allowed)}"
        reader.problems.add(root.place, ("settings", "action_source"), "is missing", remedy)


def _action_sources(settings: Settings, mappings: Sequence[Mapping]) -> set[str]:
    """Return the values that are known to occur."""
    return {source for mapping in mappings for source in _action_sources_of(settings, mapping)}


def _action_sources_of(settings: Settings, mapping: Mapping) -> set[str]:
    match mapping.server_event.get("action_source"):
        case None:
            return {settings.action_source or ""}
        case Constant(value=value):
            return {str(value)}
        case Column(map=replaced, default=default):
            return {str(default), str(settings.action_source), *(str(value) for value in (replaced or {}).values())}
    return {settings.action_source or ""}


def _check_ages(settings: Settings, mappings: Sequence[Mapping], node: Node, reader: Reader) -> None:
    sources = _action_sources(settings, mappings)
    window = WINDOW_S if sources.isdisjoint({"physical_store"}) else PHYSICAL_STORE_WINDOW_S
    limit = min(settings.max_age or window, window)
    if settings.delay >= limit:
        what = f"{settings.delay} is not shorter than the {Duration(limit)} in which events may be sent"
        reader.problems.at(node.at(("delay",)), what, "shorten the delay")
    if settings.max_age == 0:
        reader.problems.at(node.at(("max_age",)), "0 lets no event through", "write a duration such as 2d, or null")
