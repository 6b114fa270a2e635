"""The entry point: commands, exit codes, errors."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import sys
from collections.abc import Sequence

# numpy's linear algebra starts a thread a core on import and netwright uses none of it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from netwright.base.errors import NetwrightError, UsageError
from netwright.base.patterns import deferred
from netwright.cli.front import ABOUT, EXIT_CODES, HELP, MOST_COLUMNS, SECTIONS, program_name
from netwright.version import VERSION

with deferred():  # of what click imports, a dozen patterns that no command uses
    import click

COMMANDS = {
    "check": ("netwright.cli.gate", "check"),
    "why": ("netwright.cli.ask", "why"),
    "reach": ("netwright.cli.ask", "reach"),
    "diff": ("netwright.cli.compare", "diff"),
    "eval": ("netwright.cli.ask", "eval_"),
    "convert": ("netwright.cli.convert", "convert"),
    "show": ("netwright.cli.look", "show"),
    "explain": ("netwright.cli.look", "explain"),
    "snapshot": ("netwright.cli.snapshots", "snapshot"),
    "demo": ("netwright.cli.look", "demo"),
    "completion": ("netwright.cli.completion", "completion"),
    "version": ("netwright.cli.look", "version"),
}


class Commands(click.Group):
    """Imports a command's module when it is called, and its help line without it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:  # the bare name asks for help, as with kubectl
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

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
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing and any(not w or w.endswith("=") for w in rest):
            _refuse_empty(ctx, command, rest)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS:
            with formatter.section(title):
                formatter.write_dl([(name, HELP[name]) for name in names])


def _refuse_empty(ctx: click.Context, command: click.Command, args: Sequence[str]) -> None:
    """Raises UsageError for an option that is given nothing: a script's variable that is not set would else choose the
    default in silence."""
    if isinstance(command, click.Group):
        found = command.get_command(ctx, args[0])
        if found is not None:
            _refuse_empty(ctx, found, args[1:])
        return
    valued = {name for p in command.params if isinstance(p, click.Option) and not p.is_flag for name in p.opts}
    args = list(args)[: args.index("--") if "--" in args else None]
    for at, word in enumerate(args):
        option = word[:-1] if word.endswith("=") else word
        if option in valued and (option != word or args[at + 1 : at + 2] == [""]):
            raise UsageError(f"`{option}` is given nothing", help="give it a value, or leave it out")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS},
    help=ABOUT,
    epilog=EXIT_CODES,
)
@click.version_option(VERSION, "--version", message="%(version)s")
def cli() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the design's code."""
    from netwright.cli.streams import prepare

    # One answer a process: nothing it makes is worth collecting, nor taking apart at its end. Together that is a
    # sixth of a cold `why`.
    gc.disable()
    prepare()
    code = run(arguments)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 2
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    program = program_name()
    complete_var = f"_{program.replace(' ', '_').upper()}_COMPLETE"
    if complete_var in os.environ:
        from netwright.cli.completion import register

        register()
    try:
        result = cli.main(
            args=list(arguments) if arguments is not None else None,
            prog_name=program,
            complete_var=complete_var,
            standalone_mode=False,
        )
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        with contextlib.suppress(OSError):
            click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        _tell(error.format_message(), f"{error.ctx.command_path} --help" if error.ctx is not None else "")
        return 2
    except click.Abort:
        return 130
    except NetwrightError as error:
        _tell(error.message, error.help)
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader of our output has gone (click turns that into an exit of its own): nothing more to say, and
        # nothing to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        closed = error.errno == errno.EBADF
        why = "standard output is closed" if closed else (error.strerror or str(error)).lower()
        _tell(f"the answer cannot be written: {why}")
        return 2
    except Exception as error:
        if os.environ.get("NETWRIGHT_DEBUG"):
            raise
        _tell(
            f"netwright failed: {type(error).__name__}: {error}",
            "this is a bug; NETWRIGHT_DEBUG=1 shows where, please report it with the input",
        )
        return 70
    return result if isinstance(result, int) else 0


def _tell(message: str, help: str = "") -> None:
    """A failure, on standard error: folded on a terminal, as far as there is anybody to tell it to."""
    from netwright.cli.output import say, words
    from netwright.render.failure_text import failure_text

    with contextlib.suppress(OSError):
        say(failure_text(message, help, words(sys.stderr) if sys.stderr.isatty() else None))
