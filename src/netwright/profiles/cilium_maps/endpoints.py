"""The endpoints of a cluster as Cilium knows them: the labels of their identities, and the names of their ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from netwright.base.ipset import BITS, Family
from netwright.base.services import PROTOCOLS
from netwright.dialects.cilium.named_objects import OWNED, group_labels, group_ranges
from netwright.dialects.cilium.selectors import (
    CLUSTER,
    DROPPED_OF_NAMESPACES,
    NAMESPACE,
    NAMESPACE_LABELS,
    SEEN,
    SERVICE_ACCOUNT,
    THIS_CLUSTER,
)
from netwright.dialects.k8s.endpoints import node_addresses, template_of
from netwright.dialects.k8s.generated import JOB_NAMES, UNKNOWN, generated_labels
from netwright.dialects.k8s.objects import Meta, Pod, PodSpec, PodTemplate
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded
from netwright.profiles.cilium_maps.identities import Identities
from netwright.profiles.cilium_maps.ranges import Label, RangeLabels, cidr_key
from netwright.profiles.cilium_maps.rules import Entry, is_port_name
from netwright.profiles.cilium_maps.selectors import Prefix

NAMED_PORTS: Final = "io.cilium.k8s.named-ports"

OF_RUNS: Final = "each run of a CronJob has an identity of its own, by the name of its Job: one is counted"
OF_ADDRESSES: Final = "the addresses of pods are not in the input, and address ranges match pods here"
OF_NODES: Final = "address ranges match nodes here, and nodes have addresses of Cilium's own that no Node tells"
WHICH_NODE: Final = "which node the pod is on is not in the input, and address ranges match nodes here"


class Member(NamedTuple):
    """A pod, or pods of one template: the identity, the names of its ports, its node."""

    identity: int
    ports: Mapping[str, tuple[int, int]]
    node: str


class Scene:
    """The identities of a cluster, seen from one of its nodes ("": from none), and its endpoints by row."""

    def __init__(self, cluster: Cluster, rules: Sequence[Entry], modes: frozenset[str], node: str = "") -> None:
        self._cluster = cluster
        self._modes = modes
        self.identities = Identities(cluster.families, modes)
        self._ranges = RangeLabels(cluster.families)
        self._name_ranges(rules, node)
        self.members: dict[int, Member] = {}
        self._pods()
        self._of_ranges(node)

    # --- pods --------------------

    def _pods(self) -> None:
        columns = self._cluster.columns
        host, nodes, offsets = columns.host.tolist(), columns.node.tolist(), columns.label_offsets.tolist()
        spaces, maps, alone = columns.namespace.tolist(), columns.port_map.tolist(), columns.address_set.tolist()
        known: dict[object, tuple[int, Mapping[str, tuple[int, int]]]] = {}
        for row, d in enumerate(self._cluster.row_objects):
            if host[row]:
                continue
            labels = columns.label_ids[offsets[row] : offsets[row + 1]].tobytes()
            key: object = (spaces[row], labels, maps[row], d if _is_special(d) else None)
            if "pods" in self._modes:
                key = (key, row)
            found = known.get(key)
            if found is None:
                found = known[key] = self._identity(row, d, columns.namespaces[spaces[row]], alone[row] >= 0)
            node = columns.nodes[nodes[row]] if nodes[row] >= 0 else ""
            self.members[row] = Member(*found, node)

    def _identity(
        self, row: int, d: Decoded, namespace: str, is_open: bool
    ) -> tuple[int, Mapping[str, tuple[int, int]]]:
        labels, spec = _template(d)
        held: dict[str, str] = {key: value for key, value in labels.items() if not key.startswith(OWNED)}
        columns = self._cluster.columns
        of_namespace = columns.namespace_labels[columns.namespaces.index(namespace)]
        own = {k: v for k, v in of_namespace.items() if DROPPED_OF_NAMESPACES.match(k) is None}
        found: set[Label] = {("k8s", key, value) for key, value in held.items() if SEEN.sees(key)}
        found |= {("k8s", NAMESPACE_LABELS + key, value) for key, value in own.items()}
        found |= {("k8s", NAMESPACE, namespace), ("k8s", CLUSTER, THIS_CLUSTER)}
        found.add(("k8s", SERVICE_ACCOUNT, spec.service_account_name or "default"))
        ports = named_ports(spec)
        if ports:
            text = "_".join(f"{name}.{protocol}.{port}" for name, (protocol, port) in sorted(ports.items()))
            found.add(("gen", NAMED_PORTS, text))
        if "pods" in self._modes and not is_open:
            found |= self._labels_of_addresses(row)
        number = self.identities.add(frozenset(found))
        self.identities.ports[number] = ports
        if namespace in columns.unlabelled:
            self.identities.unread |= 1 << number
        if any(value == UNKNOWN for _, _, value in found):
            self._unsure(OF_RUNS, number)
        if "pods" in self._modes and is_open:
            self._unsure(OF_ADDRESSES, number)
        return number, ports

    def _unsure(self, reason: str, number: int) -> None:
        self.identities.unsure[reason] = self.identities.unsure.get(reason, 0) | 1 << number

    def _labels_of_addresses(self, row: int) -> set[Label]:
        """The ranges that a pod's addresses are in; of those that policies name the nearest, else everything."""
        columns = self._cluster.columns
        found: set[Label] = set()
        held: list[tuple[Family, int]] = []
        if columns.has_v4[row]:
            held.append((4, int(columns.v4[row])))
        if columns.has_v6[row]:
            held.append((6, int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")))
        for family, value in held:
            labels = self._ranges.merged(Prefix(family, value, BITS[family])).values()
            own = {one for one in labels if one[0] in ("cidr", "cidrgroup")}
            if not any(source == "cidr" for source, _, _ in own):
                own.add(("cidr", cidr_key(Prefix(family, 0, 0)), ""))
            found |= own
        return found

    # --- address ranges and nodes --------------------

    def _name_ranges(self, rules: Sequence[Entry], local: str) -> None:
        for rule in rules:
            for peer in rule.peers or ():
                for prefix in peer.prefixes:
                    self._ranges.name(prefix)
        groups = [d for d in self._cluster.objects if d.kind == "CiliumCIDRGroup"]
        for d in sorted(groups, key=lambda one: one.name):
            labels = group_labels(d)
            for text in group_ranges(d):
                self._ranges.group(Prefix.of(text), labels, d.name)
        for d in self._cluster.objects:
            if d.kind == "Node":
                kind = "host" if d.name == local else "remote-node"
                for text in node_addresses(d.value).cidrs():
                    self._ranges.node(Prefix.of(text), kind, "nodes" in self._modes)

    def _of_ranges(self, local: str) -> None:
        by_node = "nodes" in self._modes
        own: set[Label] = {("reserved", "host", "")}
        for prefix in self._ranges.prefixes:
            labels = self._ranges.identity(prefix, by_node)
            if ("reserved", "host", "") in labels:
                own |= labels
                continue
            number = self.identities.add(labels)
            if by_node and ("reserved", "remote-node", "") in labels:
                self._unsure(OF_NODES, number)
        if local and by_node:
            self.identities.replace_host(frozenset(own))


def _template(d: Decoded) -> tuple[Mapping[str, str], PodSpec]:
    """The labels that pods of the object have as far as identities can have them, and their spec."""
    meta: Meta | None
    more: Mapping[str, str] = {}
    if isinstance(d.value, Pod):
        meta, spec = d.value.metadata, d.value.spec
    else:
        template = template_of(d) or PodTemplate()
        meta, spec = template.metadata, template.spec
        more = {key: value for key, value in generated_labels(d).items() if key in JOB_NAMES}
    labels = (meta.labels if meta is not None else None) or {}
    return {**{key: value or "" for key, value in labels.items()}, **more}, spec or PodSpec()


def _is_special(d: Decoded) -> bool:
    """Whether the columns do not tell all that its identity has: names of its Job, ports of init containers."""
    if d.kind in ("Job", "CronJob"):
        return True
    spec = d.value.spec if isinstance(d.value, Pod) else _template(d)[1]
    return spec is not None and any(one.ports for one in spec.init_containers or ())


def named_ports(spec: PodSpec) -> dict[str, tuple[int, int]]:
    """The ports of containers (init containers apart) by name: protocol and number; of one name the last."""
    return {
        port.name.lower(): (PROTOCOLS.get(port.protocol or "TCP", 6), port.container_port)
        for container in spec.containers or ()
        for port in container.ports or ()
        if port.name and is_port_name(port.name) and 0 < port.container_port < 65536
    }
