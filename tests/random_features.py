"""What a finished random cluster covers, read off its objects and questions."""

from __future__ import annotations

from tests.random_admin_features import observe_admins
from tests.random_parts import (
    CONTROLLER_LABELS,
    NAME_LABEL,
    Dice,
    Labels,
    Object,
    Service,
    acts,
    namespace_of,
    rules_of,
    selects,
    strictly_inside,
)

ITEMS = (
    *(f"item-{n:02}" for n in range(1, 27)),
    "controller-labels",
    "labels-compared",
    "jobs-at-rest",
    "service-labels-compared",
)
"""The pitfalls of NetworkPolicy that every long run must have met. What each stands for:

01 egress and ingress share only a part of a range · 02 several policies select one pod · 03 policyTypes absent
while egress is written · 04 empty against absent selectors · 05 empty and absent lists · 06 selectors in one
element (and) and in two (or) · 07 ports absent, protocol alone, default protocol · 08 endPort · 09 named ports
· 10 named ports of init containers and of several containers · 11 except · 12 ipBlock and pod addresses · 13
policies the API server refuses · 14 operators on absent keys · 15 the automatic namespace label · 16
hostNetwork · 17 a node and its own pods · 18 a pod and itself · 19 a pair asked in both directions · 20 a
service whose target port differs · 21 from outside to a node port or load balancer · 22 headless, selectorless
and ExternalName services · 23 finished, scaled-down and terminating pods · 24 pods of one owner with differing
labels · 25 any policy at all: that it is enforced is assumed · 26 SCTP. Besides: labels that controllers give, and such
whose values are compared though no pod shows them, by policies and by Services · Jobs and CronJobs that have no pods
now.
"""
CONTROLLERS = frozenset(key for keys in CONTROLLER_LABELS.values() for key in keys)


def observe(
    maker: Dice, manifests: list[Object], rejected: list[Object], queries: list[Object], kinds: list[str]
) -> frozenset[str]:
    """The features of a finished cluster, from its objects and questions."""
    seen: dict[str, bool] = {"dump": maker.dump, "dual-stack": len(maker.families) == 2, "ipv6": 6 in maker.families}
    _observe_policies(seen, maker, manifests)
    _observe_ports(seen, maker)
    _observe_blocks(seen, maker)
    _observe_cluster(seen, maker, manifests)
    _observe_queries(seen, maker, queries, kinds)
    if maker.admins:
        observe_admins(seen, maker, maker.admins, queries, kinds)
    seen["item-13"] = bool(rejected)
    return frozenset(sorted(name for name, present in seen.items() if present))


def _observe_policies(seen: dict[str, bool], maker: Dice, manifests: list[Object]) -> None:
    specs = [policy["spec"] for policy in maker.policies]
    rules = rules_of(maker.policies)
    peers = [(d, peer) for _, d, rule in rules for peer in rule.get("from" if d == "ingress" else "to") or []]
    absent = [spec for spec in specs if not spec.get("policyTypes")]
    seen["types-absent"] = bool(absent)
    seen["types-absent-egress-rules"] = any(spec.get("egress") for spec in absent)
    seen["types-absent-egress-empty"] = any(spec.get("egress") == [] for spec in absent)
    seen["egress-rules-ignored"] = any(spec.get("egress") and "egress" not in acts(spec) for spec in specs)
    seen["item-03"] = seen["types-absent-egress-rules"] or seen["types-absent-egress-empty"]
    for direction in ("ingress", "egress"):
        acting = [p for p in maker.policies if direction in acts(p["spec"])]
        for pod in maker.pods:
            selected = [
                p
                for p in acting
                if namespace_of(p) == pod.namespace and selects(p["spec"].get("podSelector") or {}, pod.labels)
            ]
            if len(selected) > 1 and pod.asked and not pod.host:
                seen["item-02"] = True
    seen["subject-all"] = any(spec.get("podSelector") == {} for spec in specs)
    seen["subject-absent"] = any("podSelector" not in spec for spec in specs)
    own = [p for _, p in peers if p.get("podSelector") is not None and p.get("namespaceSelector") is None]
    seen["peer-all-namespaces"] = any(p.get("namespaceSelector") == {} for _, p in peers)
    seen["item-04"] = seen["subject-all"] and seen["peer-all-namespaces"] and bool(own)
    seen["peers-empty"] = any(rule.get(k) == [] for _, d, rule in rules for k in ("from", "to"))
    seen["peers-absent"] = any(
        ("from" if d == "ingress" else "to") not in rule and "ports" in rule for _, d, rule in rules
    )
    for d in ("ingress", "egress"):
        acting_specs = [spec for spec in specs if d in acts(spec)]
        seen[f"{d}-none"] = any(not spec.get(d) for spec in acting_specs)
        seen[f"{d}-everything"] = any({} in (spec.get(d) or []) for spec in acting_specs)
    seen["list-null"] = any(spec.get(d, ()) is None for spec in specs for d in ("ingress", "egress"))
    seen["item-05"] = (seen["peers-empty"] or seen["peers-absent"]) and (
        seen["ingress-none"] or seen["ingress-everything"]
    )
    both = [p for _, p in peers if p.get("podSelector") is not None and p.get("namespaceSelector") is not None]
    apart = [r for _, d, r in rules if _either(r.get("from" if d == "ingress" else "to") or [])]
    seen["peers-and"], seen["peers-or"] = bool(both), bool(apart)
    seen["item-06"] = bool(both) and bool(apart)
    selectors = [spec.get("podSelector") or {} for spec in specs]
    selectors += [p[k] for _, p in peers for k in ("podSelector", "namespaceSelector") if p.get(k)]
    used = [e["operator"] for s in selectors for e in s.get("matchExpressions") or []]
    for operator in ("In", "NotIn", "Exists", "DoesNotExist"):
        seen[f"operator-{operator}"] = operator in used
    seen["item-14"] = "NotIn" in used and "DoesNotExist" in used and ("In" in used or "Exists" in used)
    named = [p["namespaceSelector"] for _, p in peers if NAME_LABEL in str(p.get("namespaceSelector"))]
    labelled = [
        o["metadata"]["name"]
        for o in manifests
        if o["kind"] == "Namespace" and NAME_LABEL in o["metadata"].get("labels", {})
    ]
    declared = [o["metadata"]["name"] for o in manifests if o["kind"] == "Namespace"]
    seen["namespace-undeclared"] = any(pod.namespace not in declared for pod in maker.pods)
    seen["item-15"] = bool(named) and any(pod.namespace not in labelled for pod in maker.pods)
    keys = [
        key
        for s in selectors
        for key in (*(s.get("matchLabels") or {}), *(e["key"] for e in s.get("matchExpressions") or []))
    ]
    seen["controller-labels"] = any(key in CONTROLLERS for key in keys)
    compared = [key for s in selectors for key in s.get("matchLabels") or {} if key in CONTROLLERS]
    seen["labels-compared"] = bool(compared) and not maker.dump
    wanted = [key for service in maker.services for key in service.spec.get("selector", {})]
    seen["service-labels-compared"] = any(key in CONTROLLERS for key in wanted) and not maker.dump
    owners: dict[tuple[str, str], list[Labels]] = {}
    for o in manifests:
        for reference in o["metadata"].get("ownerReferences", []) if o["kind"] == "Pod" else []:
            # ReplicaSets of one Deployment share all but the last part of their names.
            stem = reference["name"].rpartition("-")[0] if reference["kind"] == "ReplicaSet" else reference["name"]
            owners.setdefault((namespace_of(o), stem), []).append(o["metadata"].get("labels", {}))
    seen["item-24"] = any(len({labels.get(key) for labels in group}) > 1 for group in owners.values() for key in keys)
    seen["item-25"] = bool(maker.policies)  # every answer rests on a CNI that enforces


def _observe_ports(seen: dict[str, bool], maker: Dice) -> None:
    rules = rules_of(maker.policies)
    entries = [(d, rule, entry) for _, d, rule in rules for entry in rule.get("ports") or []]
    ranges = [(d, e.get("protocol", "TCP"), e["port"], e["endPort"]) for d, _, e in entries if "endPort" in e]
    out = [r for r in ranges if r[0] == "egress"]
    into = [r for r in ranges if r[0] == "ingress"]
    seen["overlap-egress-first"] = any(a[1] == b[1] and a[2] < b[2] <= a[3] < b[3] for a in out for b in into)
    seen["overlap-ingress-first"] = any(a[1] == b[1] and b[2] < a[2] <= b[3] < a[3] for a in out for b in into)
    seen["item-01"] = seen["overlap-egress-first"] or seen["overlap-ingress-first"]
    seen["ports-absent"] = any(not rule.get("ports") for _, _, rule in rules)
    seen["ports-empty"] = any(rule.get("ports") == [] for _, _, rule in rules)
    seen["protocol-only"] = any("port" not in e for _, _, e in entries)
    seen["protocol-default"] = any("protocol" not in e for _, _, e in entries)
    seen["item-07"] = seen["ports-absent"] and (seen["protocol-only"] or seen["protocol-default"])
    seen["item-08"] = bool(ranges)
    seen["item-26"] = any(e.get("protocol") == "SCTP" for _, _, e in entries)
    named = [(d, rule, e.get("protocol", "TCP"), e["port"]) for d, rule, e in entries if isinstance(e.get("port"), str)]
    seen["item-09"] = bool(named)
    defined = [
        (pod, p.get("protocol", "TCP"), p["name"], p["containerPort"])
        for pod in maker.pods
        for p in pod.ports()
        if "name" in p
    ]
    for d, rule, protocol, name in named:
        numbers = {number for _, q, n, number in defined if n == name and q == protocol}
        seen["named-per-pod"] = seen.get("named-per-pod", False) or len(numbers) > 1
        for pod in maker.pods:
            mine = [q for other, q, n, _ in defined if other is pod and n == name]
            if protocol == "TCP" and mine and all(q == "UDP" for q in mine):
                seen["named-udp-only"] = True
            if (
                len({id(c) for c in pod.spec["containers"] if any(p.get("name") == name for p in c.get("ports", []))})
                > 1
            ):
                seen["named-duplicate"] = True
            if any(p.get("name") == name for c in pod.spec.get("initContainers", []) for p in c.get("ports", [])):
                seen["named-init"] = True
        if d == "egress":
            seen["named-egress"] = True
            if not rule.get("to"):
                seen["named-egress-without-to"] = True
            elif any("ipBlock" in peer for peer in rule["to"]):
                seen["named-egress-to-block"] = True
    seen["item-10"] = seen.get("named-init", False) or seen.get("named-duplicate", False)


def _observe_blocks(seen: dict[str, bool], maker: Dice) -> None:
    blocks: list[tuple[str, str, Object]] = []
    for policy, d, rule in rules_of(maker.policies):
        for peer in rule.get("from" if d == "ingress" else "to") or []:
            if "ipBlock" in peer:
                blocks.append((namespace_of(policy), d, peer["ipBlock"]))
    narrow = [block for _, _, block in blocks if not block["cidr"].endswith("/0") or "except" in block]
    cut = [(ns, d, block, x) for ns, d, block in blocks for x in block.get("except", [])]
    seen["ipblock"] = bool(blocks)
    seen["except-readmitted"] = any(
        ns == n
        and d == e
        and other is not block
        and (x == other["cidr"] or strictly_inside(x, other["cidr"]))
        and "except" not in other
        for ns, d, block, x in cut
        for n, e, other in blocks
    )
    seen["item-11"] = bool(cut)
    plain = [pod for pod in maker.pods if not pod.host and pod.asked and (pod.kind == "Pod" or not maker.dump)]
    known = any(all(pod.addresses.values()) for pod in plain)
    unknown = any(not all(pod.addresses.values()) for pod in plain)
    told = bool(maker.pod_cidrs) or maker.node_ranges
    seen["block-pod-known"] = bool(narrow) and known
    seen["block-pod-range"] = bool(narrow) and unknown and told
    seen["block-pod-unknown"] = bool(narrow) and unknown and not told
    seen["item-12"] = bool(narrow)
    seen["cidr-host-bits"] = any(block["cidr"] == "10.244.1.77/24" for _, _, block in blocks)
    seen["block-ipv6"] = any(":" in block["cidr"] for _, _, block in blocks)
    seen["block-service-range"] = any(d == "egress" and block["cidr"] == "10.96.0.0/12" for _, d, block in blocks)


def _observe_cluster(seen: dict[str, bool], maker: Dice, manifests: list[Object]) -> None:
    hosts = [pod for pod in maker.pods if pod.host and pod.asked]
    seen["host-network-node"] = bool(hosts) and maker.node_objects
    seen["host-network-no-node"] = bool(hosts) and not maker.node_objects
    seen["item-16"] = bool(hosts)
    pods = [o for o in manifests if o["kind"] == "Pod"]
    done = [o for o in pods if o.get("status", {}).get("phase") in ("Succeeded", "Failed")]
    live = [o["status"]["podIP"] for o in pods if "podIP" in o.get("status", {}) and o not in done]
    seen["completed"] = bool(done)
    seen["completed-address-reused"] = any(
        o["status"].get("podIP") in live for o in done if not o["spec"].get("hostNetwork")
    )
    seen["replicas-0"] = any(
        o.get("spec", {}).get("replicas") == 0 and not o["metadata"].get("ownerReferences") for o in manifests
    )
    jobs = [o for o in manifests if o["kind"] in ("Job", "CronJob")]
    seen["jobs-at-rest"] = any(
        o["spec"].get("suspend") or o["spec"].get("parallelism") == 0 or o.get("status") for o in jobs
    )
    seen["terminating"] = any("deletionTimestamp" in o["metadata"] for o in pods)
    seen["item-23"] = seen["completed"] or seen["replicas-0"] or seen["terminating"]
    for o in manifests:
        seen[f"kind-{o['kind']}"] = True


def _observe_queries(seen: dict[str, bool], maker: Dice, queries: list[Object], kinds: list[str]) -> None:
    nodes = {f"{pod.namespace}/{pod.name}": pod.node for pod in maker.pods}
    services = {f"svc/{s.namespace}/{s.name}": s for s in maker.services}
    egress = any("egress" in acts(p["spec"]) for p in maker.policies)
    asked = {(q["from"], q["to"], q["protocol"], q.get("port")) for q in queries}
    for kind, q in zip(kinds, queries, strict=True):
        seen[f"asks-{kind}"] = True
        seen[f"asks-{q['protocol']}"] = True
        seen["asks-family-6"] = seen.get("asks-family-6", False) or q.get("family") == 6
        if kind == "self":
            seen["item-18"] = True
        if kind == "pod" and (q["to"], q["from"], q["protocol"], q.get("port")) in asked:
            seen["item-19"] = True
        if kind == "node":
            node, pod = sorted((q["from"], q["to"]), key=lambda ref: not ref.startswith("node/"))
            if nodes.get("/".join(pod.split("/")[-2:])) == node.removeprefix("node/"):
                seen["item-17"] = True
        if kind == "outside-svc":
            seen["item-21"] = True
            seen[f"outside-{services[q['to']].spec.get('externalTrafficPolicy', 'default')}"] = True
        if kind in ("svc", "outside-svc") and services[q["to"]].spec.get("internalTrafficPolicy") == "Local":
            known = bool(nodes.get("/".join(q["from"].split("/")[-2:])))
            where = "outside" if kind == "outside-svc" else "known-node" if known else "unknown-node"
            seen[f"internal-Local-{where}"] = True
        if kind == "svc":
            _observe_service(seen, services[q["to"]], q["port"], egress)


def _observe_service(seen: dict[str, bool], service: Service, port: int, egress: bool) -> None:
    spec = service.spec
    if spec.get("type") == "ExternalName":
        seen["service-external-name"] = seen["item-22"] = True
        seen["service-alias"] = spec["externalName"] != "db.example.com"
    elif spec.get("clusterIP") == "None":
        seen["service-headless"] = seen["item-22"] = True
    elif "selector" not in spec:
        seen["service-sliced" if service.slices else "service-bare"] = seen["item-22"] = True
    else:
        targets = [p.get("targetPort", p["port"]) for p in spec["ports"] if p["port"] == port]
        seen["service-named-target"] = seen.get("service-named-target", False) or any(
            isinstance(t, str) for t in targets
        )
        if egress and any(t != port for t in targets):
            seen["item-20"] = True


def _either(peers: list[Object]) -> bool:
    """Whether one element names namespaces only and another pods only."""
    wide = [p for p in peers if p.get("namespaceSelector") is not None and p.get("podSelector") is None]
    return bool(wide) and any(p.get("podSelector") is not None and p.get("namespaceSelector") is None for p in peers)
