"""Options that several commands share, and loading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click

from netwright.base.errors import UsageError
from netwright.cli import progress
from netwright.cli.choices import files
from netwright.cli.output import Output
from netwright.cli.streams import standard_input

if TYPE_CHECKING:
    from netwright.model.configuration import Configuration
    from netwright.twin import Twin

F = TypeVar("F", bound=Callable[..., Any])
KUBECTL_KINDS = "ns,pods,deploy,sts,ds,rs,rc,jobs,cronjobs,svc,endpointslices,ingress,netpol,sa,nodes"
"""What `kubectl get` is to list so that nothing is missing from an answer: one list for help, demo and the README."""
CONFIGURATION = "netwright.yaml"
MANIFESTS = ("*.yaml", "*.yml", "*.json", "*/*.yaml", "*/*.yml")


class Given(NamedTuple):
    """What a command was given to read, and how much it is to say."""

    sources: tuple[str, ...]
    pod_cidr: tuple[str, ...]
    cni: str | None
    kustomize: bool
    config: str | None
    quiet: bool
    verbose: bool

    def configuration(self) -> Configuration:
        """`--config FILE`, else `netwright.yaml` of the current folder, else an empty one."""
        if self.config is None and not Path(CONFIGURATION).is_file():
            from netwright.model.configuration import Configuration

            return Configuration()
        from netwright.sources.configuration import read_configuration

        return read_configuration(self.config or CONFIGURATION)

    def load(self, *paths: str, like: Twin | None = None) -> Twin:
        """The twin of the sources; where none is named, of those of the configuration, or of the current folder if it
        holds manifests. What the command line says overrules the configuration. `like`: a twin of mostly the same
        objects."""
        from netwright.twin import load

        configured = self.configuration()
        sources = [*paths, *self.sources] or list(configured.sources)
        if not sources:
            if not any(next(Path().glob(pattern), None) for pattern in MANIFESTS):
                raise UsageError(
                    "no source was named and the current folder holds no manifests",
                    help="name a folder or file (`netwright reach manifests/`), `-` (standard input) or "
                    "`git:REV:PATH`; `sources` of a netwright.yaml name them for good",
                )
            sources = ["."]
        stdin = standard_input() if "-" in sources else None
        progress.now(f"reading {', '.join(sources)}")
        twin = load(
            sources,
            pod_cidr=list(self.pod_cidr or configured.pod_cidr),
            cni=self.cni or configured.cni or "upstream",
            kustomize=self.kustomize or configured.kustomize,
            stdin=stdin,
            like=like,
        )
        progress.now("answering")
        return twin


def source_options(command: F) -> F:
    """`-f SOURCE`, `--pod-cidr`, `--cni`, `--kustomize`, `-q`, `-v`, handed over as `given`."""

    @wraps(command)
    def call(**options: Any) -> Any:
        given = Given(**{name: options.pop(name) for name in Given._fields})
        with progress.progress(quiet=given.quiet):
            return command(given=given, **options)

    for option in reversed(
        (
            click.option(
                "-f",
                "--filename",
                "sources",
                multiple=True,
                metavar="SOURCE",
                shell_complete=files,
                help="A file, a folder, `-` or `git:REV:PATH`. Again for more.",
            ),
            click.option(
                "--pod-cidr",
                multiple=True,
                metavar="CIDR",
                help="The pods' address range; settles ipBlocks against pods without addresses.",
            ),
            click.option("--cni", help="The profile that says how policies compose. [default: upstream]"),
            click.option(
                "--kustomize",
                is_flag=True,
                help="Render kustomizations with kubectl or kustomize (which may fetch remote bases).",
            ),
            click.option(
                "--config",
                metavar="FILE",
                shell_complete=files,
                help="The configuration. [default: netwright.yaml, where there is one]",
            ),
            click.option("-q", "--quiet", is_flag=True, help="Only the answer."),
            click.option("-v", "--verbose", is_flag=True, help="Every diagnostic, and where the time went."),
        )
    ):
        call = option(call)
    return cast(F, call)


def output_options(formats: Sequence[str], default: str = "text") -> Callable[[F], F]:
    """`-o FORMAT`, `--out PATH`, `--force`, handed over as `to`."""

    def add(command: F) -> F:
        @wraps(command)
        def call(**options: Any) -> Any:
            to = Output(options.pop("output"), options.pop("out"), options.pop("force"))
            return command(to=to, **options)

        for option in (
            click.option("--force", is_flag=True, help="Overwrite the file of --out."),
            click.option("--out", type=click.Path(path_type=Path), help="Write the answer to a file."),
            click.option("-o", "--output", type=click.Choice(list(formats)), default=default, show_default=True),
        ):
            call = option(call)
        return cast(F, call)

    return add


def exit_code(twin: Twin, answer: int) -> tuple[int, list[str]]:
    """The first exit code that applies, and every reason for one other than 0."""
    reasons = []
    if twin.provenance.is_partial:
        reasons.append("3: part of the input could not be used")
    if answer:
        reasons.append({1: "1: the answer is no", 4: "4: undecided"}[answer])
    return (int(reasons[0][0]) if reasons else 0), reasons
