"""What Cilium knows an end of a packet by: the labels of its identity, and the options that decide about them.

After Cilium 1.20.2: `pkg/k8s/utils` (SanitizePodLabels), `pkg/labelsfilter` (the default filter), `pkg/identity`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from netwright.dialects.k8s.objects import ContainerPort
from netwright.spec.addresses import Match
from netwright.spec.controllers import Known
from netwright.spec.ends import End, is_read, namespace_labels, template
from netwright.spec.judgement import Direction, Reason
from netwright.spec.packet import Packet
from netwright.spec.reasons import API_SERVER, LABEL, NAMESPACE

NAMESPACE_NAME = "io.kubernetes.pod.namespace"
NAMESPACE_LABEL = "io.cilium.k8s.namespace.labels."
SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
CLUSTER = "io.cilium.k8s.policy.cluster"
OWNED = "io.cilium.k8s"
"""Keys that start so are Cilium's own: those that pods have themselves are not read."""

# Patterns that are matched at the start of a key. The longest of the first against the shortest of the second decides.
_KEPT = tuple(
    re.compile(re.escape(text))
    for text in (NAMESPACE_NAME, NAMESPACE_LABEL[:-1], "app.kubernetes.io", CLUSTER, SERVICE_ACCOUNT)
)
_DROPPED = tuple(
    re.compile(text)
    for text in (
        r"io\.kubernetes",
        r"kubernetes\.io",
        r"statefulset\.kubernetes\.io/pod-name",
        r"apps\.kubernetes\.io/pod-index",
        r"batch\.kubernetes\.io/job-completion-index",
        r"batch\.kubernetes\.io/controller-uid",
        r".*beta\.kubernetes\.io",
        r"k8s\.io",
        "pod-template-generation",
        "pod-template-hash",
        "controller-revision-hash",
        "controller-uid",
        "annotation.*",
        "etcd_node",
        r"topology\.kubernetes\.io",
    )
)


class CiliumOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the agents are set up; the defaults are Cilium's.

    `cidr_match_modes`: policy-cidr-match-mode; `enforcement`: enable-policy; `allow_localhost`: allow-localhost, of
    which "auto" means "always" under Kubernetes; `cluster_name`: cluster-name; `cluster_network_policies`:
    enable-k8s-cluster-network-policy, which is off by Cilium's own default. All others are as Cilium has them: both
    address families, ICMP rules, the L7 proxy and non-default-deny policies are on; the labels of nodes, further IP
    protocols and the host firewall are off.
    """

    cidr_match_modes: frozenset[Literal["pods", "nodes"]] = frozenset()
    enforcement: Literal["default", "always", "never"] = "default"
    allow_localhost: Literal["auto", "always", "policy"] = "auto"
    cluster_name: str = "default"
    cluster_network_policies: bool = True


DEFAULTS = CiliumOptions()


class Held(NamedTuple):
    """Whether an identity has a label, and its value; None is a value that is not known. `reason` why it is open."""

    present: Match
    value: str | None = None
    reason: Reason | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An end as Cilium's policies see it: `labels` by source and key.

    `kind` "host" is the node of the pod at the other end, "remote-node" any other node, "world" what is outside.
    `unread`: the labels of the pod's namespace are not in the input. `stand_in`: Cilium aggregates it with others of
    its kind, under an identity that has no labels.
    """

    kind: Literal["pod", "host", "remote-node", "world"]
    labels: dict[tuple[str, str], str | None]
    unread: bool = False
    stand_in: bool = True

    def held(self, source: str, key: str) -> Held:
        """The label of this source (`any`: of every one) and key."""
        for (theirs, name), value in self.labels.items():
            if name == key and source in ("any", theirs):
                return Held("yes", value, LABEL if value is None else None)
        if self.kind != "pod" and key == "kube-apiserver" and source in ("any", "reserved"):
            return Held("perhaps", "", API_SERVER)
        if self.unread and source in ("any", "k8s") and key.startswith(NAMESPACE_LABEL) and is_kept(key):
            return Held("perhaps", None, NAMESPACE)
        return Held("no")


class Scene:
    """A packet under Cilium, at the end that it leaves (egress) or reaches. `own`: a node at one end is the node of the
    pod at the other."""

    def __init__(self, packet: Packet, options: CiliumOptions, direction: Direction, *, own: bool) -> None:
        self.packet = packet
        self.options = options
        self.direction = direction
        self.own = own
        ends = (packet.source, packet.destination) if direction == "egress" else (packet.destination, packet.source)
        self.peer_end = ends[1]
        self.subject, self.peer = (self._identity(end) for end in ends)

    def _identity(self, end: End) -> Identity:
        if end.kind == "pod":
            unread = not is_read(self.packet.objects, end.namespace)
            return Identity(kind="pod", labels=self._pod_labels(end), unread=unread)
        if end.kind == "host":
            kind: Literal["host", "remote-node"] = "host" if self.own else "remote-node"
            # Other nodes have identities of their own, which can be aggregated, only for their addresses' sake.
            stand_in = kind == "remote-node" and "nodes" in self.options.cidr_match_modes
            return Identity(kind=kind, labels={("reserved", kind): ""}, stand_in=stand_in)
        return Identity(kind="world", labels={("reserved", f"world-ipv{end.known[0].version}"): ""})

    def _pod_labels(self, end: End) -> dict[tuple[str, str], str | None]:
        thing = self.packet.source_object if end is self.packet.source else self.packet.destination_object
        assert not isinstance(thing, str)
        account = template(thing)[1].service_account_name or "default"
        labels: Known = {key: value for key, value in end.labels.items() if not key.startswith(OWNED)}
        own = namespace_labels(self.packet.objects, end.namespace)
        labels |= {NAMESPACE_LABEL + key: value for key, value in own.items()}
        labels |= {NAMESPACE_NAME: end.namespace, SERVICE_ACCOUNT: account, CLUSTER: self.options.cluster_name}
        return {("k8s", key): value for key, value in labels.items() if is_kept(key)}

    def named_ports(self) -> Mapping[str, tuple[str, int]]:
        """The names of ports that the destination has: protocol and number.

        Those of its containers alone, not of init containers, not even of sidecars. Of ports with one name the last.
        """
        thing = self.packet.destination_object
        if self.packet.destination.kind != "pod" or isinstance(thing, str):
            return {}
        listed: list[ContainerPort] = [
            port for container in template(thing)[1].containers or () for port in container.ports or ()
        ]
        return {one.name.lower(): (one.protocol or "TCP", one.container_port) for one in listed if one.name}


@lru_cache(maxsize=65536)
def is_kept(key: str) -> bool:
    """Whether Cilium's default filter leaves pods the label, so that policies can select by it."""
    kept = [found.end() for one in _KEPT if (found := one.match(key))]
    dropped = [found.end() for one in _DROPPED if (found := one.match(key))]
    return not dropped or max(kept, default=0) > min(dropped)
