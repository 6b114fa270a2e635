"""A small cluster for the tests of the evaluator for Cilium, its policies as manifests, and questions in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document
from netwright.spec.cilium_identities import CiliumOptions
from netwright.spec.judge import Judgement, Side, judge

Object = dict[str, Any]

NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "ICMPv6": 58, "GRE": 47}


def decoded(manifests: Sequence[Object]) -> list[Decoded]:
    """The manifests as the evaluator reads them; all of them have to be right."""
    found = []
    for raw in manifests:
        meta = raw["metadata"]
        space = meta.get("namespace", "")
        document = Document(
            place=None, api_version=raw["apiVersion"], kind=raw["kind"], namespace=space, name=meta["name"], raw=raw
        )
        one = decode(document)
        assert not isinstance(one, Invalid), (one, raw)
        found.append(one)
    return found


# --- what there is ----------------------------------------------------------------------------------------------------


def namespace(name: str, **labels: str) -> Object:
    meta = {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def node(name: str, *addresses: str) -> Object:
    status = {"addresses": [{"type": "InternalIP", "address": one} for one in addresses]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def port(name: str, number: int, protocol: str = "TCP") -> Object:
    return {"name": name, "containerPort": number, "protocol": protocol}


def pod(name: str, *addresses: str, labels: Object | None = None, init: Sequence[Object] = (), **spec: Any) -> Object:
    space, _, own = name.partition("/")
    spec = {"containers": [{"name": "c", "image": "i", "ports": spec.pop("ports", [])}], **spec}
    if init:
        spec["initContainers"] = [{"name": "s", "image": "i", "restartPolicy": "Always", "ports": list(init)}]
    status: Object = {"phase": "Running", "podIPs": [{"ip": one} for one in addresses]} if addresses else {}
    meta = {"name": own, "namespace": space, "labels": {"app": own} if labels is None else labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def deployment(name: str, **labels: str) -> Object:
    space, _, own = name.partition("/")
    made = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": made}
    meta = {"name": own, "namespace": space}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


CLUSTER = [
    namespace("shop", team="red"),
    namespace("bank", team="blue"),
    node("here", "192.168.0.1"),
    node("there", "192.168.0.2"),
    pod("shop/web", "10.0.0.1", "fd00::1", nodeName="here"),
    pod(
        "shop/db",
        "10.0.0.2",
        nodeName="there",
        ports=[port("sql", 5432), port("stats", 8125, "UDP")],
        init=[port("side", 9000)],
    ),
    pod("bank/web", "10.0.1.1", nodeName="here"),
    pod("bank/db", "10.0.1.2", nodeName="there", serviceAccountName="teller", ports=[port("sql", 6432)]),
    pod("shop/net", hostNetwork=True, nodeName="there"),
    pod("shop/lost"),
]

# --- policies ---------------------------------------------------------------------------------------------------------


def labels(**wanted: str) -> Object:
    return {"matchLabels": wanted}


def keyed(wanted: Object) -> Object:
    return {"matchLabels": wanted}


def asks(key: str, operator: str, *values: str) -> Object:
    one: Object = {"key": key, "operator": operator}
    return {"matchExpressions": [one | ({"values": list(values)} if values else {})]}


def cnp(name: str = "p", namespace: str = "shop", select: Object | None = None, **spec: Any) -> Object:
    """A CiliumNetworkPolicy for `app: db` of a namespace."""
    spec = {"endpointSelector": labels(app="db") if select is None else select, **spec}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta, "spec": spec}


def ccnp(name: str = "w", select: Object | None = None, **spec: Any) -> Object:
    spec = {"endpointSelector": labels(app="db") if select is None else select, **spec}
    kind = "CiliumClusterwideNetworkPolicy"
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name}, "spec": spec}


def group(name: str, *ranges: str, **own: str) -> Object:
    meta = {"name": name, "labels": own}
    spec = {"externalCIDRs": list(ranges)}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumCIDRGroup", "metadata": meta, "spec": spec}


def netpol(name: str = "n", namespace: str = "shop", app: str = "db", **spec: Any) -> Object:
    spec = {"podSelector": labels(app=app), **spec}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def admin(tier: str, priority: int = 1, name: str = "a", app: str = "db", **spec: Any) -> Object:
    subject = {"pods": {"namespaceSelector": {}, "podSelector": labels(app=app)}}
    spec = {"tier": tier, "priority": priority, "subject": subject, **spec}
    api = "policy.networking.k8s.io/v1alpha2"
    return {"apiVersion": api, "kind": "ClusterNetworkPolicy", "metadata": {"name": name}, "spec": spec}


def come(action: str, *teams: str, **more: Any) -> Object:
    """An ingress rule of a ClusterNetworkPolicy, from the namespaces of the teams, or of all."""
    peers = [{"namespaces": labels(team=team)} for team in teams] or [{"namespaces": {}}]
    return {"action": action, "from": peers, **more}


def ports(*entries: str) -> list[Object]:
    """`toPorts` with one entry: `80/TCP`, `80-90/UDP`, `sql`, `0`."""
    listed = []
    for text in entries:
        number, _, protocol = text.partition("/")
        first, _, last = number.partition("-")
        one: Object = {"port": first}
        one |= {"endPort": int(last)} if last else {}
        listed.append(one | ({"protocol": protocol} if protocol else {}))
    return [{"ports": listed}]


WEB = {"fromEndpoints": [labels(app="web")]}
NOBODY = {"fromEntities": ["none"]}
NOWHERE = {"toEntities": ["none"]}

# --- questions --------------------------------------------------------------------------------------------------------


def judged(policies: Sequence[Object], question: str, more: Sequence[Object] = (), **options: Any) -> Judgement:
    """`FROM TO PROTOCOL NUMBER`: ends are pods, `node/NAME` or addresses, the number a port or an ICMP type."""
    objects = decoded([*CLUSTER, *more, *policies])
    things: dict[str, Any] = {
        f"{one.namespace}/{one.name}": one for one in objects if one.kind in ("Pod", "Deployment")
    }
    things |= {f"node/{one.name}": one for one in objects if one.kind == "Node"}
    source, target, protocol, number = question.split()
    modes = frozenset(options.pop("modes", ()))
    six = protocol == "ICMPv6" or ":" in source + target
    return judge(
        objects,
        things.get(source, source),
        things.get(target, target),
        protocol=NUMBERS[protocol],
        port=int(number) << 8 if protocol.startswith("ICMP") else int(number),
        family=6 if six else 4,
        pod_ranges=options.pop("pod_ranges", ()),
        profile="cilium",
        options=CiliumOptions(cidr_match_modes=modes, **options),
    )


Word = Literal["allow", "deny", "open"]


def word(side: Side) -> Word:
    if side.may_allow and side.may_deny:
        return "open"
    return "allow" if side.may_allow else "deny"


def ingress(policies: Sequence[Object], question: str, more: Sequence[Object] = (), **options: Any) -> Word:
    return word(judged(policies, question, more, **options).ingress)


def egress(policies: Sequence[Object], question: str, more: Sequence[Object] = (), **options: Any) -> Word:
    return word(judged(policies, question, more, **options).egress)
