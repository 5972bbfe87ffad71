"""The page of the commands with their options, made of what `--help` is made of."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from inspect import cleandoc

import click

from docs.reference.markdown import GENERATED, table
from syncer.cli import COMMANDS, cli

INTRODUCTION = f"""\
# Commands and options

Every command with its arguments and options, as `--help` has them, to look things up. [Commands](../commands.md) shows
what each prints and ends with.

{GENERATED}"""
KEPT_LINES = "\b"
HEAD = ("option", "value", "default", "meaning")


def page() -> str:
    """Return the page as it should be."""
    contexts = list(_commands())
    everywhere = set.intersection(*({*_options(context)} for context in contexts))
    shared = table(HEAD, (row for name, row in _options(contexts[0]).items() if name in everywhere))
    parts = (_section(context, everywhere) for context in contexts)
    return "\n".join((INTRODUCTION, f"## Options of every command\n\n{shared}", *parts)).rstrip() + "\n"


def _commands() -> Iterator[click.Context]:
    """Yield every command in a context that knows its full name, those inside a group too."""
    root = click.Context(cli, info_name="syncer")
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None, name  # noqa: S101  # the list is that of the command itself
        context = click.Context(command, info_name=name, parent=root)
        if not isinstance(command, click.Group):
            yield context
            continue
        yield from (click.Context(inner, info_name=each, parent=context) for each, inner in command.commands.items())


def _section(context: click.Context, everywhere: AbstractSet[str]) -> str:
    pieces = (
        " ".join(context.command.collect_usage_pieces(context)).replace("[[", "[").replace("]]", "]")
    )  # of click 8.4
    usage = f"{context.command_path} {pieces}"
    own = [row for name, row in _options(context).items() if name not in everywhere]
    parts = [f"## {context.command_path}\n", f"`{usage}`\n", *_help(context.command)]
    return "\n".join((*parts, *([table(HEAD, own)] if own else [])))


def _options(context: click.Context) -> dict[str, tuple[str, str, str, str]]:
    """Return the row of each option by its longest name."""
    return {
        max(each.opts, key=len): _row(each, context)
        for each in context.command.get_params(context)
        if isinstance(each, click.Option) and not each.hidden
    }


def _help(command: click.Command) -> Iterator[str]:
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        if not paragraph.startswith(KEPT_LINES):
            yield paragraph + "\n"
            continue
        lines = paragraph.removeprefix(KEPT_LINES).strip("\n")
        language = "sh" if all(line.startswith("syncer ") for line in lines.splitlines()) else "text"
        yield f"```{language}\n{lines}\n```\n"


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str, str]:
    value = "" if option.is_flag or option.count else f"`{option.make_metavar(context)}`"
    is_plain = isinstance(option.default, str | int | float) and not isinstance(option.default, bool)
    default = f"`{option.default}`" if is_plain and not option.count else ""
    return ", ".join(f"`{name}`" for name in option.opts), value, default, option.help or ""
