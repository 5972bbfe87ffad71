"""The report of a run, printed where it can be: the run is over, whoever reads of it."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncer.cli.common import Exit, say
from syncer.errors import SyncerError

if TYPE_CHECKING:
    from syncer.pipeline import Pipeline
    from syncer.report import RunReport

ORDER = (Exit.FAILED, Exit.USAGE, Exit.LOCKED, Exit.TOO_MANY_REJECTS, Exit.DONE)


def told(
    report: "RunReport",
    pipeline: "Pipeline",
    label: str,
    *,
    as_json: bool,
    more: Mapping[str, Any] | None = None,
    after: str = "",
) -> Exit:
    """Print a report and return the exit code of its run, or that of a failure where a full disk takes no report.

    `more` is put into the JSON, `after` stands behind the words.
    """
    from syncer.exit_codes import exit_code

    code = exit_code(report, pipeline)
    return code if printed(report, label, as_json=as_json, more=more, after=after) else foremost((code, Exit.FAILED))


def foremost(codes: Sequence[Exit]) -> Exit:
    """Return the exit code of a command that did several things, of which each has its own."""
    return next(code for code in (Exit.INTERRUPTED, *ORDER) if code in codes or code is Exit.DONE)


def printed(
    report: "RunReport", label: str = "", *, as_json: bool, more: Mapping[str, Any] | None = None, after: str = ""
) -> bool:
    """Print a report and return whether all of it could be; where not, what else is to be done is done all the same."""
    try:
        _print(report, label, as_json=as_json, more=more or {}, after=after)
    except (BrokenPipeError, SystemExit):  # nobody wants to read any more; rich makes one of the other
        _print_nowhere()
    except OSError as error:  # a full disk
        _print_nowhere()
        where = f"`syncer runs {report.pipeline}` shows it"
        say(SyncerError(f"the report cannot be printed ({error.strerror}); the run itself is over, and {where}"))
        return False
    return True


def _print(report: "RunReport", label: str, *, as_json: bool, more: Mapping[str, Any], after: str) -> None:
    if as_json:
        from syncer.cli.json_lines import print_json

        print_json({**report.to_json(), **more})
        return
    from syncer.cli.report import print_report

    print_report(report, label)
    if after:
        click.echo(after)


def _print_nowhere() -> None:
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # closed with the process
