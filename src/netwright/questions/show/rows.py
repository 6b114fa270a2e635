"""The rows of `show`, one struct a noun. Sequences are sorted; "" and None are "not known" or "none", as each field
says.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from netwright.engine.acting import Isolation
from netwright.model.nics import Kept


class Row(msgspec.Struct, frozen=True, kw_only=True):
    pass


class WorkloadRow(Row, frozen=True):
    """`pods` is None where it is one a node. `network` "host": it is on its node's network and no NetworkPolicy acts
    on it.

    `policies` select at least one of its pods, narrowest first; `unread` are kinds that were not evaluated and could
    act on it. `serves` are the
    ports its containers declare.
    """

    namespace: str
    ref: str
    pods: int | None
    network: Literal["pod", "host"]
    isolated_in: Isolation
    isolated_out: Isolation
    policies: tuple[str, ...]
    unread: tuple[str, ...]
    serves: tuple[str, ...]
    services: tuple[str, ...]
    file: str
    line: int


class EndpointRow(Row, frozen=True):
    """`addresses` are known ones; without any, `may_have` are the ranges it has an address of, where these are known.

    `pods` is how many pods the row stands for: 1, or a template's replicas (None: one a node, or a node itself).
    `identity` numbers the
    interfaces that no selector tells apart. `node` "" is not known.
    """

    namespace: str
    ref: str
    addresses: tuple[str, ...]
    may_have: tuple[str, ...]
    node: str
    identity: int
    named_ports: tuple[str, ...]
    network: Literal["pod", "host"]
    pods: int | None


class ServiceRow(Row, frozen=True):
    """`ports` as `TCP 80 to http`. `backends` are the workloads (or addresses) that the ports lead to, `pods` how
    many pods.

    `lacks` says why there are none: "no endpoints", "no selector" (its endpoints are not in the input), "a name"
    (ExternalName), "".
    """

    namespace: str
    ref: str
    type: str
    addresses: tuple[str, ...]
    ports: tuple[str, ...]
    backends: tuple[str, ...]
    pods: int | None
    lacks: str
    file: str
    line: int


class PolicyRow(Row, frozen=True):
    """`selects` are workloads; `pods` the pods of these that it selects (None: one a node). `rules_in` and
    `rules_out` are None where it does
    not act in that direction. `evaluated` False: a kind that is not read yet; what it selects is not known (None)."""

    namespace: str
    ref: str
    kind: str
    directions: tuple[str, ...]
    selects: int | None
    workloads: tuple[str, ...]
    pods: int | None
    rules_in: int | None
    rules_out: int | None
    evaluated: bool
    file: str
    line: int


class WireRow(Row, frozen=True, kw_only=True):
    """The way of a network out of nodes that are set up alike: see `model.wires.Wire`. `vlans` None: all pass, 0 are
    frames without a tag."""

    at: tuple[str, ...]
    bridge: str
    uplinks: tuple[str, ...]
    vlans: tuple[str, ...] | None
    mtu_bytes: int | None
    mtu_of: str
    policies: tuple[str, ...]
    lacks: str
    open: str


class NetworkRow(Row, frozen=True, kw_only=True):
    """A network, or a node's `part` of one. `ref` is "pod", "host", "service", or that of a network which an object
    defines: "udn/NAMESPACE/NAME", "cudn/NAME", "nad/NAMESPACE/NAME"; `kind` is that object's, "" for the others.

    `topology` is OVN-Kubernetes' word, or the type of the plugin. `subnets` empty: it gives no addresses, or they are
    not known; of topology layer3 the length of each node's part may stand behind a range. `vlan` 0 is none, None not
    known; `trunk` are the VLANs that interfaces tag with themselves. `mtu_why` is where an MTU is from that is not
    written. `ipam` is who gives addresses, "none" nobody, "" not known. `namespaces` None: of all; `perhaps` are
    those whose labels are not known. `attachments` are what pods name it by. `wires` are its ways out of the nodes,
    where the input says how these are set up. `carries` are the live migrations of KubeVirt where they go over it.
    `endpoints` counts rows of `show endpoints`; None where they are not
    counted.
    """

    ref: str
    kind: str = ""
    part: str = ""
    families: tuple[str, ...]
    topology: str = ""
    role: Literal["", "primary", "secondary"] = ""
    subnets: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    vlan: int | None = None
    trunk: tuple[str, ...] = ()
    mtu_bytes: int | None = None
    mtu_why: str = ""
    ipam: str = ""
    lifecycle: Literal["", "persistent"] = ""
    physical: str = ""
    namespaces: tuple[str, ...] | None = None
    perhaps: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    wires: tuple[WireRow, ...] = ()
    carries: Literal["", "migrations"] = ""
    endpoints: int | None = None
    known_from: str
    notes: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


class OverlapRow(Row, frozen=True, kw_only=True):
    """Another range with addresses in common: whose, whether that hurts, and why."""

    ref: str
    range: str
    hurts: Literal["yes", "no", "perhaps"]
    why: str


class SubnetRow(Row, frozen=True, kw_only=True):
    """A range of addresses, or the known addresses where the range is not in the input (Services, nodes): see
    `model.subnets.SubnetNoun`. Numbers are None where they are not known, or beyond 2**53."""

    ref: str
    part: str
    range: str
    use: Literal["pods", "services", "nodes", "cni", "primary", "secondary", "interface"]
    vlan: int | None
    size: int | None
    kept: int | None
    used: int | None
    free: int | None
    overlaps: tuple[OverlapRow, ...]
    known_from: str
    file: str
    line: int


class IsolationRow(Row, frozen=True):
    """Workloads of a namespace ("": of all together) by isolation; `both` to `host` add up to `workloads`.

    `open` are those of which only some pods are isolated, or which something not read could isolate. On `host` no
    NetworkPolicy acts.
    `percent` is the share of isolated directions of the workloads off the host network, rounded down; None where
    there are none.
    """

    namespace: str
    workloads: int
    both: int
    only_in: int
    only_out: int
    neither: int
    open: int
    host: int
    percent: int | None


class NamespaceRow(Row, frozen=True):
    """`pods` leaves out the templates of `per_node` DaemonSets, which stand for one pod a node each. `declared`
    False: named by objects, but its Namespace is not in the input.
    """

    namespace: str
    labels: tuple[str, ...]
    workloads: int
    pods: int
    per_node: int
    services: int
    policies: int
    declared: bool
    file: str
    line: int


class PolicyMapRow(Row, frozen=True):
    """The policy map of a workload's endpoints (or of one pod, where its pods have several identities) under Cilium.

    `entries` of which `entries_in` and `entries_out` are a direction's, `percent` of what a map holds, rounded down;
    `peers` the identities that they are about; `largest` the policies that make the most of them, where they are many.
    Not `exact`: `why_not` says what is not known, and the numbers follow from the rest.
    """

    namespace: str
    ref: str
    entries: int
    entries_in: int
    entries_out: int
    percent: int
    peers: int
    identity: int
    exact: bool
    largest: tuple[str, ...]
    why_not: tuple[str, ...]


class MachineRow(Row, frozen=True):
    """A virtual machine. `state` is KubeVirt's word for it, or how it is meant to run; `networks` are what its
    interfaces are attached to. `ip_kept` and `mac_kept` are of the interface that keeps least, `name_kept` of the one
    that keeps most. `live_migratable` is about its network alone, `hindered_by` says what hinders it."""

    namespace: str
    ref: str
    state: str
    node: str
    nics: int
    networks: tuple[str, ...]
    addresses: tuple[str, ...]
    live_migratable: Literal["yes", "no", "unknown"]
    hindered_by: str
    ip_kept: Kept
    mac_kept: Kept
    name_kept: Kept
    file: str
    line: int


class NicRow(Row, frozen=True):
    """An interface of a virtual machine. `network` is the reference of `show networks`, "" where that is not in the
    input: then `attached_to` says how it is written. `vlan` 0 is none; None is not known."""

    namespace: str
    ref: str
    nic: str
    network: str
    attached_to: str
    binding: str
    model: str
    vlan: int | None
    mtu_bytes: int | None
    mac: str
    addresses: tuple[str, ...]
    ports: tuple[str, ...]
    ip_kept: Kept
    mac_kept: Kept
    name_kept: Kept
    file: str
    line: int


class KindRow(Row, frozen=True):
    """Documents of one kind that met one fate. `does` says what follows for the answers."""

    fate: Literal["evaluated", "irrelevant", "not_understood", "invalid", "unreadable"]
    api_version: str
    kind: str
    documents: int
    does: str
    names: tuple[str, ...]
    file: str
    line: int


class ExposedRow(Row, frozen=True):
    """One way in from outside the cluster, as a chain of verdicts. `private`: the addresses at which it is reached,
    where none of them is of the internet, or "by annotation", where annotations ask for such a one; "" else."""

    verdict: Literal["allow", "some", "undecided", "deny"]
    service: str
    port: str
    via: str
    workload: str
    chain: tuple[str, ...]
    where: str
    private: str = ""


Rows: TypeAlias = tuple[Row, ...]
ROWS: dict[str, type[Row]] = {
    "workloads": WorkloadRow,
    "endpoints": EndpointRow,
    "services": ServiceRow,
    "policies": PolicyRow,
    "networks": NetworkRow,
    "subnets": SubnetRow,
    "exposed": ExposedRow,
    "isolation": IsolationRow,
    "namespaces": NamespaceRow,
    "policymaps": PolicyMapRow,
    "vms": MachineRow,
    "nics": NicRow,
    "kinds": KindRow,
}
"""The row of each noun."""

COUNTS: dict[str, tuple[str, ...]] = {
    "workloads": ("workloads", "pods", "isolated_both", "isolated_one", "isolated_none", "host"),
    "endpoints": ("endpoints", "identities", "addresses_known"),
    "services": ("services", "no_endpoints", "for_outside"),
    "policies": ("policies", "selecting_nothing", "not_evaluated"),
    "networks": ("networks", "primary", "secondary", "nodes", "service_addresses"),
    "subnets": ("ranges", "overlaps", "hurting", "perhaps_hurting"),
    "exposed": ("ways", "open", "open_to_some", "undecided", "closed"),
    "isolation": ("workloads", "both", "only_in", "only_out", "neither", "open", "host"),
    "namespaces": ("namespaces", "no_network_policy", "not_declared"),
    "policymaps": (
        "policy_maps",
        "over_limit",
        "nearly_full",
        "not_exact",
        "identities_of_pods",
        "identities_of_ranges",
        "identities_of_nodes",
    ),
    "vms": ("vms", "nics", "not_live_migratable", "ip_not_kept"),
    "nics": ("nics", "vms", "ip_not_kept", "network_unknown"),
    "kinds": ("documents", "evaluated", "irrelevant", "not_understood", "invalid", "unreadable"),
}
"""What the answer about each noun counts, by keys that stay."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: rows in order, counts by the keys of `COUNTS` and in their order, and notes about what is not in the
    rows."""

    noun: str
    rows: tuple[Row, ...]
    counts: dict[str, int]
    notes: tuple[str, ...] = ()
