"""`--watch`: an answer again each time that the cluster changes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from netwright.base.errors import UsageError
from netwright.cli import progress
from netwright.cli.options import Given
from netwright.cli.output import Output, following, say

if TYPE_CHECKING:
    from netwright.twin import Twin

F = TypeVar("F", bound=Callable[..., object])
_MOST = 5
"""Objects that are named of a change."""


def watch_option(command: F) -> F:
    """`--watch`, handed over as `watch`."""
    text = "Answer again each time that the live cluster changes, until interrupted."
    return click.option("--watch", is_flag=True, help=text)(command)


def watching(given: Given, paths: Sequence[str], to: Output, answer: Callable[[Twin], int]) -> int:
    """Answer of a live cluster, and again after each change that touches what is read; as text where the answer is
    another one. Ends by an interrupt, or with a SourceError where the cluster cannot be followed any more.

    Raises UsageError where the source is not one live cluster, or the answer is to go into a file.
    """
    from netwright.profiles.alike import read_alike
    from netwright.sources import Access
    from netwright.sources.kube.watch import Followed
    from netwright.twin import Twin, digest, pod_ranges

    sources = given.named(*paths)
    if len(sources) != 1 or not sources[0].startswith("kube:"):
        raise UsageError("--watch follows one live cluster", help="`kube:` or `kube:CONTEXT` as the only source")
    if to.format not in ("text", "json") or to.path is not None:
        raise UsageError("--watch answers as text or JSON, on standard output", help="leave out --out")
    ranges = pod_ranges(given.pod_cidr or given.configuration().pod_cidr)
    access = Access(kubeconfig=given.kubeconfig, context=given.context, allow_exec=given.allow_exec)
    progress.now(f"reading {sources[0]}")
    followed = Followed(sources[0], access, read_alike)

    try:
        with following() as told:
            twin = Twin(digest(followed.reading()), pod_cidrs=ranges, cni=given.profile())
            gc.disable()  # it walks what stays, and not while somebody waits for an answer
            code = answer(twin)
            gc.collect()
            gc.freeze()
            for changed in followed.changes():
                told.begin_again()
                if not given.quiet:
                    more = f" and {len(changed) - _MOST} more" if len(changed) > _MOST else ""
                    gap = [""] if to.format == "text" else []
                    say([*gap, f"changed: {', '.join(changed[:_MOST])}{more}"])
                twin = twin.after(followed.reading())
                code = answer(twin)
                if told.is_same and not given.quiet:
                    say(["the answer is the same"])
                gc.collect()
            return code
    finally:
        gc.unfreeze()
        gc.enable()
        followed.close()
