"""Options that several commands share, and loading."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click

from netwright.base.errors import UsageError

if TYPE_CHECKING:
    from netwright.twin import Twin

F = TypeVar("F", bound=Callable[..., Any])
MANIFESTS = ("*.yaml", "*.yml", "*.json", "*/*.yaml", "*/*.yml")


class Given(NamedTuple):
    """What a command was given to read, and how much it is to say."""

    sources: tuple[str, ...]
    pod_cidr: tuple[str, ...]
    cni: str
    kustomize: bool
    quiet: bool
    verbose: bool

    def load(self, *paths: str) -> Twin:
        """The twin of the sources, or of the current folder where none is named and it holds manifests."""
        from netwright.twin import load

        sources = [*paths, *self.sources]
        if not sources:
            if not any(next(Path().glob(pattern), None) for pattern in MANIFESTS):
                raise UsageError(
                    "no source was named and the current folder holds no manifests",
                    help="name a folder or file (`netwright reach manifests/`), `-` (standard input) or `git:REV:PATH`",
                )
            sources = ["."]
        stdin = sys.stdin.buffer if "-" in sources else None
        return load(sources, pod_cidr=list(self.pod_cidr), cni=self.cni, kustomize=self.kustomize, stdin=stdin)


class Output(NamedTuple):
    """In which format the answer is wanted, and where it goes (`path` None: standard output)."""

    format: str
    path: Path | None
    force: bool


STDOUT = Output("text", None, False)


def source_options(command: F) -> F:
    """`-f SOURCE`, `--pod-cidr`, `--cni`, `--kustomize`, `-q`, `-v`, handed over as `given`."""

    @wraps(command)
    def call(**options: Any) -> Any:
        given = Given(**{name: options.pop(name) for name in Given._fields})
        return command(given=given, **options)

    for option in reversed(
        (
            click.option(
                "-f",
                "--filename",
                "sources",
                multiple=True,
                metavar="SOURCE",
                help="A file, a folder, `-` or `git:REV:PATH`. Again for more.",
            ),
            click.option(
                "--pod-cidr",
                multiple=True,
                metavar="CIDR",
                help="The pods' address range; settles ipBlocks against pods without addresses.",
            ),
            click.option(
                "--cni", default="upstream", show_default=True, help="The profile that says how policies compose."
            ),
            click.option(
                "--kustomize",
                is_flag=True,
                help="Render kustomizations with kubectl or kustomize (which may fetch remote bases).",
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


@contextmanager
def answer_stream(to: Output) -> Iterator[IO[bytes]]:
    """Where the answer goes: standard output, or a file that appears whole or not at all.

    Raises UsageError for a file that is there already, or that cannot be written.
    """
    out = to.path
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if out.exists() and not to.force:
        raise UsageError(f"`{out}` is there already", help="`--force` overwrites it")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"`{out}` cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def exit_code(twin: Twin, answer: int) -> tuple[int, list[str]]:
    """The first exit code that applies, and every reason for one other than 0."""
    reasons = []
    if twin.provenance.is_partial:
        reasons.append("3: part of the input could not be used")
    if answer:
        reasons.append({1: "1: the answer is no", 4: "4: undecided"}[answer])
    return (int(reasons[0][0]) if reasons else 0), reasons


class Clock:
    """CPU seconds since the process began."""

    def __init__(self) -> None:
        self.started = time.perf_counter()

    def __str__(self) -> str:
        return f"{time.process_time():.2f} s"
