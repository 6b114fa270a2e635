"""Options that several commands share, and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.cli import progress
from netwright.cli.choices import files
from netwright.cli.front import program_name
from netwright.cli.output import Output, say
from netwright.cli.streams import standard_input

if TYPE_CHECKING:
    from netwright.model.configuration import Configuration
    from netwright.sources import Part
    from netwright.twin import Twin

F = TypeVar("F", bound=Callable[..., Any])
KUBECTL_KINDS = "ns,pods,deploy,sts,ds,rs,rc,jobs,cronjobs,svc,endpointslices,ingress,ingressclasses,netpol,sa,nodes"
"""What `kubectl get` is to list so that nothing is missing from an answer: one list for help, demo and the README."""
CONFIGURATION = "netwright.yaml"
MANIFESTS = ("*.yaml", "*.yml", "*.json", "*/*.yaml", "*/*.yml")


class ConfigurationFile:
    """The configuration of one command, read when it is first asked for. `path`: what `--config` names."""

    def __init__(self, path: str | None) -> None:
        self.path = path

    @cached_property
    def content(self) -> Configuration:
        if self.path is None and not Path(CONFIGURATION).is_file():
            from netwright.model.configuration import Configuration

            return Configuration()
        from netwright.profiles.known import profile_of
        from netwright.sources.configuration import read_configuration

        return read_configuration(self.path or CONFIGURATION, profile_of)


class Given(msgspec.Struct, frozen=True):
    """What a command was given to read, and how much it is to say."""

    sources: tuple[str, ...]
    pod_cidr: tuple[str, ...]
    cni: tuple[str, ...]
    kustomize: bool
    config: ConfigurationFile
    context: str
    kubeconfig: str
    allow_exec: bool
    quiet: bool
    verbose: bool

    def configuration(self) -> Configuration:
        """`--config FILE`, else `netwright.yaml` of the current folder, else an empty one."""
        return self.config.content

    def words(self, *paths: str) -> list[str]:
        """The words of a command that reads the same input, beside the configuration of the current folder."""
        sources = [*paths, *self.sources] or list(self.configuration().sources) or ["."]
        return [*_named(sources), *self._options()]

    def words_given(self, *paths: str) -> list[str]:
        """The same in the current folder: no source where none was named."""
        return [*_named([*paths, *self.sources]), *self._options()]

    def words_for(self, part: str, *paths: str) -> list[str]:
        """The same for a part of the sources by its name; none where words cannot name it."""
        if not part:
            return self.words_given(*paths)
        sources = self.named(*paths)
        if len(sources) != 1 or ":" in sources[0] or sources[0] == "-" or not Path(sources[0], part).is_dir():
            return []
        return [*_named([str(Path(sources[0], part))]), *self._options()]

    def _options(self) -> list[str]:
        ranges = [word for cidr in self.pod_cidr for word in ("--pod-cidr", cidr)]
        given = (
            *(("--cni", name) for name in self.cni),
            ("--config", self.config.path),
            ("--context", self.context),
            ("--kubeconfig", self.kubeconfig),
        )
        return [
            *ranges,
            *(word for option, value in given if value for word in (option, value)),
            *(["--kustomize"] if self.kustomize else []),
            *(["--allow-exec"] if self.allow_exec else []),
        ]

    def load(self, *paths: str, like: Twin | None = None) -> Twin:
        """The twin of the sources that `named` gives. What the command line says overrules the configuration. `like`: a
        twin of mostly the same objects."""
        sources = self.named(*paths)
        return self._load(sources, ", ".join(sources), "-" in sources, like)

    def profile(self) -> str:
        """The name of the profile; "" where the input tells it. Raises UsageError where several are named."""
        if len(self.cni) > 1:
            raise UsageError("--cni names one profile", help="`diff SOURCE --cni upstream --cni cilium` compares two")
        return self.cni[0] if self.cni else self.configuration().cni or ""

    def named(self, *paths: str) -> list[str]:
        """The sources; where none is named, those of the configuration, or the current folder if it holds manifests.
        Raises UsageError where there are none."""
        sources = [*paths, *self.sources]
        if self.context or self.kubeconfig:
            sources = sources or ["kube:"]  # naming a context or its file is naming a cluster
            if not any(source.startswith("kube:") for source in sources):
                raise UsageError(
                    "--context and --kubeconfig are of live clusters, and none is among the sources",
                    help="add `-f kube:`, or leave them out",
                )
        if not sources and program_name() != "netwright":
            sources = ["kube:"]  # kubectl's own commands read the current cluster, and so does its plugin, but says so
            if not self.quiet:
                say(["reading the current cluster of the kubeconfig; `-f SOURCE` reads something else"])
        sources = sources or list(self.configuration().sources)
        if not sources:
            if not any(next(Path().glob(pattern), None) for pattern in MANIFESTS):
                raise UsageError(
                    "no source was named and the current folder holds no manifests",
                    help="name a folder or file (`netwright reach manifests/`), `-` (standard input), "
                    "`git:REV:PATH` or a live cluster (`kube:`, `kube:CONTEXT`); "
                    "`sources` of a netwright.yaml name them for good",
                )
            sources = ["."]
        return sources

    def parts(self, *sides: Sequence[str], split: Sequence[str] = ()) -> list[dict[str, Part]]:
        """The parts of each side that are a twin of their own, by name; one called "" where there is nothing to split:
        no `--split DIR`, and with `--kustomize` not more than one root."""
        from netwright.sources import split as split_

        progress.now("looking for parts")
        return split_(*sides, folders=split, kustomize=self.kustomize or self.configuration().kustomize)

    def load_part(self, part: Part, like: Twin | None = None) -> Twin:
        """The twin of one part; an empty one where it is read from nothing."""
        return self._load([part], part.name or "the sources", "-" in part.pieces, like)

    def _load(self, sources: Sequence[str | Part], told: str, stdin: bool, like: Twin | None) -> Twin:
        from netwright.twin import load

        configured = self.configuration()
        progress.now(f"reading {told}")
        twin = load(
            sources,
            pod_cidr=list(self.pod_cidr or configured.pod_cidr),
            cni=self.profile(),
            kustomize=self.kustomize or configured.kustomize,
            stdin=standard_input() if stdin else None,
            like=like,
            kubeconfig=self.kubeconfig,
            context=self.context,
            allow_exec=self.allow_exec,
        )
        progress.now("answering")
        return twin


def _named(sources: Iterable[str]) -> list[str]:
    return [word for source in sources for word in ("-f", source)]


def source_options(command: F) -> F:
    """`-f SOURCE`, `--pod-cidr`, `--cni`, `--kustomize`, `-q`, `-v`, handed over as `given`."""

    @wraps(command)
    def call(**options: Any) -> Any:
        options["config"] = ConfigurationFile(options["config"])
        given = Given(**{name: options.pop(name) for name in Given.__struct_fields__})
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
                help="A file, a folder, `-`, `git:REV:PATH` or `kube:CONTEXT`. Again for more.",
            ),
            click.option(
                "--pod-cidr",
                multiple=True,
                metavar="CIDR",
                help="The pods' address range; settles ipBlocks against pods without addresses.",
            ),
            click.option(
                "--cni",
                multiple=True,
                metavar="PROFILE",
                help="The profile that says how policies compose. [default: what the input tells, else upstream]",
            ),
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
            click.option(
                "--context", default="", metavar="NAME", help="The live cluster of this context of the kubeconfig."
            ),
            click.option(
                "--kubeconfig",
                default="",
                metavar="FILE",
                shell_complete=files,
                help="The kubeconfig. [default: KUBECONFIG, else ~/.kube/config]",
            ),
            click.option("--allow-exec", is_flag=True, help="Let the kubeconfig run its program for a credential."),
            click.option("-q", "--quiet", is_flag=True, help="Only the answer."),
            click.option("-v", "--verbose", is_flag=True, help="Every diagnostic, and where the time went."),
        )
    ):
        call = option(call)
    return cast(F, call)


def network_option(command: F) -> F:
    """`--network REF`, a secondary network that is asked about."""
    return click.option(
        "--network",
        metavar="REF",
        help="Of the interfaces on this secondary network: nad/NS/NAME, udn/NS/NAME, cudn/NAME, or NS/NAME.",
    )(command)


def split_option(command: F) -> F:
    """`--split DIR`, again for more: several twins in the sources (`Given.parts`)."""
    return click.option(
        "--split",
        multiple=True,
        metavar="DIR",
        shell_complete=files,
        help="Each folder in DIR, a folder of the source, is a network of its own. Again for more.",
    )(command)


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


def exit_code(twin: Twin, answer: int, *, is_partial: bool = False) -> tuple[int, list[str]]:
    """The first exit code that applies, and every reason for one other than 0."""
    reasons = []
    if is_partial or twin.provenance.is_partial:
        reasons.append("3: part of the input could not be used")
    if answer:
        reasons.append({1: "1: the answer is no", 4: "4: undecided"}[answer])
    return code_of(reasons), reasons


def code_of(reasons: Iterable[str]) -> int:
    """The first exit code that applies, of the reasons for those of several answers."""
    codes = {int(reason[0]) for reason in reasons}
    return next((code for code in (3, 1, 4) if code in codes), 0)
