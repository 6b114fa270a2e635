"""`why`, `reach` and `eval`."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from netwright.base.errors import SourceError, UsageError
from netwright.cli.options import Given, Output, answer_stream, exit_code, output_options, source_options

if TYPE_CHECKING:
    from netwright.questions.eval import Evaluated
    from netwright.render.words import Words
    from netwright.twin import Twin


def words() -> Words:
    """Signs and width for standard output as it is."""
    from netwright.render.words import Words

    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    return Words(utf8=encoding.startswith("utf"), width=max(60, min(width, 120)))


def tell(twin: Twin, given: Given, *, narrated: bool = False) -> None:
    """The diagnostics, on standard error."""
    if given.quiet and not twin.provenance.is_partial:
        return
    if narrated:
        from netwright.render.narrated import diagnostics_narrated

        click.echo("\n".join(diagnostics_narrated(twin.diagnostics)), err=True, nl=bool(twin.diagnostics))
        return
    from netwright.render.diagnostics_text import diagnostics_text

    for line in diagnostics_text(twin.diagnostics, words(), verbose=given.verbose):
        click.echo(line, err=True)


def tell_costs(twin: Twin, given: Given) -> None:
    """With `-v`, on standard error: what the twin came to, and where the time went."""
    if not given.verbose:
        return
    for line in twin.costs():
        click.echo(line, err=True)


def ending(code: int) -> str:
    """The end of a last line: the time, and what the exit code means."""
    meaning = {
        0: "exit 0",
        1: "exit 1: the answer is no",
        3: "exit 3: part of the input could not be used",
        4: "exit 4: undecided",
    }
    return (
        f"{time.process_time():.2f} s · {meaning[code]}"
        if words()["dot"] == "·"
        else f"{time.process_time():.2f} s | {meaning[code]}"
    )


def write_lines(lines: Iterator[str] | Sequence[str], to: Output) -> None:
    """Lines of text; on a terminal that is not UTF-8 our signs become ASCII and other characters are written out."""
    from netwright.render.escape import ascii_text

    in_ascii = to.path is None and words()["arrow"] != "→"
    with answer_stream(to) as stream:
        for line in lines:
            stream.write((ascii_text(line) if in_ascii else line).encode("utf-8", "backslashreplace") + b"\n")


@click.command()
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST[:PORT]")
@click.option("--protocol", default="TCP", show_default=True, help="TCP, UDP, SCTP, ICMP or a number.")
@click.option("--family", type=click.Choice(["4", "6"]), help="Only IPv4 or IPv6.")
@click.option(
    "--style",
    type=click.Choice(["plain", "narrated"]),
    default="plain",
    show_default=True,
    help="narrated: whole sentences, for screen readers.",
)
@click.option("--no-changes", is_flag=True, help="Do not look for changes that would flip the verdict.")
@source_options
@output_options(["text", "json"])
def why(
    source: str,
    destination: str,
    protocol: str,
    family: str | None,
    style: str,
    no_changes: bool,
    given: Given,
    to: Output,
) -> int:
    """May SRC talk to DST, and why: the rules that decide, where they stand, and what would change the answer.

    \b
      netwright why shop/web shop/db:5432 -f manifests/
      netwright why internet svc/shop/web:443 -f manifests/
      netwright why shop/web 203.0.113.7:443 -f manifests/
      netwright why shop/web shop/db --protocol icmp -f manifests/
    """
    twin = given.load()
    tell(twin, given, narrated=style == "narrated")
    wanted: Literal[4, 6] | None = None if family is None else 4 if family == "4" else 6
    answer = twin.why(source, destination, protocol=protocol, family=wanted, changes=not no_changes)
    no = answer.verdict == "deny" or (answer.groups == "some" and answer.verdict == "allow")
    code, reasons = exit_code(twin, 1 if no else 4 if answer.verdict == "undecided" else 0)
    if to.format == "json":
        from netwright.render.provenance import document

        body = msgspec.to_builtins(answer)
        write_json(document("why", twin.provenance, reasons, **body), to)
    elif style == "narrated":
        from netwright.render.narrated import why_narrated

        write_lines(why_narrated(answer, profile=twin.cluster.profile, last=ending(code)), to)
    else:
        from netwright.render.why_text import why_text

        lines = why_text(
            answer, twin.snapshot.reading.texts.lines, words(), profile=twin.cluster.profile, last=ending(code)
        )
        write_lines(lines, to)
    tell_costs(twin, given)
    return code


def write_json(value: Any, to: Output) -> None:
    from netwright.render.escape import json_text

    with answer_stream(to) as stream:
        stream.write(json_text(msgspec.json.encode(value)) + b"\n")


@click.command()
@click.argument("paths", nargs=-1, metavar="[SOURCE]...")
@click.option("--from", "source", metavar="REF", help="Only connections from this end.")
@click.option("--to", "destination", metavar="REF", help="Only connections to this end.")
@click.option("--port", metavar="PORT", help="Only this service: 80, 8000-8100, UDP/53.")
@click.option(
    "--by", type=click.Choice(["pod", "workload", "namespace", "identity"]), default="workload", show_default=True
)
@click.option(
    "--form",
    type=click.Choice(["pairs", "classes"]),
    default="pairs",
    show_default=True,
    help="JSON as pairs, or as the two tables they follow from.",
)
@click.option("--hops", metavar="N|all", help="The blast radius of --from, step by step over served ports.")
@click.option("--any-port", is_flag=True, help="With --hops: count every port, not only those that containers declare.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@source_options
@output_options(["text", "json"])
def reach(
    paths: tuple[str, ...],
    source: str | None,
    destination: str | None,
    port: str | None,
    by: Literal["pod", "workload", "namespace", "identity"],
    form: str,
    hops: str | None,
    any_port: bool,
    everything: bool,
    given: Given,
    to: Output,
) -> int:
    """Who may talk to whom, and over which ports.

    \b
      netwright reach manifests/
      netwright reach manifests/ --to shop/db
      netwright reach manifests/ --from shop/web --hops all
      kubectl get ns,pods,deploy,sts,ds,rs,rc,jobs,cronjobs,svc,endpointslices,ingress,netpol,sa,nodes \\
        -A -o yaml | netwright reach -
    """
    twin = given.load(*paths)
    tell(twin, given)
    if hops is not None:
        if destination or by != "workload" or port:
            raise UsageError("--hops starts at --from and takes no --to, --by or --port", help="leave them out")
        return _hops(twin, source, hops, any_port, everything, to)
    answer = twin.reach(source=source, destination=destination, by=by, port=port)
    code, reasons = exit_code(twin, 0)
    if to.format == "json":
        from netwright.render.reach_json import write_classes, write_pairs

        if form == "classes" and (source or destination):
            raise UsageError("the class form is of the whole cluster", help="--from and --to narrow `--form pairs`")
        with answer_stream(to) as stream:
            if form == "classes":
                write_classes(answer, twin.provenance, reasons, stream)
            else:
                write_pairs(answer, twin.provenance, reasons, stream)
    else:
        from netwright.render.reach_text import reach_text

        write_lines(reach_text(answer, words(), everything=everything, last=ending(code)), to)
    tell_costs(twin, given)
    return code


def _hops(
    twin: Twin,
    source: str | None,
    hops: str,
    any_port: bool,
    everything: bool,
    to: Output,
) -> int:
    if source is None:
        raise UsageError("--hops needs a start", help="add `--from NAMESPACE/NAME`")
    if hops != "all" and not (hops.isascii() and hops.isdigit() and int(hops) > 0):
        raise UsageError(f"`{hops}` is not a number of hops", help="write a number from 1, or `all`")
    answer = twin.blast(source, hops=None if hops == "all" else int(hops), any_port=any_port)
    code, reasons = exit_code(twin, 0)
    if to.format == "json":
        from netwright.render.provenance import document

        write_json(document("reach", twin.provenance, reasons, form="hops", **msgspec.to_builtins(answer)), to)
    else:
        from netwright.render.hops_text import hops_text

        write_lines(hops_text(answer, words(), everything=everything, last=ending(code)), to)
    return code


@click.command("eval")
@click.argument("paths", nargs=-1, metavar="[SOURCE]...")
@click.option("--queries", required=True, metavar="FILE.jsonl", help="One question a line; `-` is standard input.")
@source_options
@output_options(["jsonl", "text"], default="jsonl")
def eval_(
    paths: tuple[str, ...],
    queries: str,
    given: Given,
    to: Output,
) -> int:
    """Verdicts for a file of questions, in its order, each with the rules that decide.

    \b
      {"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 5432}
      {"from": "internet", "to": "svc/shop/web", "port": 443}
    """
    from netwright.questions.eval import Query, evaluate

    if queries == "-" and "-" in (*paths, *given.sources):
        raise UsageError(
            "standard input cannot be both the manifests and the questions", help="put one of them into a file"
        )
    asked = _queries(queries)
    twin = given.load(*paths)
    tell(twin, given)
    parsed = [_query(line, where, Query) for where, line in asked]
    answers: list[Evaluated] = []
    for (where, _), query in zip(asked, parsed, strict=True):
        try:
            answers += evaluate(twin.inquirer, [query], twin.locate)
        except UsageError as error:
            raise type(error)(f"{where}: {error.message}", help=error.help) from None
    code, _ = exit_code(twin, 0)
    if to.format == "jsonl":
        from netwright.render.escape import json_text

        with answer_stream(to) as stream:
            stream.write(b"".join(json_text(msgspec.json.encode(a)) + b"\n" for a in answers))
    else:
        from netwright.render.eval_text import eval_text

        write_lines(eval_text(answers, words(), last=ending(code)), to)
    tell_costs(twin, given)
    return code


def _queries(name: str) -> list[tuple[str, bytes]]:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SourceError(
            f"`{name}` cannot be read: {error.strerror}", help="--queries takes a file of JSON lines"
        ) from None
    return [(f"{name}:{i}", line) for i, line in enumerate(data.splitlines(), 1) if line.strip()]


def _query(line: bytes, where: str, type_: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=type_)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{where}: the question is not understood: {error}",
            help='write {"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 5432}',
        ) from None
