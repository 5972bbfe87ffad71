from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted([*ROOT.glob("syncer/**/*.py"), *ROOT.glob("connectors/**/*.py")])


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_folder_of_migrations_does_not_shadow_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_S23_nothing_but_a_private_folder_and_the_demo_makes_temporary_files() -> None:
    makers = {path.relative_to(ROOT).as_posix() for path in CODE if "tempfile" in path.read_text(encoding="utf-8")}
    assert makers == {"connectors/private_folder.py", "syncer/cli/demo.py"}


def test_S01_no_address_of_a_request_is_made_with_parameters() -> None:
    for path in ROOT.glob("syncer/capi/*.py"):
        assert "params=" not in path.read_text(encoding="utf-8"), path


def test_the_sandbox_knows_nothing_of_the_sender() -> None:
    for path in ROOT.glob("syncer/sandbox/**/*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import syncer", "from syncer")):
                assert line.split()[1].startswith("syncer.sandbox"), f"{path}: {line}"


def test_the_public_surface_is_what_users_call() -> None:
    import syncer

    assert set(syncer.__all__) == {"RunReport", "SyncerError", "__version__", "load_project", "run_sync"}
    for name in syncer.__all__:
        assert getattr(syncer, name) is not None
