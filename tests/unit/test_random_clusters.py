"""The random clusters that judge the engine: the same everywhere, valid, and covering every item."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document
from netwright.spec.judge import NoSuchPacket, judge
from tests.agreement import Names, decode_all
from tests.random_admin import ACTIONS
from tests.random_clusters import ADMIN_ITEMS, ADMIN_SHARE, ITEMS, Case, cluster

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 1000
VARIANTS = (
    "overlap-egress-first", "overlap-ingress-first", "types-absent-egress-rules", "types-absent-egress-empty",
    "egress-rules-ignored", "subject-all", "subject-absent", "peer-all-namespaces", "peers-empty", "peers-absent",
    "ingress-none", "ingress-everything", "egress-none", "egress-everything", "list-null", "peers-and", "peers-or",
    "ports-absent", "ports-empty", "protocol-only", "protocol-default", "named-per-pod", "named-udp-only", "named-init",
    "named-duplicate", "named-egress", "named-egress-without-to", "named-egress-to-block", "except-readmitted",
    "block-pod-known", "block-pod-range", "block-pod-unknown", "block-ipv6", "block-service-range", "cidr-host-bits",
    "operator-In", "operator-NotIn", "operator-Exists", "operator-DoesNotExist", "namespace-undeclared",
    "host-network-node", "host-network-no-node", "completed", "completed-address-reused", "replicas-0", "terminating",
    "service-headless", "service-sliced", "service-bare", "service-external-name", "service-named-target",
    "outside-Cluster", "outside-Local", "internal-Local-known-node", "internal-Local-unknown-node",
    "internal-Local-outside", "dump", "dual-stack", "ipv6", "asks-family-6", "asks-ICMP", "asks-SCTP",
    "asks-node", "asks-address", "asks-svc-address", "asks-outside-svc", "asks-outside-svc-address",
)  # fmt: skip
ADMIN_VARIANTS = (
    "kind-ClusterNetworkPolicy", "kind-AdminNetworkPolicy", "kind-BaselineAdminNetworkPolicy", "tier-Admin",
    "tier-Baseline", "tie-of-kinds", "admin-Accept", "admin-Allow", "admin-Deny", "admin-Pass", "admin-peer-namespaces",
    "admin-peer-pods", "admin-peer-nodes", "admin-peer-networks", "admin-peer-domainNames", "admin-subject-namespaces",
    "admin-subject-pods", "admin-old-sameLabels", "admin-old-notSameLabels", "admin-old-namespaceSelector",
    "admin-old-pods-sameLabels", "admin-old-pods-notSameLabels", "admin-old-pods-namespaceSelector", "admin-named-port",
    "admin-named-port-of-two-protocols",
)  # fmt: skip
ADMIN_KINDS = ("ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
ADMIN_SEEDS = 300
PREFIXES = {
    "Pod": "pod", "Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs",
    "ReplicationController": "rc", "Job": "job", "CronJob": "cronjob", "Service": "svc",
}  # fmt: skip


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [cluster(seed) for seed in range(SEEDS)]


@pytest.fixture(scope="module")
def admin_cases() -> list[Case]:
    """Clusters that all have admin policies."""
    return [cluster(seed, admin_share=1.0) for seed in range(ADMIN_SEEDS)]


@cache
def digest(seeds: range) -> str:
    """One digest over everything that `cluster` gives."""
    found = hashlib.sha256()
    for seed in seeds:
        for share in (0.0, 1.0):
            case = cluster(seed, 40, share)
            parts = [case.manifests, case.pod_cidrs, case.queries, case.rejected, case.query_kinds]
            found.update(json.dumps([*parts, sorted(case.features)]).encode())
    return found.hexdigest()


def interpreters() -> list[str]:
    debian = Path("/usr/bin/python3")
    answer = subprocess.run(
        [debian, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True, check=False
    ).stdout if debian.exists() else ""  # fmt: skip
    return [sys.executable, *([str(debian)] if answer.strip() == "True" else [])]


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_same_seed_same_cluster_in_every_process(hash_seed: str) -> None:
    program = (
        "import hashlib, json\nfrom tests.random_clusters import cluster\nfound = hashlib.sha256()\n"
        "for seed in range(60):\n    for share in (0.0, 1.0):\n        c = cluster(seed, 40, share)\n"
        "        parts = [c.manifests, c.pod_cidrs, c.queries, c.rejected, c.query_kinds, sorted(c.features)]\n"
        "        found.update(json.dumps(parts).encode())\nprint(found.hexdigest())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    for python in interpreters():
        ran = subprocess.run(
            [python, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == digest(range(60))


def test_seeds_differ() -> None:
    assert len({json.dumps(cluster(seed, 1).manifests) for seed in range(50)}) == 50


def test_more_questions_keep_the_cluster_and_the_first_questions() -> None:
    for seed in range(30):
        few, many = (cluster(seed, count, seed % 2) for count in (10, 100))
        assert few.manifests == many.manifests
        assert few.pod_cidrs == many.pod_cidrs
        assert few.rejected == many.rejected
        assert few.queries == many.queries[:10]
        assert len(many.queries) == len(many.query_kinds) == 100


def test_every_item_and_variant_is_met(cases: list[Case]) -> None:
    met = Counter(feature for case in cases for feature in case.features)
    admin = (*ADMIN_ITEMS, *ADMIN_VARIANTS) if ADMIN_SHARE else ()
    rare = {name: met[name] for name in (*ITEMS, *VARIANTS, *admin) if met[name] < SEEDS / 100}
    assert rare == {}


def test_every_item_and_variant_of_admin_policies_is_met(admin_cases: list[Case]) -> None:
    met = Counter(feature for case in admin_cases for feature in case.features)
    assert {name: met[name] for name in (*ADMIN_ITEMS, *ADMIN_VARIANTS) if met[name] < ADMIN_SEEDS / 20} == {}


def test_admin_policies_change_no_pods_nodes_and_services() -> None:
    few = 0
    for case in (cluster(seed, admin_share=1.0) for seed in range(100)):
        without = cluster(case.seed, admin_share=0.0)
        policies = [[o for o in one.manifests if o["kind"] == "NetworkPolicy"] for one in (case, without)]
        assert all(policy in policies[1] for policy in policies[0])
        few += len(policies[0]) == 3
        others = [o for o in case.manifests if o["kind"] not in ("NetworkPolicy", *ADMIN_KINDS)]
        for o in others:
            if o["kind"] == "Node":
                o["metadata"].pop("labels", None)
        assert others == [o for o in without.manifests if o["kind"] != "NetworkPolicy"]
        assert not any(o["kind"] in ADMIN_KINDS for o in without.manifests)
        assert (case.pod_cidrs, case.rejected) == (without.pod_cidrs, without.rejected)
    assert few > 30  # the Baseline tier is reached


def test_admin_policies_decide_a_good_part_of_the_questions(admin_cases: list[Case]) -> None:
    """Of packets between pods: each of the tiers decides some, and no verdict is rare."""
    tiers: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for case in admin_cases[:60]:
        objects = decode_all(case.manifests)
        names = Names(objects)
        for kind, query in zip(case.query_kinds, case.queries, strict=True):
            if kind != "pod" or "port" not in query:
                continue
            ends = [names.ends(query[end], None, "")[0][0] for end in ("from", "to")]
            family = query.get("family", 6 if {"ipv6", "dual-stack"} & case.features == {"ipv6"} else 4)
            protocol = {"TCP": 6, "UDP": 17, "SCTP": 132}[query["protocol"]]
            try:
                found = judge(objects, *ends, protocol=protocol, port=query["port"], family=family)
            except NoSuchPacket:
                continue
            verdicts[found.verdict] += 1
            tiers.update({one.object.kind for one in found.by} or {"nobody"})
    asked = sum(verdicts.values())
    assert min(verdicts.values()) > 0.05 * asked, verdicts
    assert 0.3 * asked < verdicts["deny"] < 0.7 * asked, verdicts
    assert all(tiers[kind] > 0.01 * asked for kind in ADMIN_KINDS), tiers
    assert tiers["ClusterNetworkPolicy"] > 0.1 * asked, tiers


def test_clusters_are_small_and_dense(cases: list[Case]) -> None:
    for case in cases:
        policies = [o for o in case.manifests if o["kind"] == "NetworkPolicy"]
        owners = [o for o in case.manifests if o["kind"] in PREFIXES and not o["metadata"].get("ownerReferences")]
        workloads = [o for o in owners if o["kind"] != "Service"]
        assert 3 <= len(policies) <= 14
        assert 5 <= len(workloads) <= 25
        assert 1 <= len({namespace(o) for o in workloads}) <= 5


def test_features_are_what_the_objects_say(cases: list[Case]) -> None:
    """A second reading of some features, from the manifests' text alone."""
    for case in cases[:200]:
        rules = json.dumps([o["spec"] for o in case.manifests if o["kind"] == "NetworkPolicy"])
        text = json.dumps(case.manifests)
        assert ("item-08" in case.features) <= ('"endPort"' in rules)
        assert ("item-11" in case.features) <= ('"except"' in rules)
        assert ("item-26" in case.features) <= ('"SCTP"' in rules)
        assert ("item-16" in case.features) <= ('"hostNetwork"' in text)
        assert ("item-13" in case.features) == bool(case.rejected)
        assert ("asks-ICMP" in case.features) == any(q["protocol"] == "ICMP" for q in case.queries)
        for operator in ("In", "NotIn", "Exists", "DoesNotExist"):
            assert (f"operator-{operator}" in case.features) <= (f'"operator": "{operator}"' in rules)


# --- what the API server asks of an object --------------------------------------------------------------------------


def namespace(o: dict[str, Any]) -> str:
    return o["metadata"].get("namespace", "default")


def span(cidr: str) -> Any:
    return ipaddress.ip_network(cidr, strict=False)


def selector_faults(selector: dict[str, Any]) -> list[str]:
    faults = []
    values = list((selector.get("matchLabels") or {}).values())
    for e in selector.get("matchExpressions") or []:
        given = e.get("values") or []
        values += given
        if e["operator"] in ("In", "NotIn"):
            faults += [] if given else ["In and NotIn need values"]
        elif e["operator"] in ("Exists", "DoesNotExist"):
            faults += ["Exists and DoesNotExist take no values"] if given else []
        else:
            faults.append("unknown operator")
    pattern = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
    return faults + [f"label value {v}" for v in values if not re.fullmatch(pattern, v)]


def port_faults(entry: dict[str, Any]) -> list[str]:
    port, end = entry.get("port"), entry.get("endPort")
    faults = [] if entry.get("protocol", "TCP") in ("TCP", "UDP", "SCTP") else ["protocol"]
    if isinstance(port, str):
        faults += [] if re.fullmatch(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*", port) else ["port name"]
        faults += ["endPort with a name"] if end is not None else []
    elif port is not None:
        faults += [] if 1 <= port <= 65535 else ["port number"]
        faults += ["endPort"] if end is not None and not port <= end <= 65535 else []
    elif end is not None:
        faults.append("endPort without port")
    return faults


def block_faults(block: dict[str, Any]) -> list[str]:
    try:
        outer = span(block["cidr"])
    except ValueError:
        return ["cidr"]
    faults = []
    for inner in map(span, block.get("except", [])):
        if inner.version != outer.version or not inner.subnet_of(outer) or inner.prefixlen <= outer.prefixlen:
            faults.append(f"{inner} is not strictly inside {outer}")
    return faults


def policy_faults(policy: dict[str, Any]) -> list[str]:
    spec = policy["spec"]
    faults = selector_faults(spec.get("podSelector") or {})
    types = spec.get("policyTypes") or []
    if len(types) > 2 or not set(types) <= {"Ingress", "Egress"}:
        faults.append("policyTypes")
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or []:
            assert set(rule) <= {key, "ports"}
            for entry in rule.get("ports") or []:
                faults += port_faults(entry)
            for peer in rule.get(key) or []:
                selectors = [peer[k] for k in ("podSelector", "namespaceSelector") if peer.get(k) is not None]
                faults += [fault for selector in selectors for fault in selector_faults(selector)]
                if "ipBlock" in peer:
                    faults += ["ipBlock beside a selector"] if selectors else block_faults(peer["ipBlock"])
                elif not selectors:
                    faults.append("a peer that names nothing")
    return faults


def admin_faults(policy: dict[str, Any]) -> list[str]:
    """What the CRDs refuse, read from their validation rules once more."""
    kind, spec = policy["kind"], policy["spec"]
    new = kind == "ClusterNetworkPolicy"
    faults = [] if new == ("tier" in spec) and spec.get("tier", "Admin") in ("Admin", "Baseline") else ["tier"]
    if kind == "BaselineAdminNetworkPolicy":
        faults += [] if policy["metadata"]["name"] == "default" and "priority" not in spec else ["the one baseline"]
    else:
        faults += [] if 0 <= spec["priority"] <= 1000 else ["priority"]
    faults += [] if "namespace" not in policy["metadata"] else ["cluster-scoped"]
    faults += [] if len(spec["subject"]) == 1 else ["subject"]
    faults += [fault for one in spec["subject"].values() for fault in selected_faults(one)]
    accept = "Accept" if new else "Allow"
    for direction, key in (("ingress", "from"), ("egress", "to")):
        rules = spec.get(direction) or []
        faults += [] if len(rules) <= 25 else ["rules"]
        for rule in rules:
            assert set(rule) <= {"name", "action", key, "protocols" if new else "ports"}
            fields = ["namespaces", "pods"] + (["nodes", "networks", "domainNames"] if direction == "egress" else [])
            actions = {accept if one == "Accept" else one for one in ACTIONS}
            actions -= {"Pass"} if kind == "BaselineAdminNetworkPolicy" else set()
            faults += [] if rule["action"] in actions else ["action"]
            faults += [] if 1 <= len(rule[key]) <= 25 else ["peers"]
            for peer in rule[key]:
                faults += [] if len(peer) == 1 and set(peer) <= {*fields, "services"} else [f"peer {peer}"]
                for one in (peer[k] for k in ("namespaces", "pods", "nodes") if k in peer):
                    faults += selected_faults(one)
                for listed in (peer.get("networks"), peer.get("domainNames")):
                    faults += [] if listed is None or 0 < len(set(listed)) == len(listed) <= 25 else ["list"]
                assert all(span(cidr) for cidr in peer.get("networks", []))
            entries = rule.get("protocols", rule.get("ports"))
            faults += [] if entries is None or 1 <= len(entries) <= 25 else ["entries"]
            nameless = any({"nodes", "networks", "domainNames"} & set(peer) for peer in rule[key])
            for entry in entries or []:
                (form,) = entry
                named = form in ("destinationNamedPort", "namedPort")
                faults += ["a name beside what has none"] if named and nameless else []
                port = {} if named else entry[form]["destinationPort"] if new else entry[form]
                numbers = port.get("range", port)
                if "start" in numbers:
                    faults += [] if 1 <= numbers["start"] < numbers["end"] <= 65535 else ["range"]
                elif not named:
                    faults += [] if 1 <= numbers.get("number", numbers.get("port")) <= 65535 else ["number"]
    return faults


def selected_faults(one: dict[str, Any]) -> list[str]:
    """Of a label selector, of pods, or of namespaces in the older form."""
    if "podSelector" in one:
        assert set(one) <= {"podSelector", "namespaceSelector", "namespaces"}
        assert len(one) <= 2
        return [fault for part in one.values() for fault in selected_faults(part)]
    if {"sameLabels", "notSameLabels"} & set(one):
        return [] if len(one) == 1 else ["two forms"]
    return selector_faults(one.get("namespaceSelector", one))


def template_of(o: dict[str, Any]) -> dict[str, Any] | None:
    if o["kind"] == "Pod":
        return o
    spec = o.get("spec", {})
    if o["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template")


def test_manifests_are_plain_json(cases: list[Case]) -> None:
    for case in cases:
        whole = [case.manifests, case.queries, case.rejected]
        assert json.loads(json.dumps(whole)) == whole


def test_the_api_server_accepts_the_manifests(cases: list[Case], admin_cases: list[Case]) -> None:
    for case in (*cases, *admin_cases):
        keys = [(o["kind"], namespace(o), o["metadata"]["name"]) for o in case.manifests]
        assert len(set(keys)) == len(keys), case.seed
        uids = [o["metadata"]["uid"] for o in case.manifests if "uid" in o["metadata"]]
        assert len(set(uids)) == len(uids)
        owners = [k for k in keys if k[0] in PREFIXES and k[0] != "Service"]
        assert len({k[1:] for k in owners}) == len(owners), "one name, one workload"
        for o in case.manifests:
            if o["kind"] == "NetworkPolicy":
                assert policy_faults(o) == [], case.seed
            if o["kind"] in ADMIN_KINDS:
                assert admin_faults(o) == [], case.seed
            for reference in o["metadata"].get("ownerReferences", []):
                assert (reference["kind"], namespace(o), reference["name"]) in keys
                assert reference["uid"] in uids
            check_template(o)
            if o["kind"] == "Service" and "ports" in o["spec"]:
                check_service(o["spec"])
            if o["kind"] == "EndpointSlice":
                service = o["metadata"]["labels"]["kubernetes.io/service-name"]
                assert ("Service", namespace(o), service) in keys
                if o["addressType"] != "FQDN":
                    families = {ipaddress.ip_address(a).version for e in o["endpoints"] for a in e["addresses"]}
                    assert families == {int(o["addressType"][-1])}


def check_template(o: dict[str, Any]) -> None:
    template = template_of(o)
    if template is None:
        return
    labels = template["metadata"].get("labels", {})
    if "selector" in o["spec"] and o["kind"] != "Pod":
        selector = o["spec"]["selector"]
        wanted = selector if o["kind"] == "ReplicationController" else selector["matchLabels"]
        assert wanted
        assert wanted.items() <= labels.items()
    spec = template["spec"]
    bound = []
    for container in (*spec["containers"], *spec.get("initContainers", [])):
        names = [port["name"] for port in container.get("ports", []) if "name" in port]
        assert len(set(names)) == len(names), "names are unique in a container"
        bound += [(port["containerPort"], port.get("protocol", "TCP")) for port in container.get("ports", [])]
    assert len(set(bound)) == len(bound) or not spec.get("hostNetwork")


def check_service(spec: dict[str, Any]) -> None:
    bound = [(p["port"], p["protocol"]) for p in spec["ports"]]
    assert len(set(bound)) == len(bound)
    names = [p["name"] for p in spec["ports"]]
    assert len(set(names)) == len(names)
    assert all(30000 <= p.get("nodePort", 30000) <= 32767 for p in spec["ports"])


def read(o: dict[str, Any]) -> Decoded | Invalid:
    meta = o["metadata"]
    name = {"kind": o["kind"], "namespace": meta.get("namespace", ""), "name": meta["name"]}
    return decode(Document(place=None, api_version=o["apiVersion"], raw=o, **name))


def test_the_decoder_agrees_on_what_the_api_server_accepts(cases: list[Case], admin_cases: list[Case]) -> None:
    """Two readings of the API's rules, this module's and the dialect's, find the same objects valid."""
    for case in (*cases[:400], *admin_cases):
        for o in case.manifests:
            assert isinstance(read(o), Decoded), (case.seed, read(o))
    for case in cases:
        for policy in case.rejected:
            assert isinstance(read(policy), Invalid), (case.seed, policy)


def test_the_rejected_break_a_rule(cases: list[Case]) -> None:
    rejected = [policy for case in cases for policy in case.rejected]
    assert len(rejected) >= SEEDS / 100
    assert all(policy_faults(policy) for policy in rejected)


# --- questions ------------------------------------------------------------------------------------------------------


def dead(o: dict[str, Any]) -> bool:
    """Whether nothing of the object runs: finished, terminating, scaled to none."""
    finished = o.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return finished or "deletionTimestamp" in o["metadata"] or o.get("spec", {}).get("replicas") == 0


def test_references_exist(cases: list[Case]) -> None:
    for case in cases:
        known: set[str] = set()
        for o in case.manifests:
            if o["kind"] in PREFIXES and not dead(o):
                known.add(f"{PREFIXES[o['kind']]}/{namespace(o)}/{o['metadata']['name']}")
                if o["kind"] != "Service":
                    known.add(f"{namespace(o)}/{o['metadata']['name']}")
            elif o["kind"] == "Node":
                known.add(f"node/{o['metadata']['name']}")
        for query in case.queries:
            for end in (query["from"], query["to"]):
                assert end in known if "/" in end else ipaddress.ip_address(end), (case.seed, end)
            assert query["to"] not in case.pod_cidrs


def test_questions_are_well_formed(cases: list[Case]) -> None:
    for case in cases:
        for kind, query in zip(case.query_kinds, case.queries, strict=True):
            allowed = {"from", "to", "protocol", "family", "icmp" if query["protocol"] == "ICMP" else "port"}
            assert set(query) <= allowed
            assert query["protocol"] in ("TCP", "UDP", "SCTP", "ICMP")
            if query["protocol"] == "ICMP":
                assert set(query["icmp"]) == {"type", "code"}
            else:
                assert 1 <= query["port"] <= 65535
            families = [ipaddress.ip_address(end).version for end in (query["from"], query["to"]) if "/" not in end]
            if "family" in query:
                assert all(family == query["family"] for family in families)
            assert ("svc" in kind) == (query["to"].startswith("svc/") or "svc-address" in kind)


def test_ports_lie_on_the_borders(cases: list[Case]) -> None:
    """Borders of ranges are asked from both sides, in most clusters that have ranges."""
    both = ranged = 0
    for case in cases:
        specs = [o["spec"] for o in case.manifests if o["kind"] == "NetworkPolicy"]
        entries = [
            e for s in specs for d in ("ingress", "egress") for r in s.get(d) or [] for e in r.get("ports") or []
        ]
        ends = {e["endPort"] for e in entries if e.get("endPort", 65535) < 65535}
        asked = {query.get("port") for query in case.queries}
        ranged += bool(ends)
        both += any({end, end + 1} <= asked for end in ends)
    assert both > 0.8 * ranged > 0
