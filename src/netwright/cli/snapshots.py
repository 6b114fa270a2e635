"""`snapshot take|list|show|export|redact`: the objects of one moment, kept, shown and shared."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.cli.choices import files
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import STDOUT, Output, answer_stream, say, tell, words, write_data, write_lines
from netwright.version import VERSION

if TYPE_CHECKING:
    from netwright.store.reading import Found

F = TypeVar("F", bound=Callable[..., Any])


def store_option(command: F) -> F:
    """`--store PATH`."""
    return click.option(
        "--store",
        metavar="PATH",
        help="The folder that snapshots are kept in. [default: $NETWRIGHT_STORE, else $XDG_DATA_HOME/netwright]",
    )(command)


@click.group(context_settings={"max_content_width": 100})
def snapshot() -> None:
    """Keep what a network was at one moment, and ask any question of it later: `snapshot:ID` is a source.

    ID is the start of an ID, a name, `latest`, or the path of a file that `export` wrote. Kept are the objects as far
    as they are read. Of Secrets it is the name alone.
    """


@snapshot.command("take")
@click.argument("paths", nargs=-1, metavar="SOURCE...", shell_complete=files)
@click.option("--name", default="", help="A name to find it by. Of several it stands for the newest.")
@store_option
@source_options
def take_(paths: tuple[str, ...], name: str, store: str | None, given: Given) -> int:
    """Take a snapshot of the sources; its ID is printed when it is safe on the disk.

    \b
      netwright snapshot take manifests/ --name before
      netwright snapshot take must-gather.tar.gz
      netwright diff snapshot:before manifests/
    """
    from netwright.store.files import store_at
    from netwright.store.taking import take

    twin = given.load(*paths)
    tell(twin, given)
    taken = take(
        store_at(store),
        twin.snapshot.reading,
        twin.snapshot.objects,
        twin.provenance,
        name=name,
        cni=twin.cni,
        pod_cidrs=twin.pod_cidrs,
    )
    write_lines([taken], STDOUT)
    return exit_code(twin, 0)[0]


@snapshot.command("list")
@store_option
@output_options(["text", "json"])
def list_(store: str | None, to: Output) -> int:
    """All snapshots, the newest first."""
    from netwright.base.errors import SourceError
    from netwright.render.failure_text import failure_text
    from netwright.store.files import store_at
    from netwright.store.reading import listed

    folder = store_at(store)
    faults: list[SourceError] = []
    found = listed(folder, faults)
    for fault in faults:
        say(failure_text(fault.message, fault.help, words(sys.stderr) if sys.stderr.isatty() else None))
    reasons = ["3: part of the input could not be used"] if faults else []
    if to.format == "json":
        _write_json(to, reasons, snapshots=[_told(one) for one in found])
    else:
        from netwright.render.snapshots_text import list_text

        write_lines(list_text([(one.id, one.manifest) for one in found], folder.shown, words()), to)
    return 3 if faults else 0


@snapshot.command("show")
@click.argument("named", metavar="ID")
@store_option
@output_options(["text", "json"])
def show_(named: str, store: str | None, to: Output) -> int:
    """One snapshot: when it was taken, of what, by which version, and what it holds by kind and namespace."""
    from netwright.store.reading import find
    from netwright.store.taking import contents

    found = find(named, store)
    held = contents(found.blobs, found.manifest)
    if to.format == "json":
        rows = [{"api_version": v, "kind": k, "namespace": n, "objects": count} for v, k, n, count in held]
        _write_json(to, [], snapshot=_told(found), contents=rows)
    else:
        from netwright.render.snapshots_text import show_text

        write_lines(show_text(found.id, found.manifest, held, words()), to)
    return 0


@snapshot.command("export")
@click.argument("named", metavar="ID")
@store_option
@click.option("--out", required=True, metavar="PATH", shell_complete=files, help="The file to write.")
@click.option("--force", is_flag=True, help="Overwrite the file of --out.")
def export_(named: str, store: str | None, out: str, force: bool) -> int:
    """Write a snapshot into one file, which `snapshot:PATH` reads anywhere.

    \b
      netwright snapshot export latest --out today.snapshot
      netwright check snapshot:today.snapshot
    """
    from pathlib import Path

    from netwright.store.files import export
    from netwright.store.reading import find
    from netwright.store.taking import digests_of

    found = find(named, store)
    content = export(found.blobs, found.id, digests_of(found.blobs, found.manifest))
    with answer_stream(Output("text", Path(out), force)) as stream:
        stream.write(content)
    return 0


@snapshot.command("redact")
@click.argument("named", metavar="ID")
@click.option("--name", default="", help="A name to find it by.")
@store_option
def redact_(named: str, name: str, store: str | None) -> int:
    """Take a snapshot of a snapshot in which names, namespaces, labels, hosts and addresses are others, each the same
    everywhere: verdicts are the same but for the names. Its ID is printed.

    \b
      netwright snapshot redact latest --name shared
      netwright snapshot export shared --out shared.snapshot
    """
    from netwright.store.files import store_at
    from netwright.store.reading import find
    from netwright.store.redacting import redact

    if named.startswith("-"):
        raise UsageError(f"`{named}` is no snapshot", help="`snapshot list` shows all")
    write_lines([redact(store_at(store), find(named, store), name=name)], STDOUT)
    return 0


def _told(found: Found) -> dict[str, Any]:
    manifest: dict[str, Any] = msgspec.to_builtins(found.manifest)
    return {
        "id": found.id,
        **{key: value for key, value in manifest.items() if key not in ("objects", "places", "rest")},
    }


def _write_json(to: Output, reasons: list[str], **content: Any) -> None:
    body = {"schema": "netwright.snapshot/v1", **content, "version": VERSION, "exit_reasons": reasons}
    write_data([msgspec.json.encode(body)], to)
