"""How deep the JSON of others may nest: the stack, at which a parser gives up, differs between releases of Python."""

from typing import Any, Final

NESTED: Final = (list, dict)
"""What a parser makes of lists and objects, and of nothing else."""
DEEPEST: Final = 200
"""Lists and objects within each other, of which no table of a warehouse has so many; the stack of Python 3.11 ends at some 500."""


def is_too_deep(text: str, value: object) -> bool:
    """Return whether `value`, which a parser made of `text`, nests deeper than `DEEPEST`."""
    return text.count("[") + text.count("{") > DEEPEST and _is_deep(value)


def _is_deep(value: object) -> bool:
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        inner: list[Any] = []
        for outer in level:
            inner += [each for each in (outer.values() if type(outer) is dict else outer) if type(each) in NESTED]
        if not inner:
            return False
        level = inner
    return True
