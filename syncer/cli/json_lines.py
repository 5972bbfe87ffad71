"""Results for programs: one JSON object a line."""

import json
from typing import Any

import click

from syncer.logs import harmless_json


def print_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(harmless_json(json.dumps(value, ensure_ascii=False, default=str)))
