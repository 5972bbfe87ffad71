"""The one destination that a person names, of a project or of a pipeline with several."""

from dataclasses import replace
from difflib import get_close_matches

from syncer.errors import ConfigError, Problem
from syncer.pipeline import Pipeline, Project


def way_to(pipeline: Pipeline, destination: str) -> Pipeline:
    """Return the way of `pipeline` to `destination`; raises `ConfigError` where it does not go there."""
    if destination not in pipeline.destinations:
        raise does_not_go(pipeline.name, pipeline.destinations)
    return replace(pipeline, destinations=(destination,))


def narrowed(project: Project, destination: str) -> Project:
    """Return the project as if its pipelines went to `destination` alone, and those that do not go there were not there.

    Raises `ConfigError` where the project has no such destination.
    """
    known = project.destinations
    if destination not in known:
        near = get_close_matches(destination, known, n=1)
        names = f"destinations: {', '.join(known) or 'none'}"
        remedy = f"did you mean {near[0]!r}? {names}" if near else names
        raise ConfigError([Problem(file=None, what=f"no destination is called {destination!r}", remedy=remedy)])
    each = project.pipelines.items()
    there = {name: way_to(pipeline, destination) for name, pipeline in each if destination in pipeline.destinations}
    elsewhere = {name: pipeline.destinations for name, pipeline in each if pipeline.destinations != (destination,)}
    return replace(project, pipelines=there, elsewhere=elsewhere)


def several(pipeline: Pipeline) -> ConfigError:
    """Return the error where a pipeline has several destinations and none was named."""
    what = f"{pipeline.name} goes to several destinations, and each has state of its own"
    remedy = f"choose one with --destination: {', '.join(pipeline.destinations)}"
    return ConfigError([Problem(file=None, what=what, remedy=remedy)])


def does_not_go(name: str, destinations: tuple[str, ...]) -> ConfigError:
    """Return the error where the pipeline called `name` goes to `destinations`, and another was named."""
    what, remedy = f"{name} does not go to this destination", f"it goes to {', '.join(destinations)}"
    return ConfigError([Problem(file=None, path="--destination", what=what, remedy=remedy)])
