"""Where a key of a pipeline is written."""

from dataclasses import replace

from syncer.config.presets import SHOWN
from syncer.errors import Problem
from syncer.pipeline import Pipeline

NAMED = "settings.preset"


def locate(pipeline: Pipeline, problem: Problem) -> Problem:
    """Return `problem` with the place of its path in the files of `pipeline`, or of the nearest known one above it.

    What a preset says is placed where the pipeline names the preset.
    """
    steps = problem.path.split(".")
    for length in range(len(steps), 0, -1):
        if place := pipeline.places.get(".".join(steps[:length])):
            file, line, column = pipeline.places[NAMED] if str(place[0]).startswith(SHOWN) else place
            return replace(problem, file=file, line=line, column=column)
    return replace(problem, file=problem.file or pipeline.file)
