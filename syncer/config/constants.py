"""Whether a value written in a file is one that its parameter takes."""

from syncer.config.document import Node
from syncer.config.problems import Problems, suggestion
from syncer.config.sections import shape
from syncer.pipeline import Json
from syncer.spec import times, values
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group, Parameter
from syncer.spec.limits import EVENT_NAME_CHARACTERS

WORDS = {"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}
"""What a parameter of each type takes."""
URLS = frozenset({"event_source_url", "referrer_url"})


def check_constant(node: Node, parameter: Parameter | None, problems: Problems) -> Json:
    """Return the constant of `node` as `parameter` takes it; None is a property of the user's own, which takes all."""
    if node.value is None:
        problems.at(node, "is null, which sends nothing", "write a value, or take the entry out")
        return None
    if parameter is None:
        return node.plain()
    if parameter.is_list and node.is_list:
        return [_single(item, parameter, problems) for item in node.items]
    return _single(node, parameter, problems)


def _single(node: Node, parameter: Parameter, problems: Problems) -> Json:
    if node.is_list:
        problems.at(node, f"a list, but {parameter.name} takes one value", "write one value")
        return None
    if parameter.type == "object":
        return _object(node, parameter, problems)
    if node.is_map or node.value is None:
        problems.at(node, f"{shape(node)}, but {parameter.name} takes {WORDS[parameter.type]}", "write one value")
        return None
    match parameter.type:
        case "boolean":
            return _boolean(node, parameter, problems)
        case "number" | "integer":
            return _number(node, parameter, problems)
    return _string(node, parameter, problems)


def _object(node: Node, parameter: Parameter, problems: Problems) -> Json:
    if not node.is_map:
        problems.at(node, f"{shape(node)}, but {parameter.name} takes a map", "write {key: value}")
        return None
    if parameter.fields_in is Group.CONTENTS_ITEM:
        items = PARAMETERS[Group.CONTENTS_ITEM]
        problems.unknown(node, items)
        return {
            name: check_constant(child, items[name], problems) for name, child in node.entries.items() if name in items
        }
    return node.plain()


def _boolean(node: Node, parameter: Parameter, problems: Problems) -> Json:
    found = values.boolean(node.value)
    if found is None:
        problems.at(node, f"{shape(node)} is not true or false", f"{parameter.name} takes true or false")
    return found


def _number(node: Node, parameter: Parameter, problems: Problems) -> Json:
    if parameter.name in values.TIMES and isinstance(node.value, str):
        if times.unix_seconds(node.value, Context()) is None:
            problems.at(node, f"{shape(node)} is no time", "write Unix seconds or 2026-11-20T10:00:00Z")
        return node.plain()
    number = values.number(node.value)
    if number is None:
        problems.at(node, f"{shape(node)} is no number", f"{parameter.name} takes {WORDS[parameter.type]}")
    elif parameter.type == "integer" and values.integer(node.value) is None:
        problems.at(node, f"{shape(node)} is no whole number", f"{parameter.name} takes a whole number")
    elif parameter.allowed and number not in parameter.allowed:
        known = ", ".join(str(value) for value in parameter.allowed)
        problems.at(node, f"{shape(node)} is not a value of {parameter.name}", f"known values: {known}")
    elif parameter.min is not None and number < parameter.min:
        problems.at(node, f"{shape(node)} is too small", f"{parameter.name} is at least {parameter.min:g}")
    elif parameter.max is not None and number > parameter.max:
        problems.at(node, f"{shape(node)} is too large", f"{parameter.name} is at most {parameter.max:g}")
    return node.plain()


def _string(node: Node, parameter: Parameter, problems: Problems) -> Json:
    if isinstance(node.value, bool | float):
        remedy = f"{parameter.name} takes a text; quote it if that is what you mean"
        problems.at(node, f"{shape(node)} is no text", remedy)
        return None
    text = str(node.value)
    if not text.strip():
        problems.at(node, "is blank, which sends nothing", "write a value, or take the entry out")
    elif parameter.allowed and not parameter.is_open and not parameter.hashed:
        return _one_of(node, text, parameter, problems)
    elif parameter.name == "event_name" and len(text) > EVENT_NAME_CHARACTERS:
        what = f"{shape(node)} has {len(text)} characters"
        problems.at(node, what, f"an event name has at most {EVENT_NAME_CHARACTERS}")
    elif parameter.name == "currency" and values.currency(text) is None:
        problems.at(node, f"{shape(node)} is no currency", "write the three letters of ISO 4217, such as EUR")
    elif parameter.name in URLS and values.url(text) is None:
        problems.at(node, f"{shape(node)} is no URL", "begin it with https:// or http://")
    return text


def _one_of(node: Node, text: str, parameter: Parameter, problems: Problems) -> str:
    """Return the allowed value that `text` means: case and camelCase do not matter."""
    found = values.one_of(text, parameter.allowed)
    if found is None:
        allowed = tuple(str(value) for value in parameter.allowed)
        what = f"{shape(node)} is not a value of {parameter.name}"
        problems.at(node, what, suggestion(text, allowed, noun="values"))
    return found or text
