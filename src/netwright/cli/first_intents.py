"""`check --write-intents`: a file of intents that hold today."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from netwright.base.errors import UsageError
from netwright.cli.front import program_name
from netwright.cli.options import Given, exit_code
from netwright.cli.output import Output, answer_stream, say, tell, tell_costs

if TYPE_CHECKING:
    from netwright.twin import Twin

_OF_FINDINGS: Final = {
    "fail_on": "--fail-on",
    "intents": "--intents",
    "baseline": "--baseline",
    "today": "--today",
    "show": "--show",
    "everything": "--all",
    "namespaces": "-n",
    "all_namespaces": "-A",
    "watch": "--watch",
    "output": "-o",
    "out": "--out",
}
"""Parameters that say which findings count and how they are told."""


def refuse_others(ctx: click.Context) -> None:
    """Raises UsageError for options of the command line that mean nothing where intents are written."""
    written = click.core.ParameterSource.COMMANDLINE
    given = [option for name, option in _OF_FINDINGS.items() if ctx.get_parameter_source(name) is written]
    if given:
        told = ", ".join(f"`{option}`" for option in given)
        mean = "means" if len(given) == 1 else "mean"
        raise UsageError(
            f"{told} {mean} nothing beside --write-intents, which tells no findings",
            help="leave it out; `--write-intents FILE` names the file that is written, `-` standard output",
        )


def write_intents(
    parts: Sequence[tuple[str, Twin]],
    path: Path,
    paths: Sequence[str],
    split: Sequence[str],
    given: Given,
    *,
    force: bool,
) -> int:
    """Write the intents that surely hold today, and tell what of the input could not be used; the exit code. `path` `-`
    is standard output. What the file holds is proven by reading it back in `check --intents`."""
    from netwright.render.intents_yaml import intents_yaml
    from netwright.render.words import count

    if len(parts) != 1:
        raise UsageError("intents are written of one network", help="name one of the folders as the source")
    ((_, twin),) = parts
    written = twin.holding()
    tell(twin, given)
    to_file = str(path) != "-"
    with answer_stream(Output("yaml", path if to_file else None, force)) as stream:
        stream.write("".join(intents_yaml(written)).encode("utf-8", "backslashreplace"))
    if not given.quiet:
        folders = [word for folder in split for word in ("--split", folder)]
        words = [*paths, *given.words_given(), *folders, "--intents", str(path) if to_file else "FILE"]
        command = f"{program_name()} check {shlex.join(words)}"
        say([f"{count(len(written), 'intent')} that hold today: `{command}` proves them"])
    tell_costs(twin, given)
    code, _ = exit_code(twin, 0)
    return code
