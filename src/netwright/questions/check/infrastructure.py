"""Rules by which pods reach what runs the cluster: the cloud's metadata, the API server, kubelets, etcd.

One finding a rule: the gravest of what its ranges cover, with all the rest in words. Ranges match addresses literally.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from netwright.base.ipset import IpSet, is_address
from netwright.base.services import PROTOCOLS, TCP, ServiceSet
from netwright.dialects.k8s.endpoints import node_addresses
from netwright.dialects.k8s.objects import EndpointSlice, IPBlock, NetworkPolicyPort, Node, Pod
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import RuleOf, Scene

METADATA: Final = "169.254.169.254"
"""Where clouds serve a machine's credentials, by HTTP (AWS, Azure, Google Cloud, OpenStack and others)."""
CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
ETCD_ROLE: Final = "node-role.kubernetes.io/etcd"
KUBELET_PORT: Final = 10250
API_PORT: Final = 6443
ETCD_PORTS: Final = (2379, 2380)


class Part(msgspec.Struct, frozen=True):
    """A part of the infrastructure: the code for reaching it, what it is called, its addresses by TCP port."""

    code: str
    name: str
    at: dict[int, IpSet]
    effect: str


def checks(scene: Scene) -> Iterator[Found]:
    blocks: dict[IPBlock, IpSet] = {}
    parts = _parts(scene)
    for rule in scene.rules(direction="egress"):
        written = [(i, p.ip_block) for i, p in enumerate(rule.peers or ()) if p.ip_block is not None]
        if not written:
            continue
        reached: dict[int, tuple[Part, IpSet]] = {}
        first: dict[int, int] = {}
        for index, block in written:
            addresses = blocks.get(block)
            if addresses is None:
                addresses = blocks[block] = IpSet.of(block.cidr) - IpSet.of(*(block.except_ or ()))
            for number, part in enumerate(parts):
                met = _met(part, addresses, rule.ports)
                # a range that holds nothing else is written for it
                if met and not addresses <= _all(part):
                    reached[number] = part, reached[number][1] | met if number in reached else met
                    first.setdefault(number, index)
        if reached and scene.subjects(rule.policy).may:
            if scene.may_be_denied:
                reached = {
                    n: (part, met) for n, (part, met) in reached.items() if not _is_denied(scene, rule, part, met)
                }
            if reached:
                yield _found(scene, rule, reached, first)


def _is_denied(scene: Scene, rule: RuleOf, part: Part, met: IpSet) -> bool:
    """Whether other policies, which deny before, surely keep the pods of a rule from all of these addresses."""
    atoms = scene.network.atoms
    for port, where in part.at.items():
        bit = atoms.touching(ServiceSet.ports(TCP, port))
        for cidr in (where & met).cidrs() if _covers(rule.ports, port) else ():
            target = scene.inquirer.directory.named(cidr.removesuffix("/32").removesuffix("/128"))
            for family, tables in scene.network.tables.items():
                for spot in scene.inquirer.spots(target, family):
                    for position in {scene.network.position(row) for row in scene.subjects(rule.policy).may}:
                        if any(
                            row.mask & bit and row.may >> spot.position & 1 for row in tables.egress.rows_at(position)
                        ):
                            return False
    return True


def _found(scene: Scene, rule: RuleOf, reached: dict[int, tuple[Part, IpSet]], first: dict[int, int]) -> Found:
    gravest = min(reached)
    part, _ = reached[gravest]
    index = first[gravest]
    block = (rule.peers or ())[index].ip_block
    assert block is not None
    others = [p.name for number, (p, _) in sorted(reached.items()) if number != gravest]
    whom = scene.refs(scene.subjects(rule.policy).may)
    cut = IpSet()
    for _, met in reached.values():
        cut |= met
    excepted = cut.cidrs()
    return Found(
        part.code,
        at(rule.policy, *rule.pointer, "to", index, "ipBlock", "cidr"),
        f"`{rule.policy.namespace}/{rule.policy.name}` lets {listed(whom)} reach {part.name}",
        label="covers " + " and ".join([part.name, *others]),
        effect=part.effect,
        help=f"add {', '.join(f'`{c}`' for c in excepted[:4])}{' …' * (len(excepted) > 4)} to `except`"
        if not _is_mixed(block, cut)
        else "name the ranges that are needed, without these addresses",
        key=block.cidr,
        workloads=whom,
    )


def _is_mixed(block: IPBlock, cut: IpSet) -> bool:
    """Whether the addresses could not all stand in the block's `except`."""
    return not cut <= IpSet.of(block.cidr)


def _met(part: Part, addresses: IpSet, ports: tuple[NetworkPolicyPort, ...] | None) -> IpSet:
    """The part's addresses that a range and a rule's ports let reach."""
    met = IpSet()
    for port, where in part.at.items():
        if _covers(ports, port):
            met |= where & addresses
    return met


def _all(part: Part) -> IpSet:
    found = IpSet()
    for where in part.at.values():
        found |= where
    return found


def _covers(ports: tuple[NetworkPolicyPort, ...] | None, number: int) -> bool:
    """Whether a rule's ports have this TCP port of an address. Names are looked up on pods only."""
    if ports is None:
        return True
    for port in ports:
        if PROTOCOLS.get(port.protocol or "TCP") == TCP and (
            port.port is None or (isinstance(port.port, int) and port.port <= number <= (port.end_port or port.port))
        ):
            return True
    return False


# --- what there is --------------------


def _parts(scene: Scene) -> tuple[Part, ...]:
    """The infrastructure as far as the input has it, the gravest first."""
    nodes = [d for d in scene.objects if isinstance(d.value, Node)]
    every, control, etcd = IpSet(), IpSet(), IpSet()
    for d in nodes:
        addresses = node_addresses(d.value)
        roles = (d.value.metadata.labels or {}).keys()
        every |= addresses
        if not roles.isdisjoint(CONTROL_PLANE):
            control |= addresses
        if ETCD_ROLE in roles:
            etcd |= addresses
    api: dict[int, IpSet] = {API_PORT: control} if control else {}
    for d in scene.objects if nodes else ():
        if isinstance(d.value, Pod) and (d.value.metadata.labels or {}).get("component") == "etcd":
            status = d.value.status
            texts = [status.pod_ip, status.host_ip] if status else []
            etcd |= IpSet.of(*(t for t in texts if t and is_address(t)))
        if isinstance(d.value, EndpointSlice) and d.namespace == "default":
            if (d.value.metadata.labels or {}).get("kubernetes.io/service-name") == "kubernetes":
                api |= _api(d.value, api)
    found = [
        Part(
            "NW3304",
            "etcd",
            dict.fromkeys(ETCD_PORTS, etcd) if etcd else {},
            "etcd holds every Secret of the cluster; only its client certificates then stand before it",
        ),
        Part(
            "NW3301",
            f"the cloud's metadata address {METADATA}",
            {80: IpSet.of(METADATA)},
            "an intruder on one of these pods may take the credentials of its node from there",
        ),
        Part(
            "NW3303",
            f"the kubelets of {len(nodes)} nodes",
            {KUBELET_PORT: every} if every else {},
            "a kubelet runs commands in any pod of its node for who is authorised, and lists its pods",
        ),
        Part(
            "NW3302",
            "the API server",
            api,
            "from there an intruder can use the pods' service accounts",
        ),
    ]
    if not scene.matches_by_address("node"):
        found = [msgspec.structs.replace(p, at={port: where - every for port, where in p.at.items()}) for p in found]
    return tuple(p for p in found if any(p.at.values()))


def _api(slice_: EndpointSlice, known: dict[int, IpSet]) -> dict[int, IpSet]:
    texts = [a for e in slice_.endpoints or () for a in e.addresses or ()]
    addresses = IpSet.of(*texts) if slice_.address_type != "FQDN" else IpSet()
    return {p.port: known.get(p.port, IpSet()) | addresses for p in slice_.ports or () if p.port}
