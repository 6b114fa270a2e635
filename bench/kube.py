"""A live cluster: a real kube-apiserver, filled, read and checked; and how soon a changed policy is answered."""

from __future__ import annotations

import contextlib
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench
from tests.cluster import definitions, objects
from tests.cluster.server import ApiServer, unavailable

COMMAND = Path(sys.executable).parent / "netwright"
CODES = (0, 1, 4)
PAUSE_SECONDS = 0.3
LONGEST_SECONDS = 60.0
_PORTS = count(9000)
"""A port for every change: writing what is there already is none."""


@bench("kube")
def kube(quick: bool) -> Report:
    """5,000 pods, 500 machines, 1,000 policies in 60 namespaces of a kube-apiserver; 20 changes under `--watch`."""
    report = Report()
    reason = unavailable()
    if reason:
        report.notes.append(f"skipped: {reason}")
        return report
    size = (6, 300, 30, 60) if quick else (60, 5000, 500, 1000)
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder, _filled(Path(folder), *size) as server:
        repeats = 1 if quick else REPEATS
        access = ["--kubeconfig", server.config, "-q"]
        check = run([COMMAND, "check", "kube:", *access], repeats=repeats, exit_codes=CODES)
        report.cost("check of a live cluster", check, cpu_s=5, peak_mb=500)
        reach = run([COMMAND, "reach", "kube:", *access, "-o", "json", "--form", "classes"], repeats=repeats)
        report.cost("reach of a live cluster, class form", reach)
        for words in (("check", "-o", "json"), ("reach", "-o", "json", "--form", "classes")):
            taken = _watched(server, words, 3 if quick else 20)
            what = f"a changed policy under `{words[0]} --watch`, from its write to the end of the answer, median"
            report.rows.append(Row(what=what, measured=statistics.median(taken), unit="s", ceiling=0.5))
    return report


@contextlib.contextmanager
def _filled(folder: Path, namespaces: int, pods: int, machines: int, policies: int) -> Iterator[ApiServer]:
    server = ApiServer(folder)
    try:
        server.define(definitions.machines())
        server.write(objects.namespaces(namespaces))
        server.write(list(objects.cluster(namespaces, pods, machines, policies)))
        yield server
    finally:
        server.close()


def _watched(server: ApiServer, words: tuple[str, ...], times: int) -> list[float]:
    """Seconds from the write of a changed policy to the last byte of the answer that follows."""
    command = [COMMAND, *words, "--watch", "-f", "kube:", "--kubeconfig", server.config]
    taken = []
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            assert process.stdout is not None
            out = process.stdout.fileno()
            _answer(out)
            for port in islice(_PORTS, times):
                time.sleep(PAUSE_SECONDS)
                path = "/apis/networking.k8s.io/v1/namespaces/team-00/networkpolicies/allow-0"
                rule = {"from": [{"podSelector": {"matchLabels": {"tier": "web"}}}], "ports": [{"port": port}]}
                change = {"spec": {"ingress": [rule]}}
                started = time.monotonic()
                code, told = server.ask("PATCH", path, change)
                if code != 200:
                    raise RuntimeError(f"the policy could not be changed: {code} {told}")
                _answer(out)
                taken.append(time.monotonic() - started)
        finally:
            process.kill()
            process.wait()
    return taken


def _answer(out: int) -> None:
    """Read one JSON document, which ends with a line."""
    last = b""
    until = time.monotonic() + LONGEST_SECONDS
    while not last.endswith(b"}\n"):
        if not select.select([out], [], [], max(0.0, until - time.monotonic()))[0]:
            raise RuntimeError("no answer came")
        found = os.read(out, 1 << 20)
        if not found:
            raise RuntimeError("the watch ended")
        last = (last + found)[-2:]
