"""What an entry of the mapping can give, as far as the file tells."""

from collections.abc import Collection

from syncer.mapping import Column, Constant, Entry, FirstOf, Sql, WhenPresent


def possible_texts(entry: Entry | None) -> Collection[str] | None:
    """Return the texts that `entry` of event_name or action_source can give; None: any."""
    match entry:
        case None:
            return ()
        case Constant(value=value):
            return (str(value),)
        case WhenPresent(entry=inner):
            return possible_texts(inner)
        case Column() | Sql() if entry.map is not None and entry.otherwise != "keep":
            return [str(value) for value in (*entry.map.values(), entry.default) if value is not None]
        case FirstOf(first_of=entries) if entry.map is None:
            found = [possible_texts(each) for each in entries]
            names = [name for each in found if each is not None for name in each]
            return None if None in found else [*names, *([str(entry.default)] if entry.default is not None else [])]
    return None
