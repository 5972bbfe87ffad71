"""`syncer check`."""

import sys
from pathlib import Path

import click

from syncer.cli.common import Exit, log_options, output_option, project_options, session


@click.command()
@click.argument("names", metavar="[CONNECTION]...", nargs=-1)
@project_options
@output_option
@log_options
def command(names: tuple[str, ...], project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Connect to each source and destination, and to the state store; no event is sent.

    Meta is asked what the access token is good for. Where the answer proves nothing, that is said. `state` names the
    state store.

    \b
    syncer check
    syncer check warehouse meta --target prod
    """
    from syncer.checks import Verdict, checks
    from syncer.cli.json_lines import print_json
    from syncer.logs import printable, redact

    codes = {Verdict.REFUSED: Exit.FAILED, Verdict.MISCONFIGURED: Exit.USAGE}
    found: list[Exit] = []
    with session(project_dir, target) as opened:
        for check in checks(opened, names):
            found.append(codes.get(check.verdict, Exit.DONE))
            detail, kind = redact(check.detail), f"{check.kind} {check.name} ({check.type})"
            if as_json:
                facts = {"connection": check.name, "kind": check.kind, "type": check.type, "verdict": check.verdict}
                print_json(facts | {"detail": detail, "elapsed_s": round(check.elapsed_s, 3)})
                continue
            kind = check.kind if check.kind == check.name else kind
            detail = printable(detail.removeprefix(f"{kind}: "))  # an error of the state store begins like this
            click.echo(f"{check.verdict:13}  {kind}: {detail}  ({check.elapsed_s:.2f} s)")
    sys.exit(next((code for code in (Exit.FAILED, Exit.USAGE) if code in found), Exit.DONE))
