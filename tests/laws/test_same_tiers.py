"""What is proven the same for every cluster is the same on the network of one: rules are taken away at random."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from netwright.translate.languages import LANGUAGES
from netwright.translate.proving import Proving
from netwright.translate.same_network import PORT_ZERO
from tests import random_cilium
from tests.agreement_cilium import decoded, profile_name
from tests.laws.test_reach import twin

pytestmark = pytest.mark.laws
CHUNKS, CLUSTERS, EDITS = 4, 20, 6
SECTIONS = ("ingress", "ingressDeny", "egress", "egressDeny")
Object = dict[str, Any]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_rules_that_are_the_same_do_the_same(chunk: int, seed: int) -> None:
    found: Counter[bool] = Counter()
    first = seed % 10**6 * 1_000 + chunk * CLUSTERS
    for number in range(first, first + CLUSTERS):
        case = random_cilium.cluster(number, 0, random_cilium.CONFIGS[number % len(random_cilium.CONFIGS)])
        proving = Proving(twin(case.manifests, (), profile_name(case.config)).cluster, LANGUAGES["networkpolicy"])
        before = [decoded(m) for m in case.manifests]
        for edited in edits(case.manifests, random.Random(number)):
            after = [decoded(m) for m in edited]
            same = proving.is_same(before, after)
            found[same] += 1
            moved = proving.moved(after, PORT_ZERO) if same else ()
            assert not moved, f"cluster {number}: {moved[:3]}"
    assert found[True] > 0, found


def edits(manifests: list[Object], rng: random.Random) -> Iterator[list[Object]]:
    """The manifests without some entries of policies, but for the last of a section, which isolates."""
    for _ in range(EDITS):
        out: list[Object] = []
        for manifest in manifests:
            spec = manifest.get("spec")
            if manifest["kind"].startswith("Cilium") and isinstance(spec, dict):
                changed = dict(spec)
                for name in SECTIONS:
                    if len(spec.get(name) or ()) > 1 and rng.random() < 0.4:
                        entries = list(spec[name])
                        entries.pop(rng.randrange(len(entries)))
                        changed[name] = entries
                manifest = manifest | {"spec": changed}
            out.append(manifest)
        if out != manifests:
            yield out
