"""`why`, `reach` and `eval`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.base.numbers import short, whole_number
from netwright.cli.choices import files
from netwright.cli.namespaces import check_namespaces, default_option, narrowing_options, placed, whole_or_narrowed
from netwright.cli.options import KUBECTL_KINDS, Given, exit_code, network_option, output_options, source_options
from netwright.cli.output import (
    Output,
    answer_stream,
    ending,
    say,
    tell,
    tell_costs,
    words,
    write_csv,
    write_json,
    write_lines,
    write_markdown,
)
from netwright.cli.streams import standard_input
from netwright.cli.watch import watch_option, watching

if TYPE_CHECKING:
    from netwright.questions.eval import Evaluated, Query
    from netwright.questions.reach import Reached
    from netwright.render.words import Words
    from netwright.twin import Twin


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
@network_option
@click.option("--no-changes", is_flag=True, help="Do not look for changes that would flip the verdict.")
@default_option
@source_options
@output_options(["text", "json"])
def why(
    source: str,
    destination: str,
    protocol: str,
    family: str | None,
    style: str,
    network: str | None,
    no_changes: bool,
    namespace: str | None,
    given: Given,
    to: Output,
) -> int:
    """May SRC talk to DST, and why: the rules that decide, where they stand, and what would change the answer.

    \b
      netwright why shop/web shop/db:5432 -f manifests/
      netwright why internet svc/shop/web:443 -f manifests/
      netwright why shop/web 203.0.113.7:443 -f manifests/
      netwright why shop/web shop/db --protocol icmp -f manifests/
      netwright why web db:5432 -n shop -f manifests/
      netwright why shop/web shop/db:5432 --network shop/storage -f manifests/
    """
    if style == "narrated" and to.format != "text":
        raise UsageError("--style is of text, not of -o json", help="leave one of them out")
    twin = given.load().on(network)
    if style == "narrated":
        _tell_narrated(twin, given)
    else:
        tell(twin, given)
    wanted: Literal[4, 6] | None = None if family is None else 4 if family == "4" else 6
    namespaces = () if namespace is None else (namespace,)
    check_namespaces(twin, namespaces)
    source, destination = placed(source, namespaces), placed(destination, namespaces)
    answer = twin.why(source, destination, protocol=protocol, family=wanted, changes=not no_changes)
    no = answer.verdict == "deny" or (answer.groups == "some" and answer.verdict == "allow")
    code, reasons = exit_code(twin, 1 if no else 4 if answer.verdict == "undecided" else 0)
    if to.format == "json":
        from netwright.render.provenance import document

        body = msgspec.to_builtins(answer)
        write_json(document("why", twin.provenance, reasons, **body), to)
    elif style == "narrated":
        from netwright.render.narrated import why_narrated

        folded = _terminal(sys.stdout) if to.path is None else None
        write_lines(why_narrated(answer, profile=twin.cluster.profile, last=ending(code), words=folded), to)
    else:
        from netwright.render.why_text import why_text

        lines = why_text(
            answer, twin.snapshot.reading.texts.lines, words(), profile=twin.cluster.profile, last=ending(code)
        )
        write_lines(lines, to)
    tell_costs(twin, given)
    return code


def _tell_narrated(twin: Twin, given: Given) -> None:
    from netwright.render.narrated import diagnostics_narrated

    if not given.quiet or twin.provenance.is_partial:
        say(diagnostics_narrated(twin.diagnostics, _terminal(sys.stderr)))


def _terminal(stream: TextIO) -> Words | None:
    """Sentences are folded for the eyes; in a pipe or a file each is one line."""
    return words(stream) if stream.isatty() else None


REACH_HELP = f"""Who may talk to whom, and over which ports.

\b
  netwright reach manifests/
  netwright reach manifests/ --to shop/db
  netwright reach manifests/ -n shop -o csv
  netwright reach manifests/ --from shop/web --hops all
  kubectl get {KUBECTL_KINDS} \\
    -A -o yaml | netwright reach -
"""


@click.command(help=REACH_HELP)
@click.argument("paths", nargs=-1, metavar="[SOURCE]...", shell_complete=files)
@click.option("--from", "source", metavar="REF", help="Only connections from this end.")
@click.option("--to", "destination", metavar="REF", help="Only connections to this end.")
@click.option("--port", metavar="PORT", help="Only this service: 80, 8000-8100, UDP/53.")
@click.option(
    "--by", type=click.Choice(["pod", "workload", "namespace", "identity"]), default="workload", show_default=True
)
@click.option(
    "--form",
    type=click.Choice(["pairs", "classes"]),
    help="With -o json: as pairs (the default), or as the two tables that they follow from.",
)
@network_option
@click.option("--hops", metavar="N|all", help="The blast radius of --from, step by step over served ports.")
@click.option("--any-port", is_flag=True, help="With --hops: count every port, not only those that containers declare.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@watch_option
@narrowing_options("Only pairs with an end in this namespace; names in --from and --to may be bare.")
@source_options
@output_options(["text", "json", "csv", "md"])
def reach(
    paths: tuple[str, ...],
    source: str | None,
    destination: str | None,
    port: str | None,
    by: Literal["pod", "workload", "namespace", "identity"],
    form: Literal["pairs", "classes"] | None,
    network: str | None,
    hops: str | None,
    any_port: bool,
    everything: bool,
    watch: bool,
    namespaces: tuple[str, ...],
    all_namespaces: bool,
    given: Given,
    to: Output,
) -> int:
    if form is not None and (to.format != "json" or hops is not None):
        raise UsageError(
            "--form is a form of JSON, and not of --hops",
            help="add `-o json`" if hops is None else "leave it out",
        )
    if hops is not None and (destination is not None or by != "workload" or port is not None):
        raise UsageError("--hops starts at --from and takes no --to, --by or --port", help="leave them out")
    if any_port and hops is None:
        raise UsageError("--any-port says which ports count for --hops", help="add `--from REF --hops all`")
    if form == "classes" and (source or destination or namespaces):
        raise UsageError("the class form is of the whole cluster", help="--from, --to and -n narrow `--form pairs`")
    whole_or_narrowed(namespaces, all_namespaces)

    def answered(whole: Twin) -> int:
        twin = whole.on(network)
        tell(twin, given)
        check_namespaces(twin, namespaces)
        start = placed(source, namespaces) if source else source
        end = placed(destination, namespaces) if destination else destination
        if hops is not None:
            return _hops(twin, start, hops, any_port, everything, to)
        answer = twin.reach(source=start, destination=end, by=by, port=port)
        code, reasons = exit_code(twin, 0)
        if to.format == "json":
            from netwright.render.reach_json import write_classes, write_pairs

            with answer_stream(to) as stream:
                if form == "classes":
                    write_classes(answer, twin.provenance, reasons, stream)
                else:
                    write_pairs(answer, twin.provenance, reasons, stream, namespaces)
        elif to.format == "text":
            from netwright.render.reach_text import reach_text

            lines = reach_text(answer, words(), everything=everything, last=ending(code), namespaces=namespaces)
            write_lines(lines, to)
        else:
            _pairs_table(answer, namespaces, to)
        tell_costs(twin, given)
        return code

    return watching(given, paths, to, answered) if watch else answered(given.load(*paths))


def _pairs_table(answer: Reached, namespaces: tuple[str, ...], to: Output) -> None:
    from netwright.render.pairs import PAIR_COLUMNS, pair_rows
    from netwright.render.table import csv_table, markdown_table

    rows = pair_rows(answer, namespaces)
    if to.format == "csv":
        write_csv(csv_table(PAIR_COLUMNS, rows), to)
    else:
        write_markdown(markdown_table(PAIR_COLUMNS, list(rows)), to)


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
    most = None if hops == "all" else whole_number(hops)
    if hops != "all" and not most:
        raise UsageError(f"`{short(hops)}` is not a number of hops", help="write a number from 1, or `all`")
    answer = twin.blast(source, hops=most, any_port=any_port)
    code, reasons = exit_code(twin, 0)
    if to.format == "json":
        from netwright.render.provenance import document

        write_json(document("reach", twin.provenance, reasons, form="hops", **msgspec.to_builtins(answer)), to)
    elif to.format != "text":
        from netwright.render.pairs import HOP_COLUMNS
        from netwright.render.table import csv_table, markdown_table

        if to.format == "csv":
            write_csv(csv_table(HOP_COLUMNS, answer.reached), to)
        else:
            write_markdown(markdown_table(HOP_COLUMNS, answer.reached), to)
    else:
        from netwright.render.hops_text import hops_text

        write_lines(hops_text(answer, words(), everything=everything, last=ending(code)), to)
    return code


EXAMPLE_QUERY = 'write {"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 5432}'


@click.command("eval")
@click.argument("paths", nargs=-1, metavar="[SOURCE]...", shell_complete=files)
@click.option(
    "--queries",
    required=True,
    metavar="FILE.jsonl",
    shell_complete=files,
    help="One question a line; `-` is standard input.",
)
@default_option
@source_options
@output_options(["jsonl", "text"], default="jsonl")
def eval_(
    paths: tuple[str, ...],
    queries: str,
    namespace: str | None,
    given: Given,
    to: Output,
) -> int:
    """Verdicts for a file of questions, in its order, each with the rules that decide.

    \b
      {"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 5432}
      {"from": "internet", "to": "svc/shop/web", "port": 443}
    """
    from netwright.questions.eval import Query

    if queries == "-" and "-" in (*paths, *given.sources):
        raise UsageError(
            "standard input cannot be both the manifests and the questions", help="put one of them into a file"
        )
    asked = _queries(queries)
    if not asked:
        raise UsageError(f"`{queries}` holds no questions", help=EXAMPLE_QUERY)
    twin = given.load(*paths)
    tell(twin, given)
    namespaces = () if namespace is None else (namespace,)
    check_namespaces(twin, namespaces)
    parsed = [_query(line, where, Query) for where, line in asked]
    answers: list[Evaluated] = []
    for (where, _), query in zip(asked, parsed, strict=True):
        try:
            answers += _evaluated(twin, query, namespaces)
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


def _evaluated(twin: Twin, query: Query, namespaces: tuple[str, ...]) -> list[Evaluated]:
    """The answer, which repeats the question as it was written."""
    from netwright.questions.registry import Eval

    if not namespaces:
        return twin.ask(Eval(queries=(query,)))
    asked = msgspec.structs.replace(query, from_=placed(query.from_, namespaces), to=placed(query.to, namespaces))
    return [
        msgspec.structs.replace(answer, from_=query.from_, to=query.to) for answer in twin.ask(Eval(queries=(asked,)))
    ]


def _queries(name: str) -> list[tuple[str, bytes]]:
    from netwright.sources.document_text import utf8
    from netwright.sources.yamltext import TextFault

    try:
        data = standard_input().read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"`{name}` cannot be read: {reason}", help="--queries takes a file of JSON lines") from None
    try:
        data = utf8(data)
    except TextFault as fault:
        raise UsageError(f"`{name}` is not understood: {fault}", help="--queries takes a file of JSON lines") from None
    return [(f"{name}:{i}", line) for i, line in enumerate(data.splitlines(), 1) if line.strip()]


def _query(line: bytes, where: str, type_: Any) -> Any:
    from netwright.sources.jsontext import repeated

    try:
        query = msgspec.json.decode(line, type=type_)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            f"{where}: the question is not understood: {error}",
            help=EXAMPLE_QUERY,
        ) from None
    for _, key in repeated(line, [(0, len(line))]):
        raise UsageError(f"{where}: `{key}` is written twice", help="one of them would be passed over: delete it")
    return query
