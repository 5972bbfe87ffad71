"""A run that nobody asked for sends under no code of Test Events, unless the pipeline says so."""

from syncer.config.places import locate
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Pipeline

SCHEDULE = "schedule"
"""Trigger of a run that nobody waits for."""


def refuse_scheduled_test(pipeline: Pipeline, *, code: str | None, trigger: str) -> None:
    """Raise `ConfigError` where a scheduled run would send under `code`; None is no code."""
    if code is None or trigger != SCHEDULE or pipeline.settings.allow_scheduled_test_code:
        return
    problem = Problem(
        file=None,
        path="settings.test_event_code",
        what="a scheduled run does not send under a code of Test Events: Meta counts such events all the same",
        remedy="take the code out, or say `allow_scheduled_test_code: true`",
    )
    raise ConfigError([locate(pipeline, problem)])
