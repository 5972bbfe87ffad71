"""JSON Schema (2020-12) of `syncer.yaml` and of a pipeline file, for completion and hover in an editor."""

from typing import Any, TypeAlias

from connectors import registry
from syncer.config.alerts import SmtpSection
from syncer.config.datasets import Meta
from syncer.config.mapping_schema import mapping_definitions
from syncer.config.parts import NAME
from syncer.config.pipelines import SHARED_KEYS
from syncer.config.presets import PRESETS
from syncer.config.projects import DaemonSection
from syncer.config.schema_parts import described, nullable, or_reference, section
from syncer.config.sections import attribute_help
from syncer.config.times import NICKNAMES, STARTS
from syncer.pipeline import (
    AlertRules,
    Consent,
    Cursor,
    Delivery,
    LimitedDataUse,
    Pii,
    Pipeline,
    Reconcile,
    Rejects,
    Require,
    Retention,
    Route,
    Schedule,
    Settings,
    Tolerate,
)
from syncer.spec.events import ACTION_SOURCES, STANDARD_EVENTS
from syncer.spec.reasons import REASONS

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string", "minLength": 1}
NAMED: Schema = {"type": "string", "pattern": f"^{NAME.pattern}$"}
VERSION: Schema = {"const": 1, "description": "Version of the format of this file."}
CONDITION: Schema = {
    "type": "object",
    "minProperties": 1,
    "description": "Column to value, list of values, or comparison; all must hold. NULL matches is_null only.",
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    "not": {"description": "Any other value, or none of a list."},
                    "gt": {"description": "Greater than."},
                    "gte": {"description": "Greater or equal."},
                    "lt": {"description": "Less than."},
                    "lte": {"description": "Less or equal."},
                    "is_null": {"type": "boolean", "description": "Whether the column is NULL."},
                },
            },
        ]
    },
}


def project_schema() -> Schema:
    """Return the schema of `syncer.yaml`."""
    shared = _project_properties()
    targets = {
        "type": "object",
        "description": "Views of the project, such as dev and prod, laid over it; left out: one target, `default`.",
        "propertyNames": NAMED,
        "additionalProperties": nullable(
            _closed(
                {
                    "schedules": described(
                        or_reference({"type": "boolean", "default": False}),
                        "Whether the daemon runs schedules in this target.",
                    ),
                    "description": described(TEXT, "What the target is for, in words."),
                    **shared,
                },
            )
        ),
    }
    properties = {
        "version": VERSION,
        **shared,
        "targets": targets,
        "default_target": described(NAMED, "Target that is used without --target and SYNCER_TARGET."),
    }
    return _document(
        "syncer.yaml",
        "A syncer project: warehouses, datasets, targets.",
        _closed(properties),
        {**_definitions(), "defaults": _defaults(), "source": _source(), "destination": section(Meta)},
    )


def pipeline_schema() -> Schema:
    """Return the schema of a file in `pipelines/`."""
    properties = {
        "version": VERSION,
        "name": described(NAMED, attribute_help(Pipeline)["name"]),
        "description": described({"type": "string"}, attribute_help(Pipeline)["description"]),
        "query": described(TEXT, "One SELECT in the source's dialect."),
        "query_file": described(TEXT, "File with the SELECT; relative paths start at the folder of this file."),
        "table": described(TEXT, "A table or view, read whole: schema.table."),
        **_shared_properties(),
        "tests": {"type": "array", "description": attribute_help(Pipeline)["tests"], "items": _test()},
    }
    body = _closed(properties) | {
        "required": ["name"],
        "oneOf": [{"required": [key]} for key in ("query", "query_file", "table")],
    }
    return _document("syncer pipeline", "Rows of a query as events of a dataset.", body, _definitions())


def _document(title: str, description: str, body: Schema, definitions: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, "description": description, **body, "$defs": definitions}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _project_properties() -> Schema:
    """Return what a project and a target have in common."""
    return {
        "state": described(TEXT, "URL of the state store: sqlite:///.syncer/state.db, or postgresql+psycopg://..."),
        "sources": _named("Warehouses by name.", {"$ref": "#/$defs/source"}),
        "destinations": _named("Datasets at Meta by name.", {"$ref": "#/$defs/destination"}),
        "defaults": described({"$ref": "#/$defs/defaults"}, "Keys for every pipeline, under its own."),
        "alerts": _alerts(),
        "daemon": section(DaemonSection),
        "retention": section(Retention),
    }


def _named(description: str, items: Schema) -> Schema:
    return {"type": "object", "description": description, "propertyNames": NAMED, "additionalProperties": items}


def _source() -> Schema:
    """Return one shape a kind of warehouse, told apart by `type`."""
    shapes = []
    for kind in registry.kinds():
        shape = section(registry.options_type(kind))
        shape["properties"] = {"type": {"const": kind, "description": "Kind of the warehouse."}} | shape["properties"]
        # A target may give a single key of a source.
        shape.pop("required", None)
        shapes.append(shape)
    return {"description": "A warehouse.", "anyOf": shapes}


def _alerts() -> Schema:
    way = {
        "slack": described(TEXT, "Incoming webhook of a Slack channel, by reference: ${env:SLACK_URL}."),
        "webhook": described(TEXT, "URL that gets a POST with JSON."),
        "email": described(TEXT, "Address that gets a mail."),
    }
    to = {
        "type": "array",
        "description": "Who is told.",
        "items": _closed(way) | {"minProperties": 1, "maxProperties": 1},
    }
    return _closed({"to": to, "when": section(AlertRules), "smtp": section(SmtpSection)}) | {
        "description": "Who is told, and when."
    }


def _defaults() -> Schema:
    return nullable(_closed({key: schema for key, schema in _shared_properties().items() if key in SHARED_KEYS}))


def _definitions() -> Schema:
    return {"condition": CONDITION, **mapping_definitions()}


def _shared_properties() -> Schema:
    """Return what a pipeline and `defaults:` have in common."""
    help_of = attribute_help(Pipeline)
    names = {"anyOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}]}
    cursor = {"anyOf": [TEXT, section(Cursor), {"type": "null"}]}
    start = {
        "type": "string",
        "anyOf": [{"enum": list(STARTS)}, {"pattern": r"^(-\d+\s*[smhdw]|\d{4}-\d\d-\d\d.*|.*\$\{.*)$"}],
    }
    return {
        "tags": described({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, help_of["tags"]),
        "enabled": described(or_reference({"type": "boolean", "default": True}), help_of["enabled"]),
        "source": described(TEXT, help_of["source"]),
        "key": described(names, help_of["key"]),
        "start": described(
            start,
            "From which event_time on events are sent; kept from the first run on. now, window (as far back as Meta takes events), beginning, a time ago such as -3d, or a date.",
        ),
        "cursor": described(cursor, help_of["cursor"]),
        "destination": described(
            {"anyOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}, section(Route)]},
            "Name of a dataset in syncer.yaml, a list of them, or a route by the value of a column.",
        ),
        "settings": _settings(),
        "mapping": described({"$ref": "#/$defs/mapping"}, help_of["mapping"]),
        "events": _events(),
        "consent": nullable(section(Consent, applies_to={"$ref": "#/$defs/condition"})),
        "limited_data_use": nullable(section(LimitedDataUse, when={"$ref": "#/$defs/condition"})),
        "require": nullable(_require()),
        "pii": nullable(section(Pii)),
        "schedule": nullable(_schedule()),
        "reconcile": nullable(section(Reconcile)),
        "rejects": nullable(section(Rejects)),
        "tolerate": nullable(section(Tolerate)),
        "delivery": nullable(section(Delivery)),
        "alerts": nullable(described(_closed({"when": section(AlertRules)}), help_of["alerts"])),
    }


def _settings() -> Schema:
    hashing = {"anyOf": [{"enum": ["auto", "always", "never"]}, {"type": "boolean"}], "default": "auto"}
    return nullable(
        section(
            Settings,
            action_source=nullable({"enum": list(ACTION_SOURCES)}),
            hashing=or_reference(hashing),
            preset=nullable({"enum": list(PRESETS)}),
        )
    )


def _schedule() -> Schema:
    cron = {"type": "string", "examples": ["*/15 * * * *", "0 6 * * mon-fri", *NICKNAMES]}
    return section(Schedule, cron=cron)


def _require() -> Schema:
    one = section(Require)
    several = {"type": "array", "minItems": 1, "items": one, "description": "Several of them, and each must hold."}
    return described({"anyOf": [one, several]}, attribute_help(Pipeline)["require"])


def _events() -> Schema:
    rule = _closed(
        {
            "id": described(NAMED, "Part of the identity of the rule's events."),
            "name": {
                "type": "string",
                "maxLength": 50,
                "examples": list(STANDARD_EVENTS),
                "description": "event_name of the events.",
            },
            "when": described({"$ref": "#/$defs/condition"}, "Which rows give the event; left out: every row."),
            "mapping": described({"$ref": "#/$defs/mapping"}, "Wins over the pipeline's mapping."),
        }
    )
    rules = {"type": "array", "minItems": 1, "items": rule | {"required": ["id"]}}
    return nullable(described(rules, attribute_help(Pipeline)["events"]))


def _test() -> Schema:
    rows = {"type": "array", "items": {"type": "object"}}
    rejected = _closed(
        {
            "key": {"description": "Key of the row."},
            "reason": described({"enum": list(REASONS)}, "Reason code; `syncer explain CODE` says more."),
        }
    )
    properties = {
        "name": described(TEXT, "A sentence that says what holds."),
        "now": described(TEXT, "The time of the test; left out: the newest event_time of the rows."),
        "rows": described(rows, "Rows of the query."),
        "expect": described(rows, "Events that come out; each is a part of the whole event."),
        "expect_rejected": {
            "type": "array",
            "items": rejected,
            "description": "Rows that are rejected, with the reason.",
        },
    }
    needs = {"anyOf": [{"required": ["expect"]}, {"required": ["expect_rejected"]}]}
    return _closed(properties) | {"required": ["name", "rows"]} | needs
