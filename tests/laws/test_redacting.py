"""A redacted snapshot has the verdicts of the snapshot, under the names that its objects have now."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import netwright as nw
from netwright.store.files import Folder
from netwright.store.reading import find, stored
from netwright.store.redacting import redact
from netwright.store.taking import take
from tests.random_clusters import cluster

CLUSTERS = 20


def pods(twin: nw.Twin) -> list[str]:
    return [row.ref for row in twin.show("endpoints").rows]


def verdicts(twin: nw.Twin, ends: list[str]) -> list[tuple[str, int, int, int]]:
    """Of every pair of ends and some ports, with the number of rules that decide and of reasons."""
    asked = [
        {"from": a, "to": b, "protocol": protocol, "port": port}
        for a in ends
        for b in ends
        for protocol, port in (("TCP", 80), ("TCP", 8080), ("UDP", 53))
    ]
    return [(e.verdict, len(e.by), len(e.undecided), len(e.when)) for e in twin.eval(asked)]


def renamed(found: Any) -> dict[tuple[str, int, tuple[Any, ...]], str]:
    """By place: what each object is called."""
    return {(d.place.file, d.place.document, d.place.item): f"{d.namespace}/{d.name}" for d in found}


def test_verdicts_are_the_same_up_to_names(tmp_path: Path, seed: int) -> None:
    told: Counter[str] = Counter()
    for number in range(seed % 100_000, seed % 100_000 + CLUSTERS):
        case = cluster(number, tuples=1)
        source = tmp_path / f"{number}.json"
        source.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": case.manifests}))
        twin = nw.load(str(source), pod_cidr=case.pod_cidrs)
        store = Folder(str(tmp_path / "store"))
        snapshot = twin.snapshot
        taken = take(store, snapshot.reading, snapshot.objects, twin.provenance, pod_cidrs=case.pod_cidrs)
        other = redact(store, find(taken, store.path))
        before = nw.load(f"snapshot:{taken}", store=store.path)
        after = nw.load(f"snapshot:{other}", store=store.path)
        ends, ends_now = pods(before), pods(after)
        assert len(ends) == len(ends_now), number
        old, new = (
            Counter((s.document.kind, s.document.place is not None) for s in stored(find(one, store.path))[0])
            for one in (taken, other)
        )
        assert old == new, number
        some = [i for i, ref in enumerate(ends) if ref.startswith("pod/") or ref.count("/") >= 1][:7]
        assert all(a.split("/")[0] == b.split("/")[0] for a, b in zip(ends, ends_now, strict=True)), number
        found = verdicts(before, [ends[i] for i in some])
        assert found == verdicts(after, [ends_now[i] for i in some]), f"cluster {number}, seed {seed}"
        told.update(v[0] for v in found)
        for name in {ref.split("/")[1] for ref in ends if ref.count("/") > 1} - {"default", "kube-system"}:
            assert not any(f"/{name}/" in ref for ref in ends_now), (number, name)
    assert {"allow", "deny"} <= told.keys()
