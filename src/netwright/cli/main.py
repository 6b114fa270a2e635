"""The entry point: commands, exit codes, errors."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

# numpy's linear algebra starts a thread a core on import and netwright uses none of it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from netwright.base.errors import NetwrightError
from netwright.version import VERSION

COMMANDS = {
    "why": ("netwright.cli.ask", "why"),
    "reach": ("netwright.cli.ask", "reach"),
    "eval": ("netwright.cli.ask", "eval_"),
    "show": ("netwright.cli.look", "show"),
    "explain": ("netwright.cli.look", "explain"),
    "demo": ("netwright.cli.look", "demo"),
    "completion": ("netwright.cli.look", "completion"),
    "version": ("netwright.cli.look", "version"),
}
HELP = {
    "why": "May A talk to B? Which rule says so, and what would change it.",
    "reach": "Who may talk to whom, and over which ports.",
    "eval": "Verdicts for a file of questions.",
    "show": "List what was read: workloads, services, policies, exposure …",
    "explain": "The manual, offline: a finding code, a kind, a term.",
    "demo": "Three questions about a small example cluster.",
    "completion": "Shell completion for bash, zsh or fish.",
    "version": "The version.",
}
SECTIONS = (
    ("Ask", ("why", "reach", "eval")),
    ("Look", ("show", "explain")),
    ("Misc", ("demo", "completion", "version")),
)


class Commands(click.Group):
    """Imports a command's module when it is called, and its help line without it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"no such command `{args[0]}`" + (f"; did you mean `{close[0]}`?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS:
            with formatter.section(title):
                formatter.write_dl([(name, HELP[name]) for name in names])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="One model of a Kubernetes network, read from the manifests you have: ask what may talk to what, and why.",
    epilog=(
        "Exit codes: 0 yes · 1 the answer is no · 2 wrong use · 3 input unreadable or partly read · "
        "4 undecided · 70 our bug"
    ),
)
@click.version_option(VERSION, "--version", message="%(version)s")
def cli() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the design's code."""
    # One answer a process: nothing it makes is worth collecting, nor taking apart at its end. Together that is a
    # sixth of a cold `why`.
    gc.disable()
    code = run(arguments)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed by whoever started us
        try:
            stream.flush()
        except OSError:
            code = code or 2
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    program = os.path.basename(sys.argv[0]) if sys.argv else "netwright"  # noqa: PTH119 - a name, not a path
    name = "kubectl netwright" if program.startswith("kubectl-") else "netwright"
    try:
        result = cli.main(
            args=list(arguments) if arguments is not None else None, prog_name=name, standalone_mode=False
        )
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        click.echo(f"error: {error.format_message()}", err=True)
        if error.ctx is not None:
            click.echo(f"  = help  {error.ctx.command_path} --help", err=True)
        return 2
    except click.Abort:
        return 130
    except NetwrightError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.help:
            click.echo(f"  = help  {error.help}", err=True)
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader of our output has gone (click turns that into an exit of its own): nothing more to say, and
        # nothing to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        click.echo(f"error: the answer cannot be written: {error.strerror}", err=True)
        return 2
    except Exception as error:
        if os.environ.get("NETWRIGHT_DEBUG"):
            raise
        click.echo(f"error: netwright failed: {type(error).__name__}: {error}", err=True)
        click.echo("  = help  this is a bug; NETWRIGHT_DEBUG=1 shows where, please report it with the input", err=True)
        return 70
    return result if isinstance(result, int) else 0
