"""Packaged mappings for tables of other tools: `presets/*.yaml`, laid under what a pipeline says itself."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from syncer.config.document import Node, parse_document
from syncer.config.problems import Place, Problems

PRESETS = ("segment_ecommerce", "ga4", "customer_io", "commanders_act", "bloomreach")
SHOWN = "preset "
"""How the place of a packaged line begins; no file of a project is called so, since theirs end in .yaml."""
ENVELOPE = "envelope"
"""The key that a pipeline has not: columns that are no properties of the event."""


@cache
def preset(name: str) -> Node:
    """Return the packaged file of a preset; its keys are those of a pipeline, and `envelope`."""
    problems = Problems()
    content = (files("syncer.config") / "presets" / f"{name}.yaml").read_bytes()
    node = parse_document(content, shown=Path(f"{SHOWN}{name}"), problems=problems)
    if node is None or problems.found():
        raise ValueError(f"the packaged preset {name} cannot be read: {problems.found()}")
    return node


def is_packaged(place: Place) -> bool:
    """Return whether a line is a preset's and not the user's."""
    return str(place.file).startswith(SHOWN)
