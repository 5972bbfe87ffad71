"""Where a key of a pipeline is written."""

from dataclasses import replace

from syncer.errors import Problem
from syncer.pipeline import Pipeline


def locate(pipeline: Pipeline, problem: Problem) -> Problem:
    """Return `problem` with the place of its path in the files of `pipeline`; the nearest known one above it."""
    steps = problem.path.split(".")
    for length in range(len(steps), 0, -1):
        if place := pipeline.places.get(".".join(steps[:length])):
            file, line, column = place
            return replace(problem, file=file, line=line, column=column)
    return replace(problem, file=problem.file or pipeline.file)
