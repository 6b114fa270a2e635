"""`check`: findings, for people and for pipelines."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from netwright.base.errors import UnknownReference, UsageError
from netwright.cli.choices import files
from netwright.cli.gate_formats import CHECK_FORMATS, write_check, write_check_page
from netwright.cli.namespaces import check_namespaces, narrowing_options, whole_or_narrowed
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import Output, answer_stream, ending, say, tell_costs, words, write_json, write_lines

if TYPE_CHECKING:
    from netwright.model.configuration import Intent
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
@click.option(
    "--intents",
    multiple=True,
    metavar="FILE",
    shell_complete=files,
    help="What must hold, beside the intents of the configuration. Again for more.",
)
@click.option("--baseline", metavar="FILE", shell_complete=files, help="Only findings that this JSON lacks count.")
@click.option(
    "--write-intents",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write intents that hold today, to start from.",
)
@click.option("--today", default="", metavar="DAY", help="The day that acceptances are held against. [default: today]")
@click.option("--show", multiple=True, metavar="CODE", help="Only findings of this code, all of them. Again for more.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@narrowing_options("Only findings in this namespace.")
@source_options
@output_options(["text", "json", *CHECK_FORMATS, "html"])
def check(
    paths: tuple[str, ...],
    fail_on: Literal["error", "warning", "info", "never"],
    intents: tuple[str, ...],
    baseline: str | None,
    write_intents: Path | None,
    today: str,
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
      netwright check manifests/ --intents intents.yaml
      netwright check manifests/ --baseline known.json
      helm template RELEASE CHART | netwright check -
    """
    whole_or_narrowed(namespaces, all_namespaces)
    titles = _titles(show)
    configured = given.configuration()
    wanted = [*configured.intents, *_intents(intents)]
    known = _baseline(baseline)
    day = _day(today)
    twin = given.load(*paths)
    check_namespaces(twin, namespaces)
    if write_intents is not None:
        return _start_intents(twin, write_intents, to)
    checked = twin.check(
        namespaces=namespaces,
        intents=wanted,
        baseline=known,
        severities=configured.severities,
        accepted=configured.accepted,
        today=day,
    )
    code, reasons = exit_code(twin, 1 if checked.fails(fail_on) else 4 if checked.is_open else 0)
    if to.format == "json":
        _json(twin, checked, reasons, to)
    elif to.format == "html":
        options = given.words(*paths)
        write_check_page(twin, checked, code, reasons, to, fail_on=fail_on, show=show, titles=titles, options=options)
    elif to.format != "text":
        write_check(twin, checked, code, to, fail_on=fail_on, show=show, everything=everything)
    else:
        from netwright.render.check_text import check_text

        lines = twin.snapshot.reading.texts.lines
        write_lines(
            check_text(checked, lines, words(), titles=titles, show=show, everything=everything, last=ending(code)),
            to,
        )
    tell_costs(twin, given)
    return code


def _intents(paths: Sequence[str]) -> list[Intent]:
    if not paths:
        return []
    from netwright.sources.configuration import read_intents

    return [intent for path in paths for intent in read_intents(path)]


def _baseline(path: str | None) -> tuple[str, ...]:
    if path is None:
        return ()
    from netwright.sources.configuration import read_baseline

    return read_baseline(path)


def _day(text: str) -> str:
    if not text:
        return datetime.date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"`{text}` is no day", help="write YYYY-MM-DD") from None


def _start_intents(twin: Twin, path: Path, to: Output) -> int:
    """Write the intents that hold today; what the file holds is proven by reading it back in `check --intents`."""
    from netwright.render.intents_yaml import intents_yaml
    from netwright.render.words import count

    written = twin.holding()
    with answer_stream(Output("yaml", path, to.force)) as stream:
        stream.write("".join(intents_yaml(written)).encode())
    say([f"{count(len(written), 'intent')} that hold today: `netwright check --intents {path}` proves them"])
    return 0


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
