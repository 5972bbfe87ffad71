"""The command line: each command loads its own module when it is asked for."""

import gc
import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path

import click

from syncer import __version__
from syncer.engine.polars_library import keep_memory
from syncer.signals import ask_again, end_at_the_next

COMMANDS = {
    "init": ("syncer.cli.init", "Make a project that runs as it stands."),
    "demo": ("syncer.cli.demo", "Show the whole thing on this machine."),
    "validate": ("syncer.cli.validate", "Name every mistake of every file."),
    "preview": ("syncer.cli.preview", "Show the first rows as Meta would get them."),
    "check": ("syncer.cli.check", "Connect to each warehouse, dataset and the state store."),
    "quality": ("syncer.cli.quality", "Read how well Meta matches the events of a dataset."),
    "plan": ("syncer.cli.plan", "Show what the next run would do."),
    "send-test": ("syncer.cli.send_test", "Send a few real rows to Test Events."),
    "run": ("syncer.cli.run", "Sync pipelines now."),
    "daemon": ("syncer.cli.daemon", "Run pipelines by their schedules and when asked."),
    "alerts": ("syncer.cli.alerts", "Try out who is told when something is wrong."),
    "trigger": ("syncer.cli.trigger", "Let the daemon run a pipeline now."),
    "backfill": ("syncer.cli.backfill", "Send a range of event_time that no run sends."),
    "reconcile": ("syncer.cli.reconcile", "Send what runs passed by: late, backdated and edited rows."),
    "test": ("syncer.cli.test", "Run the pipelines' own tests."),
    "status": ("syncer.cli.status", "Show where things stand."),
    "runs": ("syncer.cli.runs", "List past runs."),
    "show": ("syncer.cli.show", "Show one run with its requests and reasons."),
    "trace": ("syncer.cli.trace", "Say what became of one row, and why."),
    "deliveries": ("syncer.cli.deliveries", "Write a line for each event with its key and outcome."),
    "held": ("syncer.cli.held", "Decide on requests whose outcome is unknown."),
    "rejects": ("syncer.cli.rejects", "Look at rejected rows, judge them again, or forget them."),
    "pause": ("syncer.cli.pause", "Let no run of a pipeline begin."),
    "resume": ("syncer.cli.resume", "Let a paused pipeline run again."),
    "reset": ("syncer.cli.reset", "Move a pipeline's watermark."),
    "adopt": ("syncer.cli.adopt", "Take for delivered what another tool has sent."),
    "erase": ("syncer.cli.erase", "Take a person's rows out of the state and block them."),
    "rename": ("syncer.cli.rename", "Move a pipeline's state to another name."),
    "fields": ("syncer.cli.fields", "List Meta's parameters with types and rules."),
    "explain": ("syncer.cli.explain", "Say what a reason code means, or what a pipeline does."),
    "schema": ("syncer.cli.schema", "Print the JSON Schema of syncer.yaml or of a pipeline."),
    "sandbox": ("syncer.cli.sandbox", "Serve a local Conversions API."),
    "state": ("syncer.cli.state", "Look after the state store."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which one meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None where there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command; an option of the commands is told its place."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            what = f"No such option {error.option_name!r} before the command"
            raise click.UsageError(
                f"{what}; write options behind it: syncer COMMAND {error.option_name} ...", ctx
            ) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `syncer --help` lists the commands."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="syncer")
def cli() -> None:
    """Send rows of a data warehouse to Meta's Conversions API.

    A project is a folder with syncer.yaml and pipelines/*.yaml; `syncer init` makes one that runs.
    Results go to stdout, progress and logs to stderr.

    Exit codes: 0 done, 1 failed or paused, 2 usage or configuration, 3 done with more rejected or held than
    tolerated, 4 another run holds the pipeline, 5 see plan, 130 interrupted.
    """


def main() -> None:
    """Run the command that was typed."""
    os.umask(0o077)
    _keep_memory_to_itself()
    seldom_look_for_garbage()
    keep_memory()  # before the daemon, for one, loads polars with what it tells of pipelines
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # closed by the caller; kept to the end
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # the same
    for stream in (sys.stdout, sys.stderr):  # JSON is UTF-8, and a locale without it must not end a run's report
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    _expect_own_connectors()
    try:
        sys.exit(_command())
    finally:
        end_at_the_next()  # a Ctrl-C while Python ends would be told as a failure of what it does then
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # nobody reads any more, or the disk is full: flush into nothing
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        gc.freeze()  # Python looks through all objects again while it ends, a fifth of a small run's time


def seldom_look_for_garbage() -> None:
    """Look through all objects for rings of garbage less often: most are modules that stay, and a look takes 40 ms or more."""
    young, middle, _ = gc.get_threshold()  # as they are: a ring may hold a batch
    gc.set_threshold(young, middle, 100)


def _keep_memory_to_itself() -> None:
    """Let no crash write memory to disk: it holds the token and rows.

    A limit of 1 byte, unlike 0, also keeps memory from a program that takes it through a pipe (core(5)).
    """
    import resource

    limit = min(1, resource.getrlimit(resource.RLIMIT_CORE)[1] % 2**64)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def _command() -> int:
    """Run the command, return its exit code."""
    as_before = ask_again(signal.default_int_handler)
    try:
        return cli.main(prog_name="syncer", standalone_mode=False) or 0
    except click.UsageError as error:
        _tell_misuse(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:  # the help had no place to go, such as a full disk
        click.echo(f"Error: {error.strerror or 'nothing can be written'}", err=True)
        return 1
    finally:
        as_before()


def _tell_misuse(error: click.UsageError) -> None:
    """Say what is wrong with the words that were typed: as JSON where they ask for it, for they could not be read."""
    words = sys.argv[1:]
    if "--output=json" not in words and ("--output", "json") not in pairwise(words):
        error.show()
        return
    from syncer.cli.common import tell
    from syncer.cli.json_lines import json_line, misuse_json

    tell(json_line(misuse_json(error)))


def _expect_own_connectors() -> None:
    """End with a sentence where another distribution owns the import name `connectors`."""
    import connectors

    if "syncer" not in (connectors.__doc__ or ""):
        click.echo(
            "Error: another package owns the import name 'connectors'; install syncer in an environment of its own",
            err=True,
        )
        sys.exit(1)
