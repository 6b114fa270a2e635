"""`check`: findings, for people and for pipelines."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from netwright.base.errors import UnknownReference, UsageError
from netwright.cli import first_intents
from netwright.cli.choices import files
from netwright.cli.front import program_name
from netwright.cli.gate_formats import CHECK_FORMATS, write_check, write_check_page
from netwright.cli.namespaces import check_namespaces, narrowing_options, whole_or_narrowed
from netwright.cli.options import Given, code_of, exit_code, output_options, source_options, split_option
from netwright.cli.output import Output, ending, tell_costs, words, write_json, write_lines
from netwright.cli.watch import watch_option, watching
from netwright.version import VERSION

if TYPE_CHECKING:
    from netwright.model.configuration import Intent
    from netwright.model.finding import Known
    from netwright.questions.check import Checked, FailOn
    from netwright.questions.check.intents import IntentAnswer
    from netwright.questions.registry import Check
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
@click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=files,
    help="Only findings count that this JSON lacks of the same network.",
)
@click.option(
    "--write-intents",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write intents that hold today, to start from, and nothing else; `-`: to standard output.",
)
@click.option("--today", default="", metavar="DAY", help="The day that acceptances are held against. [default: today]")
@click.option(
    "--show",
    multiple=True,
    metavar="CODE",
    help="List only findings of this code, all of them; all findings count as ever. Again for more.",
)
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@split_option
@watch_option
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
    split: tuple[str, ...],
    watch: bool,
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
      netwright check . --split clusters
      netwright check kube:prod --watch
      helm template RELEASE CHART | netwright check -
    """
    from netwright.questions.registry import Check

    if write_intents is not None:
        first_intents.refuse_others(click.get_current_context())
    whole_or_narrowed(namespaces, all_namespaces)
    _known(show)
    configured = given.configuration()
    asked = Check(
        namespaces=namespaces,
        intents=(*configured.intents, *_intents(intents)),
        severities=configured.severities,
        accepted=configured.accepted,
        today=_day(today),
    )
    known = _baseline(baseline)

    def answered(parts: Sequence[tuple[str, Twin]]) -> int:
        return _answered(parts, asked, known, paths, fail_on, show, everything, namespaces, given, to)

    if watch:
        if split:
            raise UsageError("--watch does not go with --split", help="leave one of them out")
        return watching(given, paths, to, lambda twin: answered([("", twin)]))
    parts = _parts(given, paths, split)
    if write_intents is not None:
        return first_intents.write_intents(parts, write_intents, paths, split, given, force=to.force)
    return answered(parts)


def _answered(
    parts: Sequence[tuple[str, Twin]],
    asked: Check,
    known: _Baseline | None,
    paths: Sequence[str],
    fail_on: FailOn,
    show: tuple[str, ...],
    everything: bool,
    namespaces: Sequence[str],
    given: Given,
    to: Output,
) -> int:
    """Write the findings of all parts; the exit code."""
    answers = [
        _ask(name, twin, asked, known, fail_on, given.words_for(name, *paths))
        for name, twin in _narrowed(parts, namespaces)
    ]
    answers = _without_unused(answers)
    reasons = list(dict.fromkeys(reason for one in answers for reason in one.reasons))
    code = code_of(reasons)
    if to.format == "json":
        _json(answers, reasons, to, show)
    elif to.format == "text":
        write_lines(_text(answers, show, everything, ending(code)), to)
    elif len(answers) != 1 or answers[0].name:
        help_text = "name one of their folders as the source, or `-o json`"
        raise UsageError(f"several twins are told as text or JSON, not as {to.format}", help=help_text)
    elif to.format == "html":
        (one,) = answers
        options = given.words(*paths)
        write_check_page(one.twin, one.checked, code, reasons, to, fail_on=fail_on, show=show, options=options)
    else:
        (one,) = answers
        quiet = given.quiet
        write_check(one.twin, one.checked, code, to, fail_on=fail_on, show=show, everything=everything, quiet=quiet)
    for _, twin in parts:
        tell_costs(twin, given)
    return code


class _Answer(msgspec.Struct, frozen=True):
    """The findings of one part of the sources; `name` is "" where they are one network."""

    name: str
    twin: Twin
    checked: Checked
    reasons: tuple[str, ...]


def _parts(given: Given, paths: Sequence[str], split: Sequence[str]) -> list[tuple[str, Twin]]:
    """Each network that the sources hold, by the name of its part. Raises SourceError where they hold none."""
    if not split and not given.kustomize and not given.configuration().kustomize:
        return [("", given.load(*paths))]
    from netwright.sources import no_manifest, part_order

    sources = given.named(*paths)
    (parts,) = given.parts(sources, split=split)
    named = sorted(parts, key=part_order)
    if named == [""]:
        return [("", given.load(*paths))]
    twins = [(name, given.load_part(parts[name])) for name in named]
    held = [(n, t) for n, t in twins if any(one.files for one in t.snapshot.inputs) or t.diagnostics]
    if not held:
        raise no_manifest(sources)
    return held


def _narrowed(parts: Sequence[tuple[str, Twin]], namespaces: Sequence[str]) -> list[tuple[str, Twin]]:
    """The parts that have one of the namespaces. Raises UnknownReference where none has."""
    if not namespaces:
        return list(parts)
    out = []
    fault: UnknownReference | None = None
    for name, twin in parts:
        try:
            check_namespaces(twin, namespaces)
        except UnknownReference as error:
            fault = error
        else:
            out.append((name, twin))
    if not out and fault is not None:
        raise fault
    return out


def _ask(
    name: str, twin: Twin, asked: Check, known: _Baseline | None, fail_on: FailOn, words: Sequence[str]
) -> _Answer:
    """The findings of one network, against what the baseline has of this very one; `words` let a command read it."""
    if known is not None:
        asked = msgspec.structs.replace(asked, baseline=known.networks.get(name, ()))
    checked = twin.ask(asked)
    if known is not None and name not in known.networks and checked.states["new"]:
        checked = msgspec.structs.replace(checked, notes=(*checked.notes, known.lacking(name)))
    is_open = checked.is_open and fail_on != "never"
    _, reasons = exit_code(twin, 1 if checked.fails(fail_on) else 4 if is_open else 0)
    intents = tuple(_pasted(one, words) for one in checked.intents)
    return _Answer(name, twin, msgspec.structs.replace(checked, intents=intents), tuple(reasons))


def _without_unused(answers: list[_Answer]) -> list[_Answer]:
    """The same without what is said of acceptances that another of the networks has use for."""
    from netwright.questions.check.acceptance import note, unused_here_alone

    elsewhere = unused_here_alone([one.checked.outdated for one in answers])
    if not elsewhere:
        return answers
    gone, out = set(map(note, elsewhere)), []
    for one in answers:
        outdated = tuple(o for o in one.checked.outdated if o not in elsewhere)
        notes = tuple(n for n in one.checked.notes if n not in gone)
        checked = msgspec.structs.replace(one.checked, outdated=outdated, notes=notes)
        out.append(msgspec.structs.replace(one, checked=checked))
    return out


def _pasted(answer: IntentAnswer, words: Sequence[str]) -> IntentAnswer:
    """The same with the command that tells why as it is run here."""
    if answer.witness is None or not answer.witness.why:
        return answer
    why = program_name() + answer.witness.why.removeprefix("netwright")
    why = f"{why} {shlex.join(words)}" if words else why
    return msgspec.structs.replace(answer, witness=msgspec.structs.replace(answer.witness, why=why))


def _text(answers: Sequence[_Answer], show: Sequence[str], everything: bool, last: str) -> Iterator[str]:
    from netwright.render.check_text import check_text
    from netwright.render.escape import plain
    from netwright.render.styles import heading

    for one in answers:
        lines = one.twin.snapshot.reading.texts.lines
        if not one.name:
            yield from check_text(one.checked, lines, words(), show=show, everything=everything, last=last)
            return
        yield heading(plain(one.name))
        yield from check_text(one.checked, lines, words(), show=show, everything=everything)
        yield ""
    counted = f"{len(answers)} networks, {sum(bool(one.reasons) for one in answers)} of them not passed"
    yield from words().fold(f"{counted} {words()['dot']} {last}", "", "")


def _intents(paths: Sequence[str]) -> list[Intent]:
    if not paths:
        return []
    from netwright.sources.configuration import read_intents

    return [intent for path in paths for intent in read_intents(path)]


class _Baseline(msgspec.Struct, frozen=True):
    """What is known of each network by its name, "" of the only one; and the file that says it."""

    file: str
    networks: dict[str, tuple[Known, ...]]

    def lacking(self, name: str) -> str:
        """Why nothing is known of a network."""
        if not name:
            return f"{self.file}: the baseline is of several networks, and of one without a name nothing is known"
        if "" in self.networks:
            return f"{self.file}: the baseline is of one network without a name, and of `{name}` nothing is known"
        return f"{self.file}: the baseline has no network `{name}`, of which all is new"


def _baseline(path: str | None) -> _Baseline | None:
    if path is None:
        return None
    from netwright.sources.configuration import read_baseline

    return _Baseline(path, read_baseline(path))


def _day(text: str) -> str:
    if not text:
        return datetime.date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"`{text}` is no day", help="write YYYY-MM-DD") from None


def _known(show: tuple[str, ...]) -> None:
    """Raises UnknownReference for a code asked for that there is not."""
    if not show:
        return
    from netwright.model.finding_codes import no_code

    for code in show:
        if told := no_code(code):
            raise UnknownReference(told, help="`netwright explain` lists them")


def _json(answers: Sequence[_Answer], reasons: Sequence[str], to: Output, show: Sequence[str]) -> None:
    bodies = [_body(one, show) for one in answers]
    if len(answers) == 1 and not answers[0].name:
        write_json(bodies[0], to)
        return
    apart = ("schema", "version")
    twins = [
        {"name": one.name} | {key: value for key, value in body.items() if key not in apart}
        for one, body in zip(answers, bodies, strict=True)
    ]
    write_json({"schema": "netwright.check/v1", "twins": twins, "version": VERSION, "exit_reasons": reasons}, to)


def _body(one: _Answer, show: Sequence[str]) -> dict[str, Any]:
    from netwright.render.finding_words import narrowed
    from netwright.render.provenance import document

    checked = narrowed(one.checked, show)
    content = {name: getattr(checked, name) for name in checked.__struct_fields__}
    return document("check", one.twin.provenance, one.reasons, **content)
