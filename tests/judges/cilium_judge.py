"""Cilium's own policy engine as a judge: builds the Go program in `tests/judges/cilium` and puts clusters to it.

The program and what it judges are described in `cilium/main.go`. It needs Go, at least of the version that
`cilium/go.mod` names, and the modules that `cilium/go.sum` pins; where either cannot be had, `unavailable()` says why
and tests skip with that. The program is built once (minutes on a fresh machine, since it holds half of Cilium's agent)
and kept in `${XDG_CACHE_HOME:-~/.cache}/netwright/judges`, under a name that changes with its source. Modules and
compiled packages go where Go keeps them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests import go_program

SOURCE = Path(__file__).with_name("cilium")


class JudgeError(Exception):
    """The program cannot be built, has ended, or has answered something else than what was asked."""


def sources() -> list[Path]:
    return go_program.sources(SOURCE)


def program() -> Path:
    """Where the program of this source is, or will be once it is built."""
    return go_program.kept() / "judges" / f"cilium-{go_program.digest(SOURCE)}" / "judge"


def build(target: Path) -> str | None:
    """Builds the program unless it is there. The reason if Go or its modules cannot be had; may raise `JudgeError`."""
    return go_program.build(target, SOURCE, "Cilium's judge", JudgeError)


@functools.cache
def unavailable() -> str | None:
    """Why there is no judge on this machine, or None once it is built."""
    return build(program())


class Judge:
    """The running program. One may ask it any number of times; it keeps nothing from one cluster to the next."""

    def __init__(self) -> None:
        reason = unavailable()
        if reason:
            raise JudgeError(reason)
        self.complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the program
        self.process = subprocess.Popen(
            [program()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the program; more than once is no harm."""
        if self.process.poll() is None:
            self.process.kill()  # it keeps nothing
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.complaints):
            if stream and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def ask(self, cases: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answer of each case, in order; the forms of both are in `cilium/main.go`."""
        lines = [json.dumps(dict(case)) for case in cases]
        to, answers = self.process.stdin, self.process.stdout
        if not to or not answers or to.closed:
            raise JudgeError("the judge was closed")

        def put() -> None:
            try:
                for line in lines:
                    to.write(line + "\n")
                to.flush()
            except (BrokenPipeError, ValueError):
                pass  # the missing answer tells it

        # Both pipes are bounded: who writes all before reading waits for a program that waits for the reader.
        writer = threading.Thread(target=put, daemon=True)
        writer.start()
        found: list[dict[str, Any]] = []
        for line in lines:
            said = answers.readline()
            if not said:
                self.process.wait()
                self.complaints.seek(0)
                raise JudgeError(f"the judge ended over {line[:2000]}:\n{self.complaints.read()[:4000]}")
            answer: dict[str, Any] = json.loads(said)
            asked_id = json.loads(line).get("id")
            if answer["id"] != asked_id:
                raise JudgeError(f"the judge answered {answer['id']!r} where {asked_id!r} was asked")
            found.append(answer)
        writer.join()
        return found
