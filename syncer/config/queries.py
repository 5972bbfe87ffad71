"""The SELECT of a pipeline, from `query`, `query_file` or `table`."""

import re
from pathlib import Path

from syncer.config.document import Node
from syncer.config.sections import Reader, shape

ORIGINS = ("query", "query_file", "table")
LARGEST_QUERY = 1024 * 1024
TABLE = re.compile(r'(?:[A-Za-z_][\w$]*|"[^"\x00-\x1f]+")(?:\.(?:[A-Za-z_][\w$]*|"[^"\x00-\x1f]+")){0,3}', re.ASCII)


def read_query(node: Node, reader: Reader, *, folder: Path) -> str | None:
    """Return the SELECT without a semicolon at its end; files are relative to `folder`, that of the pipeline."""
    given = [key for key in ORIGINS if key in node.entries]
    if not given:
        reader.problems.missing(node, "query", "add one SELECT, or query_file: orders.sql, or table: analytics.orders")
        return None
    for key in given[1:]:
        reader.problems.key(node, key, f"does not go with {given[0]}", "keep one of query, query_file and table")
    child = node.entries[given[0]]
    text = reader.text(
        child, what={"query": "a SELECT", "query_file": "a path", "table": "the name of a table"}[given[0]]
    )
    if text is None:
        return None
    match given[0]:
        case "table":
            return _table(child, text, reader)
        case "query_file":
            text = _file(child, text, reader, folder=folder)
    return _trimmed(child, text, reader) if text is not None else None


def _table(node: Node, text: str, reader: Reader) -> str | None:
    if TABLE.fullmatch(text.strip()):
        return f"SELECT * FROM {text.strip()}"  # noqa: S608 - nothing but names, by the pattern
    remedy = 'write schema.table, odd names in double quotes: analytics."Order Lines"; anything else goes in query'
    reader.problems.at(node, f"{shape(node)} is no name of a table", remedy)
    return None


def _file(node: Node, text: str, reader: Reader, *, folder: Path) -> str | None:
    path = folder / text
    try:
        if not path.is_file():
            remedy = "relative paths start at the folder of the pipeline file"
            reader.problems.at(node, f"there is no file {shape(node)}", remedy)
            return None
        with path.open("rb") as file:
            content = file.read(LARGEST_QUERY + 1)
        if len(content) > LARGEST_QUERY:
            reader.problems.at(node, f"the file {shape(node)} is larger than 1 MiB", "shorten it")
            return None
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        reader.problems.at(node, f"the file {shape(node)} {why}", "check its encoding and rights")
        return None


def _trimmed(node: Node, text: str, reader: Reader) -> str | None:
    query = text.strip()
    while query.endswith(";"):
        query = query[:-1].rstrip()
    if not query:
        reader.problems.at(node, "the query is empty", "write one SELECT")
        return None
    return query
