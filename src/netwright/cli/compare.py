"""`diff`: two networks side by side, or each of the networks that two sources hold."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.cli.choices import files
from netwright.cli.gate_formats import DIFF_FORMATS, write_diff
from netwright.cli.options import Given, code_of, exit_code, output_options, source_options, split_option
from netwright.cli.output import Output, answer_stream, ending, say, words, write_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwright.base.diagnostics import Diagnostic
    from netwright.render.compared import Compared
    from netwright.sources import Part

FailOn = Literal["any", "opened", "exposed", "never"]


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
@split_option
@source_options
@output_options(["text", "json", *DIFF_FORMATS, "html"])
def diff(
    paths: tuple[str, ...],
    fail_on: FailOn,
    everything: bool,
    split: tuple[str, ...],
    given: Given,
    to: Output,
) -> int:
    """What B opens and closes against A, and which object change caused it.

    A alone is compared with what the last commit has of it; with two --cni, under one profile and under the other.
    Each of two sources has its own --cni where there are two. With --split, each folder in DIR is compared with the
    folder of the same name. So is, with --kustomize, each kustomization that no other one includes, where there are
    several.

    \b
      netwright diff before/ after/
      netwright diff git:main:manifests/ manifests/
      netwright diff manifests/
      netwright diff manifests/ --cni upstream --cni cilium
      netwright diff git:main:. . --split clusters
      helm template RELEASE CHART | netwright diff rendered.yaml -
    """
    sources = _two(*paths, *given.sources, profiles=len(given.cni))
    given = msgspec.structs.replace(given, sources=())
    comparing = _Comparing(given, sources, fail_on, split, with_lines=to.format == "html")
    compared = comparing.run()
    reasons = list(dict.fromkeys(reason for one in compared for reason in one.exit_reasons))
    code = code_of(reasons)
    comparing.tell()
    if to.format == "json":
        from netwright.render.diff_json import diff_json

        with answer_stream(to) as stream:
            diff_json(compared, reasons, stream)
    elif to.format != "text":
        each = comparing.given_each
        options = each[0].words(sources[0]), each[1].words(sources[1])
        write_diff(compared, code, to, fail_on=fail_on, everything=everything, options=options)
    else:
        from netwright.render.diff_text import diff_text

        last = ending(code) + ("" if all(one.found.is_empty for one in compared) else f" (--fail-on {fail_on})")
        write_lines(diff_text(compared, words(), everything=everything, last=last), to)
    say(comparing.costs)
    return code


def _two(*sources: str, profiles: int = 0) -> tuple[str, str]:
    """The sources to compare; of one alone, the same under another profile, or what the last commit has of it."""
    if profiles > 2:
        raise UsageError(f"diff compares two profiles, not {profiles}", help="name --cni once or twice")
    if len(sources) == 1 and profiles == 2 and sources[0] != "-":
        return sources[0], sources[0]
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


class _Comparing:
    """The comparison of two sources, part by part. Of the twins no more is kept than the answer needs."""

    def __init__(
        self, given: Given, sources: tuple[str, str], fail_on: FailOn, split: Sequence[str], *, with_lines: bool
    ) -> None:
        self.given = given
        self.sources = sources
        self.fail_on: FailOn = fail_on
        self.split = split
        self.with_lines = with_lines
        self.costs: list[str] = []
        self._told: tuple[list[Diagnostic], list[Diagnostic]] = ([], [])
        self._has_manifests = [False, False]
        self._is_partial = [False, False]

    @property
    def given_each(self) -> tuple[Given, Given]:
        """What was given for each of the two: each its own profile where two are named."""
        return msgspec.structs.replace(self.given, cni=self.given.cni[:1]), msgspec.structs.replace(
            self.given, cni=self.given.cni[-1:]
        )

    def run(self) -> list[Compared]:
        """Raises SourceError where one of the sources holds no manifest."""
        from netwright.sources import Part, no_manifest, part_order

        sides = self.given.parts(*([source] for source in self.sources), split=self.split)
        compared = []
        for name in sorted({name for parts in sides for name in parts}, key=part_order):
            none = Part(name=name)
            one = self._compare(*(parts.get(name, none) for parts in sides))
            if one is not None:
                compared.append(one)
        for source, has_any in zip(self.sources, self._has_manifests, strict=True):
            if not has_any:
                raise no_manifest([source])
        return compared

    def _compare(self, old: Part, new: Part) -> Compared | None:
        """None where neither side has anything of the part."""
        from netwright.render.compared import Compared
        from netwright.twin import under_one_profile

        first, last = self.given_each
        before = first.load_part(old)
        after = last.load_part(new, like=before)
        before, after = under_one_profile(before, after)
        held = [any(given.files for given in twin.snapshot.inputs) for twin in (before, after)]
        if not any(held) and not (before.diagnostics or after.diagnostics):
            return None
        found = after.diff(before)
        provenances = before.provenance, after.provenance
        for i, provenance in enumerate(provenances):
            self._told[i].extend(provenance.diagnostics)
            self._has_manifests[i] |= held[i]
            self._is_partial[i] |= provenance.is_partial
        answer = 1 if found.fails(self.fail_on) else 4 if found.may_fail(self.fail_on) else 0
        _, reasons = exit_code(after, answer, is_partial=provenances[0].is_partial or not found.is_known)
        if self.given.verbose:
            self.costs += [*([f"{new.name}:"] if new.name else []), *before.costs(), *after.costs()]
        return Compared(
            name=new.name,
            only_in="" if held[0] == held[1] else "before" if held[0] else "after",
            found=found,
            before=provenances[0],
            after=provenances[1],
            workloads=tuple(w.ref for twin in (before, after) for w in twin.cluster.workloads if w.kind != "node"),
            exit_reasons=tuple(reasons),
            lines=(before.snapshot.reading.texts.lines, after.snapshot.reading.texts.lines)
            if self.with_lines
            else None,
        )

    def tell(self) -> None:
        """The diagnostics of both; those that both have stand once, as the later network has them."""
        from netwright.render.diagnostics_text import diagnostics_text

        before, after = self._told
        told = {(d.code, d.title) for d in after}
        others = [d for d in before if (d.code, d.title) not in told]
        for listed, is_partial in zip((after, others), reversed(self._is_partial), strict=True):
            if is_partial or not self.given.quiet:
                say(diagnostics_text(listed, words(sys.stderr), verbose=self.given.verbose))
