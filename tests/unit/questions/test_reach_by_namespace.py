"""`--by namespace` joins what the workloads of two namespaces may use, no more and no less."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from netwright.cli.main import run
from tests.random_clusters import cluster


def ranges(connections: list[dict]) -> dict[tuple[str, str], set[tuple[str, int]]]:
    """Edges of the port ranges suffice to compare unions: every port of a small range, both ends of a large one."""
    found: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for c in connections:
        for protocol, low, high in c["ranges"] or [("all", 0, 0)]:
            found[c["from"], c["to"]].add((protocol, low))
            found[c["from"], c["to"]].update((protocol, p) for p in range(low, min(high, low + 2000) + 1))
    return found


WORKLOADS = {"pod", "deploy", "sts", "ds", "rs", "rc", "job", "cronjob"}


def home(ref: str) -> str:
    return f"ns/{ref.split('/')[1]}" if ref.split("/", maxsplit=1)[0] in WORKLOADS else ref


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6])
def test_the_union_over_workloads(seed: int, tmp_path: Path) -> None:
    case = cluster(seed, 1)
    whole = {"kind": "List", "apiVersion": "v1", "items": case.manifests}
    (tmp_path / "all.json").write_bytes(msgspec.json.encode(whole))
    answers = {}
    for by in ("workload", "namespace"):
        out = tmp_path / f"{by}.out"
        arguments = ["reach", str(tmp_path / "all.json"), "--by", by, "-o", "json", "--out", str(out), "-q"]
        arguments += ["--port", "1-1000"]
        arguments += [x for c in case.pod_cidrs for x in ("--pod-cidr", c)]
        assert run(arguments) == 0
        answers[by] = msgspec.json.decode(out.read_bytes())["connections"]
    wanted: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for (source, destination), ports in ranges(answers["workload"]).items():
        wanted[home(source), home(destination)] |= ports
    assert ranges(answers["namespace"]) == wanted


def test_the_class_form_does_not_join(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["reach", str(root / "examples/shop"), "--by", "namespace", "-o", "json", "--form", "classes"])
    assert code == 2
    assert "class form" in capsys.readouterr().err
