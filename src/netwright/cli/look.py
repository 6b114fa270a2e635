"""`show`, `explain`, `demo` and `version`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.cli.choices import files, one_of, topics
from netwright.cli.namespaces import narrowing_options, whole_or_narrowed
from netwright.cli.options import KUBECTL_KINDS, Given, exit_code, network_option, output_options, source_options
from netwright.cli.output import (
    STDOUT,
    Output,
    ending,
    tell,
    tell_costs,
    words,
    write_csv,
    write_data,
    write_lines,
    write_markdown,
)
from netwright.version import VERSION

NOUNS = (
    "workloads",
    "endpoints",
    "services",
    "policies",
    "networks",
    "subnets",
    "exposed",
    "isolation",
    "namespaces",
    "policymaps",
    "vms",
    "nics",
    "kinds",
)
"""The nouns of `questions.show`, repeated here so that `--help` imports no numpy (a test compares them)."""
SCHEMES = ("git:", "kube:", "snapshot:", "vsphere:", "rvtools:", "nsx:")
SUFFIXES = (".yaml", ".yml", ".json", ".tar.gz", ".tgz", ".zip", "/")


# --- show --------------------


@click.command()
@click.argument("noun", metavar="NOUN", shell_complete=one_of(NOUNS))
@click.argument("named", nargs=-1, metavar="[SOURCE|REF]...", shell_complete=files)
@narrowing_options("Only this namespace.")
@network_option
@source_options
@output_options(["text", "wide", "json", "jsonl", "csv", "md"])
def show(
    noun: str,
    named: tuple[str, ...],
    namespaces: tuple[str, ...],
    all_namespaces: bool,
    network: str | None,
    given: Given,
    to: Output,
) -> int:
    """List what was read. What is no file, folder or other source is a reference that narrows the list.

    NOUN: workloads, endpoints, services, policies, networks, subnets, exposed, isolation, namespaces,
    policymaps, vms, nics, kinds.

    \b
      netwright show workloads manifests/
      netwright show endpoints manifests/ 10.244.1.17
      netwright show policies manifests/ shop/web
      netwright show isolation manifests/ -o csv
      netwright show nics manifests/ vm/shop/web
    """
    noun = _noun(noun)
    whole_or_narrowed(namespaces, all_namespaces)
    paths, references = split_named(named)
    twin = given.load(*paths).on(network)
    tell(twin, given)
    from netwright.questions.show import exposed_rows
    from netwright.questions.show import show as ask

    if noun == "exposed":
        shown = exposed_rows(twin, twin.exposed(), namespaces=namespaces, references=references)
    else:
        shown = ask(twin, noun, namespaces=namespaces, references=references)
    code, reasons = exit_code(twin, 0)
    from netwright.render.show_table import show_csv, show_markdown, show_text

    if to.format == "json":
        from netwright.render.provenance import document

        body = document(
            "show",
            twin.provenance,
            reasons,
            noun=noun,
            rows=msgspec.to_builtins(shown.rows),
            counts=shown.counts,
            notes=shown.notes,
        )
        write_data([msgspec.json.encode(body)], to)
    elif to.format == "jsonl":
        write_data((msgspec.json.encode(row) for row in shown.rows), to)
    elif to.format == "csv":
        write_csv(show_csv(shown), to)
    elif to.format == "md":
        write_markdown(show_markdown(shown), to)
    else:
        write_lines(show_text(shown, words(), wide=to.format == "wide", last=ending(code)), to)
    tell_costs(twin, given)
    return code


def _noun(text: str) -> str:
    """The noun, singular or plural; kubectl's short names are read."""
    import difflib

    known = {n: n for n in NOUNS} | {n.rstrip("s"): n for n in NOUNS}
    known |= {
        "policy": "policies",
        "svc": "services",
        "netpol": "policies",
        "ns": "namespaces",
        "ep": "endpoints",
        "networkpolicies": "policies",
    }
    found = known.get(text.lower())
    if found is None:
        close = difflib.get_close_matches(text.lower(), list(known), n=1)
        meant = f"did you mean `{known[close[0]]}`? " if close else ""
        raise UsageError(f"`{text}` is not a noun of show", help=f"{meant}one of {', '.join(NOUNS)}")
    return found


def split_named(named: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sources and references apart: what exists, or is written like a source, is a source. Raises UsageError for
    neither.
    """
    from netwright.base.ipset import is_address

    paths, references = [], []
    for text in named:
        if (
            text == "-"
            or text.startswith(SCHEMES)
            or text.endswith(SUFFIXES)
            or text.startswith((".", "~"))
            or _exists(text)
        ):
            paths.append(text)
        elif "/" in text or text == "internet" or is_address(text):
            references.append(text)
        else:
            raise UsageError(
                f"`{text}` is no file or folder here, and no reference",
                help="a reference is `NAMESPACE/NAME`, `KIND/NAMESPACE/NAME` or an address; `-n` names a namespace",
            )
    return paths, references


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


# --- explain --------------------


@click.command()
@click.argument("words_asked", nargs=-1, metavar="[CODE|KIND|TERM]", shell_complete=topics)
@output_options(["text", "json"])
def explain(words_asked: tuple[str, ...], to: Output) -> int:
    """The manual, offline: a finding's code, an API kind, a word of netwright, of Kubernetes' networking, of vSphere
    or NSX.

    \b
      netwright explain NW1007
      netwright explain NetworkPolicy
      netwright explain blast radius
      netwright explain "port group"
    """
    from netwright.questions.explain import contents, explain

    asked = " ".join(words_asked)
    if not asked:
        index = contents()
        if to.format == "json":
            write_data([_explained("", index=msgspec.to_builtins(index))], to)
        else:
            from netwright.render.explain_text import index_text

            write_lines(index_text(index, words()), to)
        return 0
    pages = explain(asked)
    if to.format == "json":
        write_data([_explained(asked, pages=msgspec.to_builtins(pages))], to)
    else:
        from netwright.render.explain_text import pages_text

        write_lines(pages_text(pages, words()), to)
    return 0


def _explained(asked: str, **content: Any) -> bytes:
    return msgspec.json.encode(
        {"schema": "netwright.explain/v1", "asked": asked, **content, "version": VERSION, "exit_reasons": []}
    )


# --- demo --------------------

EXAMPLE = "examples/shop"
DEMO = (
    (
        "The front end cannot reach its database. Which rule says no, and what would change that?",
        ("why", "shop/web", "shop/db:5432", "-f", EXAMPLE),
    ),
    (
        "Somebody left a pod running in `legacy`. What could an intruder on it reach?",
        ("reach", EXAMPLE, "--from", "legacy/toolbox", "--hops", "all"),
    ),
    ("How much of the cluster do policies isolate at all?", ("show", "isolation", EXAMPLE)),
)

NEXT = (
    ("netwright reach FOLDER", "who may talk to whom, in the manifests you have"),
    ("netwright why SRC DST:PORT -f FOLDER", "which rule decides, on which line, and what would change it"),
    (f"kubectl get {KUBECTL_KINDS} -A -o yaml | netwright show isolation -", "the cluster that kubectl is pointed at"),
)


def example_folder() -> Path:
    """The folder that holds `examples/shop`: inside the installed package, else the clone around it. Raises
    UsageError.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package, *package.parents[:3]):
        if (folder / EXAMPLE).is_dir():
            return folder
    raise UsageError(
        f"this installation carries no example: `{EXAMPLE}` is missing",
        help="take a wheel or a clone of netwright that has it",
    )


@click.command()
def demo() -> int:
    """Three questions about a small example cluster that comes with netwright, each with its command line and its
    real output.
    """
    from netwright.cli.main import run

    folder = example_folder()
    here = Path.cwd()
    _say(f"An example cluster, {EXAMPLE}: a shop, its payments, and an old system nobody dares to touch.")
    if folder != here:
        _say(f"The commands below were run in {folder}")
    with contextlib.chdir(folder):
        for question, arguments in DEMO:
            _say("")
            _say(question, first="# ", indent="# ")
            _say("$ netwright " + " ".join(arguments))
            run(arguments)
    _say("")
    _say("Next, on your own:")
    for command, told in NEXT:
        write_lines(command_lines(f"  {command}", words().width), STDOUT)
        _say(told, first="      ", indent="      ")
    return 0


def _say(text: str, *, first: str = "", indent: str = "") -> None:
    """Text folded as answers are; questions and commands stand out."""
    from netwright.render.escape import plain
    from netwright.render.styles import heading

    lines = words().fold(plain(text), indent, first)
    write_lines(map(heading, lines) if first == "# " or text.startswith("$ ") else lines, STDOUT)


def command_lines(command: str, width: int) -> list[str]:
    """A command in lines that a shell reads as one: broken behind a comma, the next line without a blank before it."""
    lines = []
    while len(command) > width and "," in command[: width - 1]:
        at = command.rindex(",", 0, width - 1) + 1
        lines.append(command[:at] + "\\")
        command = command[at:]
    return [*lines, command]


# --- version --------------------


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def version(output: str) -> int:
    """The version of netwright, of Python and of what it stands on."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    found = {}
    for package in ("numpy", "msgspec", "PyYAML", "click", "rich"):
        try:
            found[package] = installed(package)
        except PackageNotFoundError:
            found[package] = "absent"
    python = ".".join(map(str, sys.version_info[:3]))
    if output == "json":
        body = {
            "schema": "netwright.version/v1",
            "version": VERSION,
            "python": python,
            "packages": found,
            "exit_reasons": [],
        }
        write_data([msgspec.json.encode(body)], STDOUT)
    else:
        listed = ", ".join(f"{name} {number}" for name, number in found.items())
        click.echo(f"netwright {VERSION} (Python {python}, {listed})")
    return 0
