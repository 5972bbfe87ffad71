"""`when:` and `applies_to:`: which rows something holds for."""

from syncer.config.document import Node
from syncer.config.problems import quoted, suggestion
from syncer.config.sections import Reader, shape
from syncer.pipeline import Json

COMPARISONS = ("not", "gt", "gte", "lt", "lte", "is_null")
FORMS = "write {column: value}, {column: [values]} or {column: {gt: value}}"


def read_condition(node: Node | None, reader: Reader) -> dict[str, Json] | None:
    """Return {column: value | [values] | {comparison: value}}, or None where it is left out or wrong."""
    if node is None:
        return None
    if not node.is_map or not node.entries:
        reader.problems.at(node, f"{'an empty map' if node.is_map else shape(node)} is no condition", FORMS)
        return None
    for column, child in node.entries.items():
        if not column.strip():
            reader.problems.key(node, column, "the name of the column is blank", FORMS)
        if child.is_map:
            _check_comparisons(child, reader)
        else:
            _check_values(child, reader)
    plain = reader.plain(node)
    return plain if isinstance(plain, dict) else None


def _check_values(node: Node, reader: Reader) -> None:
    if node.is_list and not node.items:
        reader.problems.at(node, "the list is empty", "name at least one value")
    elif node.value is None:
        reader.problems.at(node, "null matches no row", "write {is_null: true}")
    for item in node.items:
        if item.is_map or item.is_list or item.value is None:
            reader.problems.at(item, f"{shape(item)} is no value to compare with", "write a text, number or boolean")


def _check_comparisons(node: Node, reader: Reader) -> None:
    if not node.entries:
        reader.problems.at(node, "an empty map is no comparison", FORMS)
    for key, child in node.entries.items():
        if key not in COMPARISONS:
            remedy = suggestion(key, COMPARISONS, noun="comparisons")
            reader.problems.key(node, key, f"{quoted(key)} is no comparison", remedy)
        elif key == "is_null":
            if not isinstance(child.value, bool):
                reader.problems.at(child, f"{shape(child)} is not true or false", "write true or false")
        elif child.is_map or child.value is None or (child.is_list and key != "not"):
            reader.problems.at(child, f"{shape(child)} is no value to compare with", "write a text, number or boolean")
        else:
            _check_values(child, reader)
