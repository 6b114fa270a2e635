"""How many rules `convert` converts, over random clusters and over the policies of public projects, as a table.

python docs/conversion.py [CLUSTERS]     of each kind of random cluster so many, 400 without it

NETWRIGHT_CORPORA names a folder with `cilium/examples/policies`, the examples of Cilium's repository; without it they
are left out, and the table says so.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import netwright as nw
from netwright.model.document import Reading
from netwright.questions.convert import Converted
from netwright.twin import Twin, digest
from tests import random_calico, random_cilium, random_clusters
from tests.agreement import NoTexts, document
from tests.agreement_cilium import profile_name
from tests.laws.test_convert import OLD, as_old
from tests.laws.test_convert_calico import of_kubernetes

Way = Literal["keep", "narrow", "widen"]
BOTH = "networkpolicy+clusternetworkpolicy"
OF_CILIUM = (BOTH, "networkpolicy")
HEAD = ("sample", "`--to`", "rules", "converted", "with residue", "refused", "keep", "narrow", "widen", "proofs")
WAYS: tuple[Way, ...] = ("keep", "narrow", "widen")


class Sample(NamedTuple):
    name: str
    language: str
    found: Iterator[tuple[Twin, Converted]]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print("| " + " | ".join(HEAD) + " |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|---|")
    for sample in samples(number):
        fates: Counter[str] = Counter()
        proofs: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        stays: Counter[str] = Counter()
        for asked, found in sample.found:
            stays["keep"] += whole(found)
            for way in WAYS[1:] if sample.language in OF_CILIUM else ():
                stays[way] += whole(asked.convert(sample.language, residue=way))  # type: ignore[arg-type]
            fates.update(rule.fate for rule in found.rules)
            proofs[found.proof] += 1
            for one in found.residues:
                if one.refused:
                    refused[one.told.split("` ", 1)[-1].split(", which")[0]] += len(one.rules)
        rules = sum(fates.values())
        shares = [f"{fates[fate] / rules:.1%}" for fate in ("converted", "residue", "refused")]
        shares += [f"{stays[way] / rules:.1%}" if sample.language in OF_CILIUM else "" for way in WAYS]
        told = ", ".join(f"{proofs[proof]} {proof}" for proof in sorted(proofs) if proof != "nothing")
        print(f"| {sample.name} | `{sample.language}` | {rules:,} | {' | '.join(shares)} | {told} |", flush=True)
        for why, count in refused.most_common(6):
            print(f"  refused, {sample.language}: {count} {why}", file=sys.stderr)


def whole(found: Converted) -> int:
    """How many rules stay whole in Cilium's words."""
    return sum(rule.stays == "whole" for rule in found.rules)


def samples(number: int) -> Iterator[Sample]:
    yield Sample(f"{number} random clusters with admin policies", "clusternetworkpolicy", of_admin(number))
    for language in (BOTH, "networkpolicy"):
        yield Sample(f"{number} random Cilium clusters", language, of_cilium(number, language))
    yield Sample(f"{number} random Calico clusters", "cilium", of_calico(number))
    folder = Path(os.environ.get("NETWRIGHT_CORPORA", ""), "cilium/examples/policies")
    if not folder.is_dir():
        print("the examples of Cilium are not there: NETWRIGHT_CORPORA names their folder", file=sys.stderr)
        return
    for language in (BOTH, "networkpolicy"):
        yield Sample("Cilium's examples, each file for itself", language, of_files(folder, language))


def of_admin(number: int) -> Iterator[tuple[Twin, Converted]]:
    for seed in range(number):
        case = random_clusters.cluster(seed, 0, admin_share=1)
        manifests = [as_old(m) for m in case.manifests] if seed % 2 else case.manifests
        if any(m["kind"] in OLD for m in manifests):
            asked = twin(manifests)
            yield asked, asked.convert("clusternetworkpolicy")


def of_cilium(number: int, language: str) -> Iterator[tuple[Twin, Converted]]:
    for seed in range(number):
        case = random_cilium.cluster(seed, 0, random_cilium.CONFIGS[seed % len(random_cilium.CONFIGS)])
        asked = twin(case.manifests, profile_name(case.config))
        yield asked, asked.convert(language)  # type: ignore[arg-type]


def of_calico(number: int) -> Iterator[tuple[Twin, Converted]]:
    """Without policies of Kubernetes, which stay, and mean other things under each of the two."""
    for seed in range(number):
        case = random_calico.cluster(seed, 0)
        manifests = [m for m in case.manifests if not of_kubernetes(m)]
        cni = f"calico:default-endpoint-to-host-action={('Drop', 'Accept')[seed % 2]}"
        asked = twin(manifests, cni)
        yield asked, asked.convert("cilium")


def of_files(folder: Path, language: str) -> Iterator[tuple[Twin, Converted]]:
    for path in sorted(folder.rglob("*.yaml")):
        asked = nw.load(str(path), cni="cilium")
        found = asked.convert(language)  # type: ignore[arg-type]
        if found.rules:
            yield asked, found


def twin(manifests: list[random_cilium.Object], cni: str = "") -> Twin:
    reading = Reading(documents=[document(m) for m in manifests], unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni=cni)


if __name__ == "__main__":
    main()
