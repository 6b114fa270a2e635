"""What the API server refuses in a NetworkPolicy (kubernetes `pkg/apis/networking/validation`).

Unknown fields and wrong types are found before, by decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import (
    IPBlock,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from netwright.dialects.k8s.validate_syntax import (
    MOST_KEPT,
    Fault,
    Network,
    check_cidr,
    check_port_name,
    check_port_number,
    check_protocol,
    check_selector,
    quoted,
    read_cidr,
)

# In Go a `null` entry of a list is the entry with nothing set.
_INGRESS = NetworkPolicyIngressRule()
_EGRESS = NetworkPolicyEgressRule()
_PEER = NetworkPolicyPeer()
_PORT = NetworkPolicyPort()


def check_policy_spec(spec: NetworkPolicySpec) -> None:
    """Raises `Fault` for the first field the API server would refuse.

    Host bits in ranges are not refused: servers before Kubernetes 1.36 take them with a warning, and what is stored
    stays valid after. `loose_ranges` names them.
    """
    if spec.pod_selector is not None:
        check_selector(spec.pod_selector, ("spec", "podSelector"))
    for index, ingress in enumerate(spec.ingress or ()):
        rule = ingress or _INGRESS
        _check_rule(rule.from_, "from", rule.ports, ("spec", "ingress", index))
    for index, egress in enumerate(spec.egress or ()):
        out = egress or _EGRESS
        _check_rule(out.to, "to", out.ports, ("spec", "egress", index))
    types = spec.policy_types or ()
    if len(types) > 2:
        raise Fault(("spec", "policyTypes"), f"has {len(types)} entries; there are two types, `Ingress` and `Egress`")
    for index, type_ in enumerate(types):
        if type_ not in ("Ingress", "Egress"):
            raise Fault(("spec", "policyTypes", index), f"is {quoted(type_)}; the types are `Ingress` and `Egress`")


def _check_rule(
    peers: tuple[NetworkPolicyPeer | None, ...] | None,
    side: str,
    ports: tuple[NetworkPolicyPort | None, ...] | None,
    pointer: Pointer,
) -> None:
    for index, port in enumerate(ports or ()):
        _check_port(port or _PORT, (*pointer, "ports", index))
    for index, peer in enumerate(peers or ()):
        _check_peer(peer or _PEER, (*pointer, side, index))


@lru_cache(maxsize=MOST_KEPT)
def _check_port(entry: NetworkPolicyPort, pointer: Pointer) -> None:
    if entry.protocol is not None:
        check_protocol(entry.protocol, (*pointer, "protocol"))
    port, end = entry.port, entry.end_port
    if isinstance(port, str):
        if end is not None:
            raise Fault((*pointer, "endPort"), f"needs a `port` that is a number; it is the name {quoted(port)}")
        check_port_name(port, (*pointer, "port"))
    elif port is not None:
        check_port_number(port, (*pointer, "port"))
        if end is not None:
            check_port_number(end, (*pointer, "endPort"))
            if end < port:
                raise Fault((*pointer, "endPort"), f"is {quoted(end)}, below its `port`, which is `{port}`")
    elif end is not None:
        raise Fault((*pointer, "endPort"), "needs a `port` beside it, where the range begins")


def _check_peer(peer: NetworkPolicyPeer, pointer: Pointer) -> None:
    pods, namespaces, block = peer.pod_selector, peer.namespace_selector, peer.ip_block
    if pods is not None:
        check_selector(pods, (*pointer, "podSelector"))
    if namespaces is not None:
        check_selector(namespaces, (*pointer, "namespaceSelector"))
    if block is not None:
        if pods is not None or namespaces is not None:
            raise Fault(
                pointer,
                "has `ipBlock` and a selector; a peer is one or the other",
                "make two entries of the list of it",
            )
        _check_block(block, (*pointer, "ipBlock"))
    elif pods is None and namespaces is None:
        raise Fault(
            pointer,
            "is empty; a peer has `podSelector`, `namespaceSelector` or `ipBlock`",
            "`podSelector: {}` is every pod of the namespace, `namespaceSelector: {}` every pod of every namespace",
        )


def _check_block(block: IPBlock, pointer: Pointer) -> None:
    if not block.cidr:
        raise Fault((*pointer, "cidr"), "is missing; an `ipBlock` needs a range such as 10.9.8.0/24")
    whole = check_cidr(block.cidr, (*pointer, "cidr"), stored=True, legacy=True)
    for index, text in enumerate(block.except_ or ()):
        at = (*pointer, "except", index)
        part = check_cidr(text, at, stored=True, legacy=True)
        # Strictly inside: an exception as large as the range would leave nothing.
        if part.version != whole.version or part.prefixlen <= whole.prefixlen or part.network_address not in whole:
            raise Fault(at, f"is {quoted(text)}, which is not strictly inside `cidr`, {quoted(block.cidr)}")


def loose_ranges(spec: NetworkPolicySpec) -> Iterator[tuple[Pointer, str, Network]]:
    """The ranges of a valid policy that have bits set beyond their prefix length: where, as written, without them."""
    for index, ingress in enumerate(spec.ingress or ()):
        for number, peer in enumerate((ingress and ingress.from_) or ()):
            if peer is not None and peer.ip_block is not None:
                yield from _loose(peer.ip_block, ("spec", "ingress", index, "from", number, "ipBlock"))
    for index, egress in enumerate(spec.egress or ()):
        for number, peer in enumerate((egress and egress.to) or ()):
            if peer is not None and peer.ip_block is not None:
                yield from _loose(peer.ip_block, ("spec", "egress", index, "to", number, "ipBlock"))


def _loose(block: IPBlock, pointer: Pointer) -> Iterator[tuple[Pointer, str, Network]]:
    for place, text in ((("cidr",), block.cidr), *((("except", i), t) for i, t in enumerate(block.except_ or ()))):
        network, exact = read_cidr(text)
        if not exact:
            yield (*pointer, *place), text, network
