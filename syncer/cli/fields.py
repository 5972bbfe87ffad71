"""`syncer fields`."""

import click

from syncer.cli.common import log_options, output_option


@click.command()
@click.argument("group", required=False)
@output_option
@log_options
def command(group: str | None, *, as_json: bool) -> None:
    """List Meta's parameters with types and rules, all or those of one group.

    \b
    syncer fields customer_info
    syncer fields custom_data --output json
    """
    from syncer.cli.json_lines import print_json
    from syncer.cli.text import console, print_table
    from syncer.spec.fields import PARAMETERS, Parameter

    known = {str(name): parameters for name, parameters in PARAMETERS.items()}
    if group is not None and group not in known:
        raise click.UsageError(f"no group {group!r}; groups: {', '.join(known)}")

    def kind(parameter: Parameter) -> str:
        return f"list of {parameter.type}" if parameter.is_list else parameter.type

    for name, parameters in known.items():
        if group not in (None, name):
            continue
        if as_json:
            for parameter in parameters.values():
                print_json(
                    {
                        "group": name,
                        "name": parameter.name,
                        "long_names": list(parameter.long_names),
                        "type": kind(parameter),
                        "hashed": parameter.hashed,
                        "allowed": list(parameter.allowed),
                        "note": parameter.note,
                    }
                )
            continue
        rows = (
            (
                p.name,
                ", ".join(p.long_names),
                kind(p),
                p.hashed if p.hashed in {"required", "recommended"} else "",
                p.note,
            )
            for p in parameters.values()
        )
        print_table(("parameter", "also", "type", "hashed", "rule"), rows, title=f"[bold underline]{name}[/]")
        console.print()
