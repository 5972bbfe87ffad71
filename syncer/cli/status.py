"""`syncer status`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import (
    chosen_destination,
    counted,
    destination_option,
    log_options,
    output_option,
    project_options,
    session,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from syncer.state.alerts import Standing
    from syncer.state.daemons import DaemonRow
    from syncer.status import PipelineStatus

MOST_NAMES = 10
"""So many pipelines are named in one line."""
STRAYS = ("In no file of this project", "nothing here runs them, and what was sent of them is remembered")
FORMER = ("Former destinations", "no file sends there any more, and what was sent is remembered")


@click.command()
@click.argument("name", required=False)
@destination_option
@project_options
@output_option
@log_options
def command(name: str | None, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Show where each pipeline of the target stands: last run, next run, watermark, rejects, events held.

    Below, who serves the target, which alerts stand, and which due times had no run of their own.

    \b
    syncer status
    syncer status orders --output json
    """
    from syncer.cli.json_lines import print_json
    from syncer.session import find_pipeline
    from syncer.state.alerts import standing
    from syncer.state.daemons import serving
    from syncer.status import pipelines_status

    with session(project_dir, target) as opened:
        if name is not None:
            find_pipeline(opened.project, name)
        project, target = opened.project, opened.project.target
        every = {(each.pipeline, each.destination): each for each in pipelines_status(opened.store, target)}
        daemons, now = serving(opened.store, target), opened.clock.now()
        alerts = list(standing(opened.store, target).values())
    only = chosen_destination()
    found = {way: each for way, each in every.items() if name in (None, way[0]) and only in (None, way[1])}
    known = [(pipeline.name, each) for pipeline in project.pipelines.values() for each in pipeline.destinations]
    wanted = dict.fromkeys([*(way for way in known if name in (None, way[0])), *found])
    strays = [way for way in wanted if way not in known and way[0] not in project.elsewhere]
    if as_json:
        holders = [daemon.holder for daemon in daemons]
        for way in wanted:
            said = found[way].to_json() if way in found else _never(*way, target)
            its = [alert.condition for alert in alerts if _is_about(alert.about, {way: None})]
            print_json(said | {"has_file": way not in strays, "daemons": holders, "alerts": its})
        return
    several = Counter(pipeline for pipeline, _ in wanted)
    shown = {way: way[0] if several[way[0]] == 1 else " to ".join(way) for way in wanted}
    _print_pipelines({shown[way]: found.get(way) for way in wanted}, target)
    has_clock = project.runs_schedules and any(
        pipeline.enabled and pipeline.schedule is not None for pipeline in project.pipelines.values()
    )
    is_missed = has_clock or any(status.next_run_at for status in found.values())
    _print_daemons(daemons, target, now=now, is_missed=is_missed)
    _print_strays([shown[way] for way in strays if way[0] not in project.pipelines], STRAYS)
    _print_strays([shown[way] for way in strays if way[0] in project.pipelines], FORMER)
    _print_alerts([alert for alert in alerts if _is_about(alert.about, wanted)])
    of_files = [way for way in wanted if way not in strays]
    is_one = len({pipeline for pipeline, _ in of_files}) == 1
    for way in wanted:
        if way in found:
            _print_more(shown[way], found[way], with_keys=is_one and way in of_files)


def _is_about(about: str, wanted: "Mapping[tuple[str, str], None]") -> bool:
    """Return whether an alert is about one of the ways, or about the token of one of their destinations."""
    pipeline, _, destination = about.rpartition("/")
    return (pipeline, destination) in wanted or (not pipeline and any(destination == to for _, to in wanted))


def _never(pipeline: str, destination: str, target: str) -> dict[str, str]:
    return {"pipeline": pipeline, "target": target, "destination": destination, "state": "never"}


def _print_pipelines(wanted: "Mapping[str, PipelineStatus | None]", target: str) -> None:
    from syncer.cli.text import STYLES, print_table

    has_clocks = any(status and status.next_run_at for status in wanted.values())
    columns = ["pipeline", "state", "last run", "watermark", "acknowledged", "rejects", "held", "unfinished"]
    rows: list[list[object]] = []
    for pipeline, status in wanted.items():
        if status is None:
            rows.append([pipeline, "never run", *[None] * 6])
            continue
        last = _shown(status.last_run.started_at) if status.last_run else None
        cells = ("resumed" if status.is_resumed else status.state, last, status.watermark)
        rows.append([pipeline, *cells, status.acknowledged, status.rejects, status.held, status.unfinished])
    if has_clocks:
        columns.insert(3, "next run")
        for row, status in zip(rows, wanted.values(), strict=True):
            row.insert(3, _shown(status.next_run_at) if status and status.next_run_at else None)
    print_table(columns, rows, title=f"target {target}", styles=STYLES)


def _print_daemons(daemons: "Sequence[DaemonRow]", target: str, *, now: "datetime", is_missed: bool) -> None:
    """Say who serves the target, or that nobody does whose schedules should run."""
    from syncer.cli.text import console
    from syncer.logs import printable, redact

    for daemon in daemons:
        heard_s = max(0, round((now - daemon.seen_at).total_seconds()))
        console.print(
            f"\nServed by {printable(daemon.holder)} since {_shown(daemon.started_at)}, heard of {heard_s} s ago",
            markup=False,
        )
        for problem in daemon.problems:
            console.print(f"  it goes on with the last good files: {redact(problem)}", markup=False)
    if is_missed and not daemons:
        console.print(
            f"\nNo daemon serves target {target}, so its schedules do not run; `syncer daemon --target {target}` is one",
            markup=False,
        )


def _print_strays(names: "Sequence[str]", said: tuple[str, str]) -> None:
    """Say of which ways there is a state, and that no file has them."""
    from syncer.cli.text import console

    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        console.print(f"\n{said[0]}: {', '.join(names[:MOST_NAMES])}{more}; {said[1]}", markup=False)


def _print_alerts(alerts: "Sequence[Standing]") -> None:
    from syncer.cli.text import console
    from syncer.logs import redact

    for alert in alerts:
        console.print(f"\nAlert since {_shown(alert.since)}, {alert.condition}: {redact(alert.text)}", markup=False)


def _print_more(name: str, status: "PipelineStatus", *, with_keys: bool) -> None:
    from syncer.cli.report import print_match_keys
    from syncer.cli.text import console
    from syncer.logs import redact

    if status.pause_reason:
        since = f" since {_shown(status.paused_at)}" if status.paused_at else ""
        console.print(
            f"\n{name}: paused{since}: {status.pause_reason}; `syncer explain {status.pause_reason}` says what to do",
            markup=False,
        )
    if status.missed:
        times, newest = sum(each.times for each in status.missed), status.missed[0]
        console.print(
            f"\n{name}: {counted(times, 'due time')} in seven days had no run of {'its' if times == 1 else 'their'} own, the last at "
            f"{_shown(newest.last_at)} ({newest.reason})",
            markup=False,
        )
    report = status.last_run.report if status.last_run else None
    if report and report.message:
        said = "it was resumed since its last run, which was paused" if status.is_resumed else redact(report.message)
        console.print(f"\n{name}: {said}", markup=False)
    if with_keys and report and (keys := report.tally.match_keys()):
        console.print(f"\n{name}, last run:", markup=False)
        print_match_keys(keys)


def _shown(at: "datetime") -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
