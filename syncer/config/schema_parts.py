"""Pieces of JSON Schema, made of the dataclasses that read the same keys."""

from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from syncer.config.sections import attribute_help
from syncer.duration import Duration

Schema: TypeAlias = dict[str, Any]

REFERENCE: Schema = {
    "type": "string",
    "pattern": r"\$\{(env:[A-Za-z_][A-Za-z0-9_]*(:-.*)?|file:.+)\}",
    "description": "${env:NAME}, ${env:NAME:-default} or ${file:PATH}",
}
NULL: Schema = {"type": "null"}


def described(schema: Schema, text: str) -> Schema:
    """Return the schema with a text for hovering."""
    return {**schema, "description": text}


def nullable(schema: Schema) -> Schema:
    """Return the schema that takes null as well, its description on the outside."""
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    return {**outer, "anyOf": [*_branches(inner), NULL]}


def or_reference(schema: Schema) -> Schema:
    """Return the schema that takes a reference as well, where it would not be a text anyway."""
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    branches = _branches(inner)
    if any(branch.get("type") == "string" and not branch.keys() & {"pattern", "enum"} for branch in branches):
        return schema
    if not any(
        "enum" in branch or branch.get("type") in ("integer", "number", "boolean", "string") for branch in branches
    ):
        return schema
    return {**outer, "anyOf": [*branches, REFERENCE]}


def _branches(schema: Schema) -> list[Schema]:
    return list(schema["anyOf"]) if schema.keys() == {"anyOf"} else [schema]


def section(kind: Any, **replaced: Schema) -> Schema:
    """Return the schema of a dataclass, described by its docstrings; `replaced` gives some properties anew."""
    raw = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
    help_of = attribute_help(kind)
    defaults = {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    properties: Schema = {}
    for name, written in raw["properties"].items():
        schema = replaced.get(name) or or_reference(_plain(written))
        properties[name] = {**schema, **_default(defaults.get(name)), "description": help_of.get(name, "")}
    whole: Schema = {"type": "object", "description": (kind.__doc__ or "").strip().split("\n", maxsplit=1)[0]}
    required = {"required": raw["required"]} if raw.get("required") else {}
    return {**whole, "additionalProperties": False, "properties": properties, **required}


def _plain(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("title", "default")}


def _default(value: object) -> Schema:
    if value is None or value == ():
        return {}
    return {"default": str(value) if isinstance(value, Duration) else value}
