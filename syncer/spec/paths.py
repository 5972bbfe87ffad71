"""Places inside a value of JSON, such as `items[0].name`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

Steps: TypeAlias = tuple[str | int, ...]

STEP: Final = re.compile(r"""\.?([^.\[\]"']+)|\[(-?\d+)\]|\[(?:"([^"]*)"|'([^']*)')\]""")
COUNT: Final = "#"
"""The step of a path that counts the elements of a list."""


@lru_cache(maxsize=256)
def parse_path(path: str) -> Steps:
    """Return the steps of a path such as `items[0].name` or `a["b.c"]`; raises `ValueError` where it is none."""
    steps: list[str | int] = []
    place = 0
    while place < len(path):
        found = STEP.match(path, place)
        if found is None or (found[0].startswith(".") and not steps):
            raise ValueError(f"{path!r} is no path; write names and places: items[0].name")
        name, index, double, single = found.groups()
        steps.append(
            int(index) if index is not None else next(text for text in (name, double, single) if text is not None)
        )
        place = found.end()
    if not steps:
        raise ValueError("the path is empty; write names and places: items[0].name")
    return tuple(steps)


def walk(value: object, steps: Steps) -> object:
    """Return what lies at `steps` inside lists and dicts, or None where nothing does."""
    for step in steps:
        if step == COUNT and isinstance(value, list):
            value = len(value)
        elif isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
    return value


def member(item: Mapping[object, object], key: str) -> object:
    """Return what an object holds under the name `key`; where it has none so called, what lies at the path `key`."""
    return item[key] if key in item else walk(item, parse_path(key))


def is_name(key: str) -> bool:
    """Return whether `key` can only be the name of a member, and no path: neither to a place within one nor in brackets."""
    return parse_path(key) == (key,)
