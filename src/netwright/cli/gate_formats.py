"""`check` and `diff` in the formats that pipelines read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from netwright.base.errors import UsageError
from netwright.cli.output import MEANINGS, Output, say, write_csv, write_data, write_json, write_markdown, write_utf8

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwright.questions.check import Checked, FailOn
    from netwright.questions.diff import FailOn as FailOnDiff
    from netwright.render.compared import Compared
    from netwright.twin import Twin

CHECK_FORMATS: Final = ("sarif", "junit", "github", "md", "csv", "jsonl")
DIFF_FORMATS: Final = ("junit", "github", "md", "csv")


def write_check(
    twin: Twin,
    checked: Checked,
    code: int,
    to: Output,
    *,
    fail_on: FailOn,
    show: Sequence[str],
    everything: bool,
    quiet: bool = False,
) -> None:
    """The findings in one of CHECK_FORMATS; `code` is the exit code, `show` the only codes that are wanted. What a
    table of findings has no room for is told on standard error, unless `quiet`."""
    from netwright.render.finding_words import narrowed
    from netwright.render.repository import repository

    checked = narrowed(checked, show)
    provenance, meaning = twin.provenance, MEANINGS[code]
    if to.format == "sarif":
        from netwright.render.sarif import sarif

        write_json(sarif(checked, provenance, repository(), code=code, meaning=meaning), to)
    elif to.format == "junit":
        from netwright.render.junit import check_suites, junit

        suites = check_suites(checked, provenance, repository(), fail_on=fail_on, codes=show)
        write_utf8(junit(suites), to)
    elif to.format == "github":
        from netwright.render.github import check_annotations

        write_utf8(check_annotations(checked, repository(), meaning), to)
    elif to.format == "md":
        from netwright.render.check_markdown import check_markdown

        lines = check_markdown(checked, provenance, exit_code=code, meaning=meaning, everything=everything)
        write_markdown(lines, to)
    elif to.format == "csv":
        from netwright.render.check_csv import check_csv

        write_csv(check_csv(checked), to)
    else:
        write_data(map(msgspec.json.encode, (*checked.findings, *checked.intents)), to)
    if to.format in ("csv", "jsonl") and not quiet:
        from netwright.render.escape import plain

        say([plain(note) for note in checked.notes])


def write_check_page(
    twin: Twin,
    checked: Checked,
    code: int,
    exit_reasons: Sequence[str],
    to: Output,
    *,
    fail_on: FailOn,
    show: Sequence[str],
    options: Sequence[str],
) -> None:
    """The findings and the network as a page. `options` are the words of a command that asks the same input."""
    from netwright.render.html.check_page import check_page

    page = check_page(
        twin,
        checked,
        show=show,
        options=options,
        code=code,
        fail_on=fail_on,
        exit_reasons=exit_reasons,
    )
    write_data([page], to, end=b"")


def write_diff(
    compared: Sequence[Compared],
    code: int,
    to: Output,
    *,
    fail_on: FailOnDiff,
    everything: bool,
    options: tuple[Sequence[str], Sequence[str]],
) -> None:
    """The differences in one of DIFF_FORMATS, or as a page; `options` are the words of commands that ask either input.
    Raises UsageError for several twins, whose ends have the same names."""
    from netwright.render.diff_groups import Names
    from netwright.render.repository import repository

    if len(compared) != 1 or compared[0].name:
        raise UsageError(
            f"several twins are told as text or JSON, not as {to.format}",
            help=f"name one as the sources (`netwright diff A/{compared[0].name} B/{compared[0].name}`), or `-o json`",
        )
    (one,) = compared
    found = one.found
    names, meaning = Names(found.outside, one.workloads, everything), MEANINGS[code]
    if to.format == "md":
        from netwright.render.diff_markdown import diff_markdown

        lines = diff_markdown(found, names, exit_code=code, meaning=meaning, fail_on=fail_on, everything=everything)
        write_markdown(lines, to)
    elif to.format == "github":
        from netwright.render.github import diff_annotations

        write_utf8(diff_annotations(found, names, repository(), f"{meaning} (--fail-on {fail_on})"), to)
    elif to.format == "html":
        from netwright.render.html.diff_page import diff_page

        write_data([diff_page(one, options=options, code=code, fail_on=fail_on)], to, end=b"")
    elif to.format == "junit":
        from netwright.render.diff_junit import diff_suites
        from netwright.render.junit import junit

        write_utf8(junit(diff_suites(found, names, one.after, repository(), fail_on=fail_on)), to)
    else:
        from netwright.render.diff_csv import diff_csv

        write_csv(diff_csv(found), to)
