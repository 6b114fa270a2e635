"""`diff`: two networks side by side."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

import click

from netwright.base.errors import UsageError
from netwright.cli.choices import files
from netwright.cli.gate_formats import DIFF_FORMATS, write_diff
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import Output, ending, say, tell, tell_costs, words, write_json, write_lines

if TYPE_CHECKING:
    from netwright.questions.diff import Diffed
    from netwright.twin import Twin

OF_BEFORE = ("inputs", "documents", "profile", "assumptions", "diagnostics")


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
@output_options(["text", "json", *DIFF_FORMATS])
def diff(
    paths: tuple[str, ...],
    fail_on: Literal["any", "opened", "exposed", "never"],
    everything: bool,
    given: Given,
    to: Output,
) -> int:
    """What B opens and closes against A, and which object change caused it.

    A alone is compared with what the last commit has of it.

    \b
      netwright diff before/ after/
      netwright diff git:main:manifests/ manifests/
      netwright diff manifests/
      helm template RELEASE CHART | netwright diff rendered.yaml -
    """
    first, second = _two(*paths, *given.sources)
    given = given._replace(sources=())
    before = given.load(first)
    after = given.load(second, like=before)
    _tell(before, after, given)
    found = after.diff(before)
    answer = 1 if found.fails(fail_on) else 4 if found.may_fail(fail_on) else 0
    code, reasons = exit_code(before if before.provenance.is_partial else after, answer)
    if to.format == "json":
        _json(before, after, found, reasons, to)
    elif to.format != "text":
        write_diff(before, after, found, code, to, fail_on=fail_on, everything=everything)
    else:
        from netwright.render.diff_text import diff_text

        last = ending(code) + ("" if found.is_empty else f" (--fail-on {fail_on})")
        known = [w.ref for twin in (before, after) for w in twin.cluster.workloads if w.kind != "node"]
        write_lines(diff_text(found, words(), workloads=known, everything=everything, last=last), to)
    for twin in (before, after):
        tell_costs(twin, given)
    return code


def _two(*sources: str) -> tuple[str, str]:
    """The sources to compare; of one alone, what the last commit has of it."""
    if sources == ("-", "-"):
        raise UsageError("standard input cannot be both networks", help="put one of them into a file")
    if len(sources) == 2:
        return sources[0], sources[1]
    if len(sources) == 1 and sources[0] != "-" and not sources[0].startswith("git:"):
        return f"git:HEAD:./{os.path.relpath(sources[0])}", sources[0]
    raise UsageError(
        "diff compares two sources" + (f", not {len(sources)}" if len(sources) > 2 else ""),
        help="`netwright diff git:main:manifests/ manifests/`, or one folder of a git clone against its last commit",
    )


def _tell(before: Twin, after: Twin, given: Given) -> None:
    """The diagnostics of both; those that both have stand once, as the later network has them."""
    tell(after, given)
    if given.quiet and not before.provenance.is_partial:
        return
    from netwright.render.diagnostics_text import diagnostics_text

    told = {(d.code, d.title) for d in after.diagnostics}
    others = [d for d in before.diagnostics if (d.code, d.title) not in told]
    say(diagnostics_text(others, words(sys.stderr), verbose=given.verbose))


def _json(before: Twin, after: Twin, found: Diffed, reasons: list[str], to: Output) -> None:
    from netwright.render.provenance import document

    content = {name: getattr(found, name) for name in found.__struct_fields__}
    body = document("diff", after.provenance, reasons, **content)
    earlier = document("diff", before.provenance, (), undecided=())
    write_json(body | {"before": {name: earlier[name] for name in OF_BEFORE}}, to)
