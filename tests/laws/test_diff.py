"""`diff` against the reference evaluator: on random edits the connections it names are those whose verdicts change."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from netwright.base.ipset import Family
from netwright.base.services import PROTOCOLS, ServiceSet, protocol_name
from netwright.engine.by_owner import OwnerPairs, closed, opened
from netwright.engine.difference import differences
from netwright.engine.ends import shared_ends
from netwright.engine.inquire import Settled
from netwright.model.cluster import Backend, ServiceNoun, ServicePortNoun
from netwright.model.references import Target
from netwright.questions.diff import Diffed, Moved, Unsettled
from netwright.questions.diff.services import ServiceChange
from netwright.spec.judge import judge
from netwright.spec.packet import NoSuchPacket
from netwright.twin import Twin
from tests.laws.test_reach import twin
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
CHUNKS, EDITS = 20, 50
PAIRS = 14
Object = dict[str, Any]
Verdict = str


def edited(manifests: list[Object], rng: random.Random) -> list[Object]:
    """The manifests after one random edit of a policy, of labels, or of what is there."""
    after = copy.deepcopy(manifests)
    policies = [o for o in after if o["kind"] == "NetworkPolicy"]
    choice = rng.choice(("rule", "rule", "rule", "subject", "remove", "label", "namespace"))
    if choice == "label":
        made = rng.choice([o for o in after if o["kind"] in ("Pod", "Deployment", "DaemonSet")] or after)
        meta = made["spec"].get("template", made)["metadata"] if "spec" in made else made["metadata"]
        meta.setdefault("labels", {})["tier"] = rng.choice(("web", "db", "new"))
    elif choice == "namespace":
        made = rng.choice([o for o in after if o["kind"] == "Namespace"] or after)
        made["metadata"].setdefault("labels", {})["team"] = rng.choice(("red", "blue", "new"))
    elif policies:
        policy = rng.choice(policies)
        giver = rng.choice(policies)["spec"]
        if choice == "remove":
            after.remove(policy)
        elif choice == "subject":
            policy["spec"]["podSelector"] = copy.deepcopy(giver.get("podSelector", {}))
        else:
            side = rng.choice(("ingress", "egress"))
            rules = policy["spec"].setdefault(side, None) or []
            given = giver.get(side) or []
            if rules and (not given or rng.random() < 0.5):
                rules.pop(rng.randrange(len(rules)))
            elif given:
                rules.append(copy.deepcopy(rng.choice(given)))
            policy["spec"][side] = rules
    return after


def ends_of(before: Twin, after: Twin) -> dict[str, tuple[list[Any], list[Any]]]:
    """Workloads whose pods are the same objects in both, with these objects; of others the law says nothing."""
    out: dict[str, tuple[list[Any], list[Any]]] = {}
    sides = [{w.ref: w for w in t.cluster.workloads if w.kind not in ("node", "sts")} for t in (before, after)]
    for ref in sides[0].keys() & sides[1].keys():
        held = [[t.cluster.row_objects[r] for r in s[ref].rows] for t, s in zip((before, after), sides, strict=True)]
        names = [[(d.kind, d.namespace, d.name) for d in ds] for ds in held]
        if names[0] == names[1]:
            out[ref] = held[0], held[1]
    return out


def verdicts(
    t: Twin, sources: list[Any], destinations: list[Any], protocol: int, port: int, family: Family
) -> list[Verdict]:
    out = []
    for a in sources:
        for b in destinations:
            if a is b and a.kind == "Pod":
                out.append("itself")
                continue
            try:
                found = judge(
                    t.cluster.objects, a, b, protocol=protocol, port=port, family=family, pod_ranges=t.pod_cidrs
                )
                out.append(found.verdict)
            except NoSuchPacket:
                out.append("none")
    return out


def services(text: str) -> ServiceSet:
    out = ServiceSet()
    for part in () if text in ("", "none") else ("TCP; UDP; SCTP" if text == "all" else text).split("; "):
        name, _, numbers = part.partition(" ")
        for span in numbers.split(",") if numbers else ("0-65535",):
            low, _, high = span.partition("-")
            out |= ServiceSet.ports(PROTOCOLS[name], int(low), int(high or low))
    return out


def told(found: Diffed, source: str, destination: str, family: Family, key: int) -> set[str]:
    """What a difference says of one service between two workloads."""
    out: set[str] = set()
    listed: list[Moved | Unsettled] = [*found.opened, *found.closed, *found.changed, *found.undecided]
    for m in listed:
        if (m.source, m.destination) != (source, destination) or m.family not in (None, family):
            continue
        if isinstance(m, Unsettled):
            if key in services(m.ports):
                out.add(f"{m.was} to {m.now}")
        else:
            out |= {"opened"} if key in services(m.opened) else set()
            out |= {"closed"} if key in services(m.closed) else set()
    return out


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_connections_named_are_those_that_change(chunk: int, seed: int) -> None:
    seen: Counter[str] = Counter()
    for one in range(EDITS):
        number = (seed + 1000 * chunk + one) % 2**31
        rng = random.Random(number)
        case = cluster(number, 0)
        after_manifests = edited(case.manifests, rng)
        before, after = twin(case.manifests, case.pod_cidrs), twin(after_manifests, case.pod_cidrs)
        found = after.diff(before)
        ends = ends_of(before, after)
        if not ends:
            continue
        named = [(m.source, m.destination) for m in (*found.opened, *found.closed, *found.changed, *found.undecided)]
        pairs = [p for p in named if p[0] in ends and p[1] in ends]
        asked = [*rng.sample(pairs, min(PAIRS // 2, len(pairs)))]
        asked += [(rng.choice(sorted(ends)), rng.choice(sorted(ends))) for _ in range(PAIRS - len(asked))]
        for source, destination in asked:
            for protocol, port in ((6, rng.choice((80, 443, 5432, 8080, 9090))), (17, 53), (6, rng.randrange(65536))):
                for family in before.network.families:
                    if family not in after.network.families:
                        continue
                    was, now = (
                        verdicts(t, ends[source][i], ends[destination][i], protocol, port, family)
                        for i, t in enumerate((before, after))
                    )
                    want = set()
                    for w, n in zip(was, now, strict=True):
                        if w != n:
                            want |= {"opened"} if (w, n) == ("deny", "allow") else set()
                            want |= {"closed"} if (w, n) == ("allow", "deny") else set()
                            want |= {f"{w} to {n}"} if "undecided" in (w, n) else set()
                    got = told(found, source, destination, family, protocol << 16 | port)
                    about = f"edit {number}: {source} -> {destination} {protocol}/{port} IPv{family}: {was} {now}"
                    assert got == want, f"{about}: diff says {sorted(got)}"
                    seen["differs" if want else "same"] += 1
    assert seen["same"] > 0
    assert seen["differs"] > EDITS // 5, seen


def test_nothing_differs_from_itself_and_the_mirror(seed: int) -> None:
    for one in range(20):
        number = (seed + one) % 2**31
        case = cluster(number, 0)
        after_manifests = edited(case.manifests, random.Random(number))
        before, after = twin(case.manifests, case.pod_cidrs), twin(after_manifests, case.pod_cidrs)
        assert twin(case.manifests, case.pod_cidrs).diff(before).is_empty, number
        there, back = after.diff(before), before.diff(after)

        def pairs(listed: Any, turned: bool) -> set[tuple[Any, ...]]:
            out = set()
            for m in listed:
                moved = (m.now, m.was, m.closed, m.opened) if turned else (m.was, m.now, m.opened, m.closed)
                out.add((m.source, m.destination, *moved))
            return out

        assert pairs(there.opened, False) == pairs(back.closed, True), number
        assert pairs(there.closed, False) == pairs(back.opened, True), number
        assert pairs(there.changed, False) == pairs(back.changed, True), number


def test_services_that_lead_elsewhere_are_those_whose_clients_get_elsewhere(seed: int) -> None:
    """Selectors of Services are edited; every client is asked by itself what it gets to."""
    seen: Counter[str] = Counter()
    for one in range(60):
        number = (seed + 13 * one) % 2**31
        rng = random.Random(number)
        case = cluster(number, 0)
        after_manifests = edited(case.manifests, rng) if rng.random() < 0.5 else copy.deepcopy(case.manifests)
        selecting = [o["spec"] for o in after_manifests if o["kind"] == "Service" and o["spec"].get("selector")]
        for spec in rng.sample(selecting, min(2, len(selecting))):
            spec["selector"] = copy.deepcopy(rng.choice(selecting)["selector"])
        both = twin(case.manifests, case.pod_cidrs), twin(after_manifests, case.pod_cidrs)
        there, back = both[1].diff(both[0]), both[0].diff(both[1])
        assert [mirrored(s) for s in there.services] == [mirrored(s, turned=True) for s in back.services], number
        told = {(s.service, s.port, s.protocol): s for s in there.services}
        before, after = (leads(t) for t in both)
        for key in before.keys() | after.keys():
            was, now = (side.get(key, {}) for side in (before, after))
            change = told.get(key)
            assert (was.keys() == now.keys()) or change is not None, (number, key)
            if change is None or not change.surely or not key[1] or any(" on the " in end for end in change.ends):
                continue
            for ends, others, listed in ((now, was, change.opened), (was, now, change.closed)):
                want = {end for end, found in ends.items() if found() == "allow" and end not in others}
                # of a workload that both sides lead to, its pods are told where they are others
                pods = {end for end in listed if end.startswith("pod/") and end not in ends}
                assert set(listed) - pods == want, (number, key, listed, want)
                seen["passes" if want else "none"] += 1
    assert min(seen["passes"], seen["none"]) > 5, seen


def mirrored(s: ServiceChange, *, turned: bool = False) -> tuple[object, ...]:
    verdicts, ends, taking = (s.was, s.now), (s.ended, s.ends), (s.closed, s.opened)
    step = -1 if turned else 1
    return s.service, s.port, s.protocol, s.surely, verdicts[::step], ends[::step], taking[::step]


def best_of_others(settled: Settled) -> str:
    """What comes of a client's packets but those to itself."""
    others = {p.outcome.verdict for p in settled.parts if p.outcome.relation not in ("self", "hairpin")}
    if len({p.outcome.relation for p in settled.parts} & {"self", "hairpin"}) == 0:
        return settled.verdict
    return next((v for v in ("allow", "undecided") if v in others), "deny")


def leads(t: Twin) -> dict[tuple[str, int, str], dict[str, Callable[[], str]]]:
    """By port of a Service its ends, with a function that asks each client whether it gets there."""
    cluster = t.cluster
    workloads, of_row = cluster.columns.workloads, cluster.columns.workload.tolist()
    clients = [row for w in cluster.workloads if w.kind != "node" for row in w.rows]

    def best(service: ServiceNoun, port: ServicePortNoun, backends: list[Backend]) -> str:
        alone = replace(port, backends=tuple(backends), more="")
        target = Target(service.ref, service=replace(service, ports=(alone,)))
        asked = (t.inquirer.ask(Target("c", (row,)), target, port.protocol, str(port.port)) for row in clients)
        found = {best_of_others(settled) for settled in asked}
        return next((v for v in ("allow", "undecided") if v in found), "deny")

    out: dict[tuple[str, int, str], dict[str, Callable[[], str]]] = {}
    for service in cluster.services:
        for port in service.ports if service.type != "ExternalName" else ():
            held: dict[str, list[Backend]] = {}
            for b in port.backends:
                whose = workloads[of_row[b.row]] if b.row >= 0 else b.address
                held.setdefault(f"{whose}:{port.port if service.headless else b.port}", []).append(b)
            ends = {end: partial(best, service, port, backends) for end, backends in held.items()}
            out[service.ref, port.port, protocol_name(port.protocol)] = dict(ends)
    return out


def test_an_applied_edit_differs_as_files_do(seed: int) -> None:
    """Edits of policies, applied to the compiled network, against both networks compiled from objects."""
    from netwright.dialects.k8s.lower import lower_policies
    from netwright.engine.inquire import Inquirer
    from netwright.engine.units import Delta

    done = 0
    for one in range(60):
        number = (seed + 7 * one) % 2**31
        rng = random.Random(number)
        case = cluster(number, 0)
        after_manifests = edited(case.manifests, rng)
        before, after = twin(case.manifests, case.pod_cidrs), twin(after_manifests, case.pod_cidrs)
        old = {(d.kind, d.namespace, d.name): d for d in before.cluster.objects}
        new = {(d.kind, d.namespace, d.name): d for d in after.cluster.objects}
        moved = {k for k in old.keys() | new.keys() if k not in old or k not in new or old[k].value != new[k].value}
        if not moved or any(k[0] != "NetworkPolicy" for k in moved):
            continue
        labels = [[c.labels_of(r) for r in range(c.n)] for c in (before.cluster.columns, after.cluster.columns)]
        if labels[0] != labels[1]:
            continue  # the edit names a label that controllers give: templates have it where it is asked for
        if not all(
            r.origin.name for r in lower_policies([d for k, d in (*old.items(), *new.items()) if k in moved])[0]
        ):
            continue  # what compares a label of unknown value is lowered to rules that bear no policy's name
        done += 1
        rules, policy_ends = lower_policies([new[k] for k in new if k in moved])
        tier = [t.name for t in before.cluster.enforcers[0].tiers].index("NetworkPolicy")
        delta = Delta(tier=tier, removed=frozenset(k for k in old if k in moved), rules=rules, ends=policy_ends)
        applied = Inquirer(before.cluster, before.network.apply(delta), before.inquirer.directory)
        for family in before.network.families:
            said = []
            for there in (applied, after.inquirer):
                shared = shared_ends(before.inquirer, there, family)
                found = differences(shared.before, shared.after, shared.changed, outside=shared.outside)
                joined = [OwnerPairs(found, shared.owners, measure) for measure in (opened, closed)]
                said.append([{(s, d): p for s, d, p in pairs} for pairs in joined])
            assert said[0] == said[1], f"edit {number}, IPv{family}"
    assert done > 5
