"""`reach`: its two forms say the same, they say what `eval` says, and neither order nor hash seeds matter."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netwright.base.services import ALL, PROTOCOLS, ServiceSet, services_of
from netwright.model.document import Reading
from netwright.questions.reach import By, Pairs, Reached, class_tables, expand, pairs_of
from netwright.render.reach_json import write_classes, write_pairs
from netwright.twin import Twin, digest
from tests.agreement import NoTexts, answers, document
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 10**6)
FORMS: tuple[By, ...] = tuple(by for by in get_args(By) if by != "namespace")
NAMED = ServiceSet.of([(p << 16, (p + 1) << 16) for p in PROTOCOLS.values()])
Said = tuple[ServiceSet, bool]


def twin(manifests: list[dict[str, Any]], pod_cidrs: tuple[str, ...], cni: str | None = None) -> Twin:
    reading = Reading(documents=[document(m) for m in manifests], unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni=cni, pod_cidrs=pod_cidrs)


def by_name(ranges: set[tuple[str, int, int]]) -> Said:
    """The ranges of the class form as a set of services, and whether protocols without a name are in it."""
    found = ServiceSet()
    for name, low, high in ranges:
        if name in PROTOCOLS:
            found |= ServiceSet.ports(PROTOCOLS[name], low, high)
    return found, any(name not in PROTOCOLS for name, _, _ in ranges)


def said(services: ServiceSet) -> Said:
    return services & NAMED, bool(services - NAMED)


def joined(reached: Reached, family: Any) -> Counter[tuple[str, str, Said, Said]]:
    pairs = Pairs(reached, family)
    out: Counter[tuple[str, str, Said, Said]] = Counter()
    for block in pairs.blocks():
        for i, end in enumerate(block.sources):
            for j, other in enumerate(pairs.destinations):
                must, may = pairs.services[int(block.must[i][j])], pairs.services[int(block.may[i][j])]
                assert must <= may
                if may:
                    out[pairs.ends.refs[end], pairs.ends.refs[other], said(must), said(may)] += 1
    return out


@settings(max_examples=60)
@given(SEEDS, st.sampled_from(FORMS))
def test_the_class_form_expands_to_the_pairs(seed: int, by: By) -> None:
    compare_forms(seed, by, None)


def test_the_class_form_of_one_port_expands_to_its_pairs() -> None:
    for seed in range(20):
        compare_forms(seed, "workload", ("80", "TCP/8000-9000", "UDP")[seed % 3])


def compare_forms(seed: int, by: By, port: str | None) -> None:
    case = cluster(seed, 0)
    made = twin(case.manifests, case.pod_cidrs)
    reached = made.reach(by=by, port=port)
    for family in reached.families:
        tables = json.loads(json.dumps(class_tables(reached, family)))  # as it is read back
        expanded = Counter(
            (a, b, by_name(sure), by_name(perhaps)) for a, b, sure, perhaps in expand(tables) if any(by_name(perhaps))
        )
        assert expanded == joined(reached, family), f"seed {seed}, by {by}, port {port}, IPv{family}"


def written(reached: Reached, made: Twin, form: Literal["pairs", "classes"] = "pairs") -> dict[str, Any]:
    out = io.BytesIO()
    (write_pairs if form == "pairs" else write_classes)(reached, made.provenance, ["answered"], out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@settings(max_examples=40)
@given(SEEDS, st.sampled_from(("workload", "pod")))
@example(101_760, "workload")  # pods on their nodes' network, told apart by the node
def test_the_pairs_are_what_eval_says(seed: int, by: By) -> None:
    case = cluster(seed, 0)
    rng = random.Random(seed)
    made = twin(case.manifests, case.pod_cidrs)
    reached = made.reach(by=by)
    found = written(reached, made)
    families = made.inquirer.network.families
    refs = {e["ref"] for e in found["endpoints"]}
    listed: dict[tuple[str, str, int], list[tuple[str, int, int]]] = {}
    open_: dict[tuple[str, str, int], list[tuple[str, int, int]]] = {}
    for key, into in (("connections", listed), ("undecided", open_)):
        for c in single(found[key]):
            assert c["from"] in refs
            for family in [int(c["family"])] if "family" in c else families:
                into.setdefault((c["from"], c["to"], family), []).extend(read_ports(c["ports"]))
    queries, wanted = [], []
    for _ in range(150):
        family = rng.choice(families)
        ends = [ref for ref in reached.ends[family].refs if ref in refs]
        if not ends:
            continue
        source, target = rng.choice(ends), rng.choice(ends)
        if source.startswith(("internet", "cidr/")) and target.startswith(("internet", "cidr/")):
            continue
        if source == target:
            continue  # `reach` speaks of two pods of a workload, `eval` of its only pod and itself
        key = (source, target, family)
        sure, perhaps = listed.get(key, []), open_.get(key, [])
        borders = [
            (n, p)
            for n, low, high in sure + perhaps
            for p in (low - 1, low, high, high + 1)
            if n in ("TCP", "UDP", "SCTP")
        ]
        protocol, port = rng.choice([*borders, ("TCP", 80), ("UDP", 53)])
        if not 0 <= port <= 65535:
            continue
        is_sure = any(n == protocol and low <= port <= high for n, low, high in sure)
        is_open = any(n == protocol and low <= port <= high for n, low, high in perhaps)
        queries.append({"from": source, "to": target, "protocol": protocol, "port": port, "family": family})
        wanted.append("allow" if is_sure else "undecided" if is_open else "deny")
    for query, want, answer in zip(queries, wanted, answers(made.inquirer, queries), strict=True):
        if "no address family in common" in answer.note:
            continue
        got = "some" if answer.verdict == "allow" and answer.groups == "some" else answer.verdict
        if got == "some" and by == "workload":
            got = "undecided"  # of some pods and the node they are on: `reach` has one line for all of them
        assert got == want, f"seed {seed}, by {by}: reach says {want}, eval {got}: {query}"


def unsplit(entry: dict[str, Any]) -> str:
    """An entry without what tells pods of one workload apart: whose address is named depends on the order."""
    return re.sub(r"\{[^{}\"]*=[^{}\"]*\}", "{}", json.dumps(entry, sort_keys=True))


def single(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a pair: what is undecided is written once for all the ends that share it."""
    return [{**c, "to": to} for c in listed for to in ([c["to"]] if isinstance(c["to"], str) else c["to"])]


def read_ports(text: str) -> list[tuple[str, int, int]]:
    """`TCP 80,443; UDP` as (protocol, first, last)."""
    out = []
    for part in ("TCP; UDP; SCTP" if text == "all" else text).split("; "):
        name, _, numbers = part.partition(" ")
        for one in numbers.split(",") if numbers and name in ("TCP", "UDP", "SCTP") else ["0-65535"]:
            low, _, high = one.partition("-")
            out.append((name, int(low), int(high or low)))
    return out


@settings(max_examples=40)
@given(SEEDS)
def test_the_order_of_documents_means_nothing(seed: int) -> None:
    case = cluster(seed, 40)
    shuffled = list(case.manifests)
    random.Random(seed).shuffle(shuffled)
    one, other = twin(case.manifests, case.pod_cidrs), twin(shuffled, case.pod_cidrs)
    a, b = written(one.reach(), one), written(other.reach(), other)
    for key in ("endpoints", "connections", "undecided", "undecided_counts"):
        for found in (a, b):
            for end in found["endpoints"]:
                end["addresses"] = sorted(end.get("addresses", ()))
        sets = [
            sorted(unsplit(x) for x in (single(found[key]) if key in ("connections", "undecided") else found[key]))
            for found in (a, b)
        ]
        assert sets[0] == sets[1], f"seed {seed}: {key}"
    for query, x, y in zip(
        case.queries, answers(one.inquirer, case.queries), answers(other.inquirer, case.queries), strict=True
    ):
        assert (x.verdict, x.groups) == (y.verdict, y.groups), f"seed {seed}: {query}"
        assert {str(c) for c in x.by} == {str(c) for c in y.by}, f"seed {seed}: {query}"


def test_namespaces_join_what_their_workloads_may() -> None:
    for seed in range(10):
        case = cluster(seed, 0)
        made = twin(case.manifests, case.pod_cidrs)
        workloads, namespaces = made.reach(by="workload"), made.reach(by="namespace")

        def name(ref: str) -> str:
            ref = ref.partition("{")[0]
            return (
                f"ns/{ref.split('/')[1]}" if ref.count("/") == 2 and not ref.startswith(("cidr/", "internet")) else ref
            )

        for family in workloads.families:
            wanted: dict[tuple[str, str], ServiceSet] = {}
            pairs = Pairs(workloads, family)
            for block in pairs.blocks():
                for i, end in enumerate(block.sources):
                    for j, other in enumerate(pairs.destinations):
                        key = (name(pairs.ends.refs[end]), name(pairs.ends.refs[other]))
                        wanted[key] = wanted.get(key, ServiceSet()) | pairs.services[int(block.must[i][j])]
            found = {}
            joined = pairs_of(namespaces, family)
            for block in joined.blocks():
                for i, end in enumerate(block.sources):
                    for j, other in enumerate(joined.destinations):
                        found[joined.ends.refs[end], joined.ends.refs[other]] = joined.services[int(block.must[i][j])]
            assert {k: str(v) for k, v in found.items() if v} == {k: str(v) for k, v in wanted.items() if v}, (
                f"seed {seed}"
            )


def test_one_port_is_a_cut_of_all() -> None:
    for seed in range(12):
        case = cluster(seed, 0)
        made = twin(case.manifests, case.pod_cidrs)
        everything, cut = made.reach(), made.reach(port="TCP/80-443")
        wanted = services_of("TCP/80-443")
        for family in everything.families:
            narrowed: Counter[Any] = Counter()
            pairs = Pairs(everything, family)
            for block in pairs.blocks():
                for i, end in enumerate(block.sources):
                    for j, other in enumerate(pairs.destinations):
                        may = pairs.services[int(block.may[i][j])] & wanted
                        must = pairs.services[int(block.must[i][j])] & wanted
                        if may:
                            narrowed[pairs.ends.refs[end], pairs.ends.refs[other], said(must), said(may)] += 1
            assert narrowed == joined(cut, family), f"seed {seed}"
    assert wanted <= ALL


@pytest.mark.parametrize("form", ["pairs", "classes"])
def test_two_runs_write_the_same_bytes(form: str, tmp_path: Path, root: Path) -> None:
    seed = next(s for s in range(1000) if has_much(s))
    case = cluster(seed, 0)
    (tmp_path / "all.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": case.manifests}), encoding="utf-8"
    )
    outputs = set()
    for hash_seed in ("1", "2", "77"):
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from netwright.cli.main import main; sys.exit(main())",
                "reach",
                str(tmp_path),
                "-o",
                "json",
                "--form",
                form,
            ],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root / "src")},
            capture_output=True,
            check=False,
        )
        assert ran.returncode in (0, 3), ran.stderr.decode()
        outputs.add(ran.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000


def has_much(seed: int) -> bool:
    return {"dual-stack", "dump", "item-09"} <= cluster(seed, 0).features
