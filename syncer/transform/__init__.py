"""Rows in, events and rejects out; pure."""

from syncer.transform.binding import sql_expressions
from syncer.transform.identity import Scope
from syncer.transform.plan import Transformed
from syncer.transform.rules import Transform, compile_transform

__all__ = ["Scope", "Transform", "Transformed", "compile_transform", "sql_expressions"]
