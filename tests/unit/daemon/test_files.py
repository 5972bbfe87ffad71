"""Edits are noticed by content; what is wrong leaves the last good project."""

import os
from pathlib import Path

import pytest

from syncer.config.load import load_project
from syncer.daemon.files import Files
from tests.acceptance.shop import PIPELINE, PROJECT

ENVIRON = {"TOKEN": "EAAtestonlytoken0123456789"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose query stands in a file of its own."""
    (tmp_path / "pipelines").mkdir()
    project = PROJECT.replace("${URL}", "http://127.0.0.1:1")
    (tmp_path / "syncer.yaml").write_text(project, encoding="utf-8")
    pipeline = PIPELINE.replace("query: SELECT * FROM orders", "query_file: orders.sql")
    (tmp_path / "pipelines" / "orders.yaml").write_text(pipeline, encoding="utf-8")
    (tmp_path / "pipelines" / "orders.sql").write_text("SELECT * FROM orders", encoding="utf-8")
    return tmp_path


@pytest.fixture
def files(folder: Path) -> Files:
    found = Files(load_project(folder, environ=ENVIRON), ENVIRON)
    found.renewed()
    return found


def edit(path: Path, old: str, new: str) -> None:
    """Change a file, but neither its date nor its size."""
    before = path.stat()
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_files_that_are_as_they_were_give_no_other_project(files: Files) -> None:
    before = files.project
    assert not files.renewed()
    assert files.project is before


def test_R32_an_edit_is_noticed_though_date_and_size_stay(files: Files, folder: Path) -> None:
    edit(folder / "pipelines" / "orders.yaml", "value: Purchase", "value: Refunded")
    assert files.renewed()
    assert not files.renewed()


def test_R32_an_edited_query_file_is_noticed(files: Files, folder: Path) -> None:
    edit(folder / "pipelines" / "orders.sql", "orders", "others")
    assert files.renewed()
    assert files.project.pipelines["orders"].query == "SELECT * FROM others"


def test_R32_a_file_that_changed_between_reading_and_watching_is_noticed(folder: Path) -> None:
    files = Files(load_project(folder, environ=ENVIRON), ENVIRON)
    edit(folder / "pipelines" / "orders.sql", "orders", "others")
    assert files.renewed()
    assert files.project.pipelines["orders"].query == "SELECT * FROM others"


def test_R32_added_and_removed_files_are_noticed(files: Files, folder: Path) -> None:
    more = PIPELINE.replace("name: orders", "name: more")
    (folder / "pipelines" / "more.yml").write_text(more, encoding="utf-8")
    assert files.renewed()
    assert set(files.project.pipelines) == {"orders", "more"}
    (folder / "pipelines" / "orders.yaml").unlink()
    assert files.renewed()
    assert set(files.project.pipelines) == {"more"}


@pytest.mark.parametrize("name", ["syncer.yaml", "pipelines/orders.yaml"])
def test_R32_a_broken_file_leaves_the_last_good_project_and_names_its_place(
    name: str, files: Files, folder: Path
) -> None:
    before = files.project
    good = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(f"{good}nonsense: 1\n", encoding="utf-8")
    assert not files.renewed()
    assert files.project is before
    assert f"{name}:{len(good.splitlines()) + 1}:1: nonsense: " in str(files.problems[0])
    (folder / name).write_text(good, encoding="utf-8")
    assert files.renewed()
    assert files.problems == ()


def test_a_project_file_that_is_gone_leaves_the_last_good_project(files: Files, folder: Path) -> None:
    (folder / "syncer.yaml").unlink()
    assert not files.renewed()
    assert "there is no syncer.yaml" in str(files.problems[0])


def test_R32_a_folder_that_is_gone_leaves_the_last_good_project(files: Files, folder: Path) -> None:
    before = files.project
    (folder / "pipelines").rename(folder / "elsewhere")
    assert not files.renewed()
    assert files.project is before
    assert "the folder is gone" in str(files.problems[0])
    (folder / "pipelines").mkdir()
    assert files.renewed()
    assert (files.project.pipelines, files.problems) == ({}, ())


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(files: Files, folder: Path) -> None:
    before = files.project
    os.mkfifo(folder / "pipelines" / "pipe.yaml")
    assert not files.renewed()
    assert "is no regular file" in str(files.problems[0])
    assert files.project is before
