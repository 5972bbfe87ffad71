"""JSON Schema of a `mapping:`: every parameter of Meta by short and long name, with its rule for hovering."""

from typing import Any, TypeAlias

from syncer.config.schema_parts import NULL, Schema, described, nullable, section
from syncer.pipeline import Column, Modifiers, Sql
from syncer.spec.events import STANDARD_EVENTS
from syncer.spec.fields import PARAMETERS, STEPPED_INTO, Group, Parameter
from syncer.spec.limits import PROPERTY_NAME_CHARACTERS

Properties: TypeAlias = dict[str, Any]

COLUMN_NAME: Schema = {"type": "string", "minLength": 1, "description": "Name of a column of the query."}
ENTRIES = ("column_name", "column", "first_of", "sql")
OTHER_GROUPS = frozenset({"user_data", "custom_data"})
JSON_TYPES = {"string": ["string", "integer"], "number": ["number", "string"], "integer": ["integer", "string"]}


def mapping_definitions() -> Schema:
    """Return the definitions that `#/$defs/mapping` needs, itself among them."""
    shared = [parameter for group in PARAMETERS.values() for parameter in group.values() if not _is_special(parameter)]
    return {
        "mapping": nullable(_mapping()),
        "entry": _entry(None),
        **{_kind(parameter): _entry(parameter) for parameter in shared},
        "column_name": COLUMN_NAME,
        "column": section(Column),
        "first_of": _first_of(),
        "sql": section(Sql),
        "items": _items(),
    }


def _mapping() -> Schema:
    properties = {
        "server_event": described(_group(Group.SERVER_EVENT), "The event itself: what, when, where."),
        "customer_info": described(
            _group(Group.CUSTOMER_INFO), "Who it was; Meta calls it user_data. At least one entry."
        ),
        "custom_data": described(_group(Group.CUSTOM_DATA), "What it was about: value, currency, contents."),
        "user_defined": _user_defined(),
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {k: nullable(v) for k, v in properties.items()},
    }


def _group(group: Group) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": _parameters(group)}


def _parameters(group: Group) -> Properties:
    """Return each parameter under its own name, its long names, and, inside objects, its dotted names."""
    found: Properties = {}
    longer: Properties = {}
    for name, parameter in PARAMETERS[group].items():
        if group is Group.SERVER_EVENT and name in OTHER_GROUPS:
            continue
        if name in STEPPED_INTO and parameter.fields_in:
            inner = _parameters(parameter.fields_in)
            found[name] = described(
                {"type": "object", "additionalProperties": False, "properties": inner}, parameter.note
            )
            longer |= {f"{name}.{below}": schema for below, schema in inner.items()}
            continue
        schema = _entry(parameter) if _is_special(parameter) else {"$ref": f"#/$defs/{_kind(parameter)}"}
        found[name] = described(schema, _help(parameter))
        for long_name in parameter.long_names:
            longer[long_name] = described(schema, f"`{name}`. {_help(parameter)}")
    return found | _nested(found) | longer


def _nested(properties: Properties) -> Properties:
    """Return the maps that hold parameters with a dot in their name, such as `mileage: {unit: ..., value: ...}`."""
    outer: dict[str, Properties] = {}
    for name, schema in properties.items():
        head, dot, rest = name.partition(".")
        if dot:
            outer.setdefault(head, {})[rest] = schema
    found: Properties = {}
    for head, inner in outer.items():
        nested = {"type": "object", "additionalProperties": False, "properties": inner}
        known = properties.get(head)
        description = known["description"] if known else f"Holds {', '.join(inner)}."
        found[head] = (
            {"description": description, "anyOf": [known, nested]} if known else described(nested, description)
        )
    return found


def _help(parameter: Parameter) -> str:
    parts = [parameter.note]
    if parameter.is_list:
        parts.append("Takes a list.")
    if parameter.hashed == "required":
        parts.append("Normalised and hashed.")
    elif parameter.hashed == "recommended":
        parts.append("Hashed unless `hash: false`.")
    if isinstance(parameter.required, tuple):
        parts.append(f"Needed: {', '.join(parameter.required)}.")
    elif parameter.required == "always":
        parts.append("Needed.")
    return " ".join(part for part in parts if part)


def _kind(parameter: Parameter) -> str:
    """Return the name of the definition that all parameters of one type share."""
    name = "contents" if parameter.fields_in is Group.CONTENTS_ITEM else parameter.type
    return f"{name}_list" if parameter.is_list else name


def _is_special(parameter: Parameter) -> bool:
    """Return whether the parameter's constants are not those of its type."""
    return bool(parameter.allowed) or parameter.name == "event_name"


def _entry(parameter: Parameter | None) -> Schema:
    """Return what an entry of `parameter` may be; None is a property of the user's own."""
    branches: list[Schema] = [{"$ref": f"#/$defs/{name}"} for name in ENTRIES]
    branches.insert(1, _constant(parameter))
    if parameter is not None and parameter.is_list:
        branches.append({"type": "array", "minItems": 1, "items": {"anyOf": list(branches)}})
    if parameter is not None and parameter.fields_in is Group.CONTENTS_ITEM:
        branches.append({"$ref": "#/$defs/items"})
    return {"anyOf": [*branches, NULL]}


def _constant(parameter: Parameter | None) -> Schema:
    value = described(_value(parameter) if parameter else {}, "The same value in every event.")
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"value": value},
        "required": ["value"],
        "description": "A constant.",
    }


def _value(parameter: Parameter) -> Schema:
    one = _single_value(parameter)
    return {"anyOf": [one, {"type": "array", "items": one}]} if parameter.is_list else one


def _single_value(parameter: Parameter) -> Schema:
    if parameter.allowed and not parameter.is_open and not parameter.hashed and parameter.type != "boolean":
        return {"enum": list(parameter.allowed)}
    if parameter.name == "event_name":
        return {"type": "string", "maxLength": 50, "examples": list(STANDARD_EVENTS)}
    match parameter.type:
        case "object":
            return {"type": "object"}
        case "boolean":
            return {"enum": [True, False, 0, 1]}
    return {"type": JSON_TYPES[parameter.type]}


def _first_of() -> Schema:
    schema = section(Modifiers)
    entries = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/entry"},
        "description": "Entries in order of preference; the first that is neither NULL nor blank is taken.",
    }
    schema["properties"] = {"first_of": entries, **schema["properties"]}
    return schema | {"required": ["first_of"], "description": "The first entry that is neither NULL nor blank."}


def _items() -> Schema:
    names = {
        name: {"type": "string", "minLength": 1, "description": f"Name, or path, inside an item. {parameter.note}"}
        for name, parameter in PARAMETERS[Group.CONTENTS_ITEM].items()
    }
    source = {
        "type": "string",
        "minLength": 1,
        "description": "Column with the items: a list of structs, or JSON text.",
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"from": source, **names},
        "required": ["from", "id"],
        "description": "The items of the event, from one column.",
    }


def _user_defined() -> Schema:
    return {
        "type": "object",
        "description": "Properties of your own in custom_data.",
        "properties": {"*": {"const": "rest", "description": "Every column that nothing else uses."}},
        "propertyNames": {"minLength": 1, "maxLength": PROPERTY_NAME_CHARACTERS},
        "additionalProperties": {"$ref": "#/$defs/entry"},
    }
