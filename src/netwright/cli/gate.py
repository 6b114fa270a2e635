"""`check`: findings, for people and for pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from netwright.base.errors import UnknownReference
from netwright.cli.choices import files
from netwright.cli.namespaces import check_namespaces, narrowing_options, whole_or_narrowed
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import Output, ending, tell_costs, words, write_json, write_lines

if TYPE_CHECKING:
    from netwright.questions.check import Checked
    from netwright.twin import Twin


@click.command()
@click.argument("paths", nargs=-1, metavar="SOURCE…", shell_complete=files)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    show_default=True,
    help="From which severity on a finding ends with exit code 1.",
)
@click.option("--show", multiple=True, metavar="CODE", help="Only findings of this code, all of them. Again for more.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@narrowing_options("Only findings in this namespace.")
@source_options
@output_options(["text", "json"])
def check(
    paths: tuple[str, ...],
    fail_on: Literal["error", "warning", "info", "never"],
    show: tuple[str, ...],
    everything: bool,
    namespaces: tuple[str, ...],
    all_namespaces: bool,
    given: Given,
    to: Output,
) -> int:
    """What is wrong with the network: dead rules, traps, exposures, each with its line and its cure.

    \b
      netwright check manifests/
      netwright check manifests/ --show NW3001
      netwright check manifests/ --fail-on warning
      helm template RELEASE CHART | netwright check -
    """
    whole_or_narrowed(namespaces, all_namespaces)
    titles = _titles(show)
    twin = given.load(*paths)
    check_namespaces(twin, namespaces)
    checked = twin.check(namespaces=namespaces)
    code, reasons = exit_code(twin, 1 if checked.fails(fail_on) else 0)
    if to.format == "json":
        _json(twin, checked, reasons, to)
    else:
        from netwright.render.check_text import check_text

        lines = twin.snapshot.reading.texts.lines
        write_lines(
            check_text(checked, lines, words(), titles=titles, show=show, everything=everything, last=ending(code)),
            to,
        )
    tell_costs(twin, given)
    return code


def _titles(show: tuple[str, ...]) -> dict[str, str]:
    """The title of every code. Raises UnknownReference for one asked for that there is not."""
    from netwright.base.diagnostics import INPUT_CODES
    from netwright.model.finding_codes import FINDING_CODES

    titles = {c.code: c.title for c in (*INPUT_CODES, *FINDING_CODES)}
    for code in show:
        if code not in titles:
            raise UnknownReference(f"`{code}` is no code of a finding", help="`netwright explain` lists them")
    return titles


def _json(twin: Twin, checked: Checked, reasons: list[str], to: Output) -> None:
    from netwright.render.provenance import document

    content = {name: getattr(checked, name) for name in checked.__struct_fields__}
    write_json(document("check", twin.provenance, reasons, **content), to)
