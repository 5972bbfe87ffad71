"""The project as its files last made sense: edits are noticed by content, a broken one changes nothing."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

from syncer.config.load import PIPELINES_FOLDER, PROJECT_FILE, SUFFIXES, project_files, validate_project
from syncer.errors import Problem
from syncer.pipeline import Project

log = logging.getLogger(__name__)


class Files:
    """Watches the files of `project`. Mutable."""

    def __init__(self, project: Project, environ: Mapping[str, str]) -> None:
        self.project, self._environ = project, environ
        self.problems: tuple[Problem, ...] = ()
        """What keeps the files on disk from being used; empty: they are."""
        self._named: tuple[Path, ...] = ()
        self._seen = b""  # they may have changed since `project` was read

    def renewed(self) -> bool:
        """Read the files again where their content changed; return whether there is another project now."""
        if self._content() == self._seen:
            return False
        is_first, self._named = not self._seen, project_files(self.project.root)
        self._seen = self._content()  # before they are read: what changes meanwhile is another change
        found, problems = validate_project(self.project.root, target=self.project.target, environ=self._environ)
        if found is not None and not problems and (gone := self._gone()) is not None:
            found, problems = None, (gone,)
        if problems or not is_first:
            self._tell(problems)
        if found is None:
            return False
        self.project = found
        return True

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            log.error("files.broken", extra={"problem": str(problem), "instead": "the last good files are used"})
        if self.problems and not problems:
            log.info("files.mended")
        elif not problems:
            log.info("files.changed")
        self.problems = problems

    def _gone(self) -> Problem | None:
        """Return what is wrong where the whole folder went, as when a disk is away: nobody removes pipelines so."""
        folder = self.project.root / PIPELINES_FOLDER
        if folder.is_dir() or not self.project.pipelines:
            return None
        return Problem(file=folder, what="the folder is gone", remedy="bring it back; an empty one serves no pipeline")

    def _content(self) -> bytes:
        """Return a digest of all files by path and bytes: a mounted ConfigMap keeps every date but changes its content."""
        digest = hashlib.sha256(b"no folder" if self._gone() else b"")
        for path in sorted({*self._pipelines(), *self._named, self.project.root / PROJECT_FILE}):
            digest.update(f"\0{path}\0".encode())
            try:
                digest.update(_bytes(path))
            except OSError as error:
                digest.update(f"\0{type(error).__name__}".encode())
        return digest.digest()

    def _pipelines(self) -> list[Path]:
        try:
            return [
                path for path in (self.project.root / PIPELINES_FOLDER).iterdir() if path.suffix.lower() in SUFFIXES
            ]
        except OSError:
            return []


def _bytes(path: Path) -> bytes:
    """Return a digest of the bytes of a file: a pipe would keep the daemon waiting, and a device has no end."""
    if not path.is_file():
        return b"\0no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
