"""Where a key of a pipeline is written."""

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from syncer.config.presets import SHOWN
from syncer.errors import Problem
from syncer.pipeline import Pipeline

NAMED = "settings.preset"
WRITTEN_AS = {"query": ("query", "query_file", "table")}
"""Keys that give what a pipeline has under one name."""

Written: TypeAlias = tuple[Path, int, int]


def written_at(pipeline: Pipeline, path: str) -> tuple[str, Written] | None:
    """Return the key by which `path` is written, and its file, line and column; None where it is not."""
    keys = WRITTEN_AS.get(path, (path,))
    return next(((key, place) for key in keys if (place := pipeline.places.get(key))), None)


def locate(pipeline: Pipeline, problem: Problem) -> Problem:
    """Return `problem` with the place of its path in the files of `pipeline`, or of the nearest known one above it.

    What a preset says is placed where the pipeline names the preset.
    """
    steps = problem.path.split(".")
    for length in range(len(steps), 0, -1):
        if found := written_at(pipeline, ".".join(steps[:length])):
            key, place = found
            file, line, column = pipeline.places[NAMED] if str(place[0]).startswith(SHOWN) else place
            return replace(problem, file=file, line=line, column=column, path=".".join([key, *steps[length:]]))
    file, *_ = pipeline.places.get("name", (pipeline.file,))
    return replace(problem, file=problem.file or file)
