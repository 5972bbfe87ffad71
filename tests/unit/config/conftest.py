"""A small project to break in one place."""

from pathlib import Path

import pytest

from tests.unit.config.folder import PIPELINE, PROJECT, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project with one source, one dataset, one pipeline."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "syncer.yaml").write_text(PROJECT)
    (tmp_path / "pipelines" / "orders.yaml").write_text(PIPELINE)
    return Folder(tmp_path)
