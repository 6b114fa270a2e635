"""`diff`: two networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from netwright.base.errors import UsageError
from netwright.cli.choices import files
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import Output, ending, tell, tell_costs, words, write_json, write_lines

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("paths", nargs=-1, metavar="A [B]", shell_complete=files)
@click.option(
    "--fail-on",
    type=click.Choice(["any", "opened", "exposed", "never"]),
    default="any",
    show_default=True,
    help="Which differences end with exit code 1.",
)
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@source_options
@output_options(["text", "json"])
def diff(
    paths: tuple[str, ...],
    fail_on: Literal["any", "opened", "exposed", "never"],
    everything: bool,
    given: Given,
    to: Output,
) -> int:
    """What B opens and closes against A, and which object change caused it.

    \b
      netwright diff git:main:manifests/ manifests/
      netwright diff before/ after/ -o json
      netwright diff manifests/            (the last commit against the files as they are)
    """
    first, second = _two(*paths, *given.sources)
    given = given._replace(sources=())
    before = given.load(first)
    after = given.load(second)
    for twin in (before, after):
        tell(twin, given)
    found = after.diff(before)
    partial = before if before.provenance.is_partial else after
    code, reasons = exit_code(partial, 1 if found.fails(fail_on) else 4 if found.undecided else 0)
    if to.format == "json":
        from netwright.render.provenance import document

        body = document(
            "diff", after.provenance, reasons, **{name: getattr(found, name) for name in found.__struct_fields__}
        )
        body["before"] = {
            k: v
            for k, v in document("diff", before.provenance, ()).items()
            if k in ("inputs", "documents", "assumptions", "diagnostics")
        }
        write_json(body, to)
    else:
        from netwright.render.diff_text import diff_text

        write_lines(diff_text(found, words(), everything=everything, last=ending(code)), to)
    for twin in (before, after):
        tell_costs(twin, given)
    return code


def _two(*sources: str) -> tuple[str, str]:
    """The sources to compare; of one alone, what the last commit has of it."""
    if len(sources) == 2:
        if sources == ("-", "-"):
            raise UsageError("standard input cannot be both networks", help="put one of them into a file")
        return sources[0], sources[1]
    if len(sources) == 1 and sources[0] != "-" and not sources[0].startswith("git:"):
        path = sources[0] if sources[0].startswith(("./", "../", "/")) else f"./{sources[0]}"
        return f"git:HEAD:{path}", sources[0]
    raise UsageError(
        "diff compares two sources",
        help="`netwright diff git:main:manifests/ manifests/`, or one folder of a git clone against its last commit",
    )
