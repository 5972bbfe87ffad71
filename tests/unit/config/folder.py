"""A small project to break in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncer.config.load import validate_project
from syncer.errors import Problem
from syncer.pipeline import Pipeline, Project

PROJECT = """\
version: 1
sources:
  shop: {type: sqlite, path: shop.db}
destinations:
  meta: {dataset_id: "1234567890", access_token: "${env:META_ACCESS_TOKEN}"}
"""

PIPELINE = """\
name: orders
source: shop
query: SELECT * FROM orders
key: order_id
start: now
destination: meta
settings: {action_source: email}
mapping:
  server_event: {event_name: {value: Schedule}, event_time: ordered_at}
  customer_info: {em: email}
"""


@dataclass(frozen=True)
class Folder:
    """A project on disk that a test edits and reads."""

    path: Path

    def edit(self, name: str, old: str, new: str) -> "Folder":
        """Replace a text that is there."""
        text = (self.path / name).read_text()
        assert old in text
        (self.path / name).write_text(text.replace(old, new))
        return self

    def project_file(self, old: str, new: str) -> "Folder":
        """Replace a text of syncer.yaml."""
        return self.edit("syncer.yaml", old, new)

    def pipeline_file(self, old: str, new: str) -> "Folder":
        """Replace a text of pipelines/orders.yaml."""
        return self.edit("pipelines/orders.yaml", old, new)

    def add(self, name: str, text: str) -> "Folder":
        """Write one more file."""
        (self.path / name).write_text(text)
        return self

    def validate(
        self, environ: Mapping[str, str] | None = None, *, target: str | None = None
    ) -> tuple[Project | None, tuple[Problem, ...]]:
        """Read the project from its own folder."""
        return validate_project(self.path, target=target, environ=environ or {}, cwd=self.path)

    def problems(self, environ: Mapping[str, str] | None = None, *, target: str | None = None) -> list[str]:
        """Return every message."""
        return [str(problem) for problem in self.validate(environ, target=target)[1]]

    def load(self, environ: Mapping[str, str] | None = None, *, target: str | None = None) -> Project:
        """Return the project, which must be right."""
        project, problems = self.validate(environ, target=target)
        assert project is not None, problems
        return project

    def pipeline(self) -> Pipeline:
        """Return the one pipeline, which must be right."""
        return self.load().pipelines["orders"]
