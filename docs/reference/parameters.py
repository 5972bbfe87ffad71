"""The page of Meta's parameters and events, made of `syncer/spec/parameters.json` and `syncer/spec/events.py`."""

from docs.reference.markdown import GENERATED, listed, table
from syncer.spec.events import STANDARD_EVENTS, StandardEvent
from syncer.spec.fields import PARAMETERS, Group, Parameter

INTRODUCTION = f"""\
# Meta's parameters

Every parameter that a mapping can fill, to look things up. `syncer fields GROUP` prints the same. What is done to the
values is under [Meta's rules](../meta-rules.md).

`also` names longer spellings that a mapping takes as well. A parameter marked "SDK" stands in the code of Meta's SDK
only, one marked "seen" was seen with others; Meta's documentation has neither.

{GENERATED}"""
WHERE = {
    Group.SERVER_EVENT: "Under `mapping.server_event`: the event itself.",
    Group.CUSTOMER_INFO: "Under `mapping.customer_info`: who it was. Meta calls the object `user_data`.",
    Group.CUSTOM_DATA: "Under `mapping.custom_data`: what it was about.",
    Group.CONTENTS_ITEM: "Inside an item of `custom_data.contents`.",
    Group.APP_DATA: "Under `mapping.server_event.app_data`: the app, for `action_source: app`.",
    Group.EXTINFO: "Under `mapping.server_event.app_data.extinfo`: the device, in Meta's order.",
    Group.ORIGINAL_EVENT_DATA: "Under `mapping.server_event.original_event_data`: the earlier event that this one belongs to.",
    Group.ATTRIBUTION_DATA: "Under `mapping.server_event.attribution_data`: whose work the event was.",
}
EVENTS = """\
## Standard events

Names that Meta knows, upper and lower case count, and the `custom_data` that belongs to them. Any other name is an event of
your own, and counts as a custom event.
"""
EVIDENCE = {"docs": "", "sdk": "SDK.", "unverified": "Seen."}


def page() -> str:
    """Return the page as it should be."""
    head = ("parameter", "also", "type", "hashed", "rule")
    parts = [
        f"## {group.value}\n\n{WHERE[group]}\n\n{table(head, map(_row, parameters.values()))}"
        for group, parameters in PARAMETERS.items()
    ]
    events = table(("event_name", "refused without", "recommended", "note"), map(_event, STANDARD_EVENTS.values()))
    return "\n".join((INTRODUCTION, *parts, EVENTS, events))


def _event(event: StandardEvent) -> tuple[str, str, str, str]:
    return f"`{event.name}`", listed(event.required), listed(event.recommended), event.note


def _row(parameter: Parameter) -> tuple[str, str, str, str, str]:
    kind = f"list of {parameter.type}" if parameter.is_list else parameter.type
    hashed = parameter.hashed if parameter.hashed in ("required", "recommended") else ""
    return f"`{parameter.name}`", listed(parameter.long_names), kind, hashed, _rule(parameter)


def _rule(parameter: Parameter) -> str:
    parts = [parameter.note, _needed(parameter), _allowed(parameter), EVIDENCE[parameter.evidence]]
    return " ".join(filter(None, parts))


def _needed(parameter: Parameter) -> str:
    if isinstance(parameter.required, tuple):
        return f"Needed: {', '.join(parameter.required)}."
    return "Needed." if parameter.required == "always" else ""


def _allowed(parameter: Parameter) -> str:
    if not parameter.allowed:
        return ""
    return f"{'Known' if parameter.is_open else 'One of'}: {listed(parameter.allowed)}."
