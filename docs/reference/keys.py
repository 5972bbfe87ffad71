"""The pages of the keys of both files, made of their JSON Schemas."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeAlias

from connectors.registry import options_type
from docs.reference.markdown import GENERATED, listed, table
from syncer.config.schema import pipeline_schema, project_schema
from syncer.config.schema_parts import NULL, REFERENCE
from syncer.spec.reasons import REASONS

Schema: TypeAlias = dict[str, Any]

PROJECT = f"""\
# Keys of syncer.yaml

Every key of `syncer.yaml` with its type and default, to look things up. [Configuration](../configuration.md#synceryaml)
explains them with examples. NAME stands for a name of yours, `[]` for each item of a list. What a target holds is laid
over the keys of the same name at the top.

{GENERATED}"""
PIPELINE = f"""\
# Keys of a pipeline file

Every key of a file in `pipelines/` with its type and default, to look things up.
[Configuration](../configuration.md#a-pipeline-file) explains them with examples; the parameters that a mapping fills are
[Meta's parameters](parameters.md). `[]` stands for each item of a list. `source`, `key`, `start`, `destination` and
`mapping` are needed too; they may come from `defaults` in syncer.yaml.

{GENERATED}"""
ENTRIES = {"column": "A column", "first_of": "The first that says something", "sql": "An expression", "items": "Items"}
TYPES = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "object": "map",
    "array": "list",
}
NAMED = {
    "condition": "[condition](#condition)",
    "mapping": "[mapping](#mapping)",
    "defaults": "keys of [a pipeline file](pipeline.md)",
}
NOT_FOLLOWED = frozenset({"mapping", "defaults", "entry", "condition"})


@dataclass(slots=True)
class Walk:
    """One way through a schema; remembers what it has shown, so that no table comes twice."""

    definitions: Schema
    shown: list[Schema] = field(default_factory=list)

    def tables(self, heading: str, schema: Schema) -> Iterator[str]:
        """Yield the table of a map under its heading, then those of the maps inside."""
        whole = self._resolved(schema)
        if whole in self.shown:
            return
        self.shown.append(whole)
        required = whole.get("required", [])
        properties = dict(sorted(whole["properties"].items(), key=lambda item: item[0] not in required))
        rows = ((f"`{key}`", *_cells(each, is_required=key in required)) for key, each in properties.items())
        yield f"## {heading}\n\n{_sentence(whole)}{table(('key', 'type', 'default', 'meaning'), rows)}"
        prefix = "" if heading in ("syncer.yaml", "A pipeline file") else f"{heading}."
        for key, each in properties.items():
            for name, inner in self._inside(f"{prefix}{key}", each):
                yield from self.tables(name, inner)

    def _inside(self, name: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """Yield the maps with keys of their own that a value may be, or hold."""
        if _definition(schema) in NOT_FOLLOWED:
            return
        whole = self._resolved(schema)
        if "properties" in whole:
            yield name, whole
        for branch in whole.get("anyOf", ()):
            kind = branch.get("properties", {}).get("type", {}).get("const")
            if kind is None:
                yield from self._inside(name, branch)
            else:
                yield f"{name.removesuffix('.NAME')}: {kind}", {**branch, "required": _needed(kind)}
        if isinstance(whole.get("additionalProperties"), dict):
            yield from self._inside(f"{name}.NAME", whole["additionalProperties"])
        if "items" in whole:
            yield from self._inside(f"{name}[]", whole["items"])

    def _resolved(self, schema: Schema) -> Schema:
        name = _definition(schema)
        return schema if name is None else self._resolved(self.definitions[name])


def project_page() -> str:
    """Return the page of the keys of `syncer.yaml`."""
    schema = project_schema()
    return "\n".join((PROJECT, *Walk(schema["$defs"]).tables("syncer.yaml", schema))).rstrip() + "\n"


def pipeline_page() -> str:
    """Return the page of the keys of a pipeline file."""
    schema = pipeline_schema()
    shared = schema["$defs"]
    walk = Walk(shared)
    parts = [PIPELINE, *walk.tables("A pipeline file", schema)]
    parts += walk.tables("condition", _with_properties(shared["condition"]["additionalProperties"]))
    parts.append(_groups(_with_properties(shared["mapping"])["properties"]))
    for name, title in ENTRIES.items():
        parts += walk.tables(f"Entry: {title.lower()}", shared[name])
    return "\n".join(parts).rstrip() + "\n"


def _needed(kind: str) -> list[str]:
    """Return the keys that a source of this kind must have; the schema asks for none, since a target may give a part."""
    return ["type", *(each.name for each in fields(options_type(kind)) if each.default is MISSING)]


def _groups(groups: Schema) -> str:
    rows = ((f"`{name}`", _with_properties(group)["description"]) for name, group in _described(groups))
    return f"## mapping\n\nThe groups of a mapping. Each takes parameters, and each parameter an entry.\n\n{table(('group', 'meaning'), rows)}"


def _described(groups: Schema) -> Iterator[tuple[str, Schema]]:
    for name, group in groups.items():
        yield (
            name,
            {**_with_properties(group), "description": group["description"]} if "description" in group else group,
        )


def _with_properties(schema: Schema) -> Schema:
    """Return the branch that is a map with keys, under the description of the whole."""
    branches = [schema, *schema.get("anyOf", ())]
    found: Schema = next(branch for branch in branches if "properties" in branch)
    return {**found, "description": schema.get("description", found.get("description", ""))}


def _cells(schema: Schema, *, is_required: bool) -> tuple[str, str, str]:
    default = "required" if is_required else _default(schema)
    return _type(schema), default, str(schema.get("description", ""))


def _default(schema: Schema) -> str:
    if "default" not in schema:
        return ""
    default = schema["default"]
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _type(schema: Schema, outer: str = "any") -> str:
    """Return the type in words; that a reference may stand there, or nothing, goes without saying."""
    if (name := _definition(schema)) is not None:
        return NAMED.get(name, "entry")
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("enum") == [*REASONS]:
        return "[reason](../reasons.md)"
    if "enum" in schema:
        return listed(json.dumps(each) if not isinstance(each, str) else each for each in schema["enum"])
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch not in (NULL, REFERENCE)]
        return " or ".join(dict.fromkeys(_type(branch, schema.get("type", outer)) for branch in branches))
    kind = schema.get("type", outer)
    return " or ".join(TYPES.get(each, each) for each in ([kind] if isinstance(kind, str) else kind) if each != "null")


def _definition(schema: Schema) -> str | None:
    """Return the name of the shared definition that `schema` points at, and None where it says all itself."""
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None


def _sentence(schema: Schema) -> str:
    return f"{schema['description']}\n\n" if schema.get("description") else ""
