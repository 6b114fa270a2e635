"""Reads the scenario files of this folder: Markdown with manifests and the verdicts that a person derived for them.

The format is described in README.md. Nothing here knows how a verdict is found; `decode` turns manifests into objects
for the reference evaluators, in the plainest way (PyYAML's safe loader, one struct a kind).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec
import yaml

from netwright.dialects.adminpolicy import objects as admin
from netwright.dialects.calico import NETWORK_POLICY
from netwright.dialects.calico import objects as calico
from netwright.dialects.cilium import objects as cilium
from netwright.dialects.istio import objects as istio
from netwright.dialects.k8s import objects as k8s
from netwright.dialects.kubevirt import objects as kubevirt
from netwright.dialects.multus import objects as multus
from netwright.dialects.nmstate import objects as nmstate
from netwright.dialects.ovn import objects as ovn
from netwright.model.document import Decoded
from netwright.profiles.known import profile_of

FOLDER = Path(__file__).parent
Verdict = Literal["allow", "deny", "undecided", "some"]
Protocol = Literal["TCP", "UDP", "SCTP", "ICMP"]
NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job")
ADMIN_POLICIES: dict[str, Any] = {
    "ClusterNetworkPolicy": admin.ClusterNetworkPolicy,
    "AdminNetworkPolicy": admin.AdminNetworkPolicy,
    "BaselineAdminNetworkPolicy": admin.AdminNetworkPolicy,
}
PEERS = {"namespaces", "pods", "nodes", "networks", "domainNames"}
CALICO: dict[str, Any] = {
    NETWORK_POLICY: calico.NetworkPolicy,
    "StagedNetworkPolicy": calico.StagedNetworkPolicy,
    "StagedKubernetesNetworkPolicy": calico.StagedKubernetesNetworkPolicy,
    "NetworkSet": calico.NetworkSet,
}
CALICO_CLUSTER_SCOPED: dict[str, Any] = {
    "GlobalNetworkPolicy": calico.GlobalNetworkPolicy,
    "StagedGlobalNetworkPolicy": calico.StagedGlobalNetworkPolicy,
    "GlobalNetworkSet": calico.NetworkSet,
    "Tier": calico.Tier,
    "HostEndpoint": calico.HostEndpoint,
    "Profile": calico.Profile,
    "FelixConfiguration": calico.FelixConfiguration,
}
CLUSTER_SCOPED = (
    "Namespace",
    "Node",
    "ClusterUserDefinedNetwork",
    "ClusterNetworkConnect",
    "NodeNetworkConfigurationPolicy",
    "NodeNetworkState",
    "CiliumClusterwideNetworkPolicy",
    "CiliumCIDRGroup",
    *ADMIN_POLICIES,
    *CALICO_CLUSTER_SCOPED,
)
TYPES: dict[str, Any] = {
    "Namespace": k8s.Namespace,
    "EgressFirewall": ovn.EgressFirewall,
    "Pod": k8s.Pod,
    "CronJob": k8s.CronJob,
    "ServiceAccount": k8s.ServiceAccount,
    "Node": k8s.Node,
    "Service": k8s.Service,
    "EndpointSlice": k8s.EndpointSlice,
    "Ingress": k8s.Ingress,
    "NetworkPolicy": k8s.NetworkPolicy,
    "CiliumNetworkPolicy": cilium.CiliumNetworkPolicy,
    "CiliumClusterwideNetworkPolicy": cilium.CiliumNetworkPolicy,
    "CiliumCIDRGroup": cilium.CiliumCIDRGroup,
    "AuthorizationPolicy": istio.AuthorizationPolicy,
    "PeerAuthentication": istio.PeerAuthentication,
    "RequestAuthentication": istio.RequestAuthentication,
    "DestinationRule": istio.DestinationRule,
    "VirtualMachine": kubevirt.VirtualMachine,
    "VirtualMachineInstance": kubevirt.VirtualMachineInstance,
    "UserDefinedNetwork": ovn.UserDefinedNetwork,
    "ClusterUserDefinedNetwork": ovn.ClusterUserDefinedNetwork,
    "ClusterNetworkConnect": ovn.ClusterNetworkConnect,
    "NetworkAttachmentDefinition": multus.NetworkAttachmentDefinition,
    "MultiNetworkPolicy": multus.MultiNetworkPolicy,
    "IPAMClaim": multus.IPAMClaim,
    "NodeNetworkConfigurationPolicy": nmstate.NodeNetworkConfigurationPolicy,
    "NodeNetworkState": nmstate.NodeNetworkState,
    **ADMIN_POLICIES,
    **CALICO,
    **CALICO_CLUSTER_SCOPED,
    **dict.fromkeys(WORKLOADS, k8s.Workload),
}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One file of manifests. `invalid`: the API server would reject what it holds, so it must change no verdict."""

    name: str
    text: str
    invalid: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One expected verdict, with the options of its block and its line (1-based) in the scenario's file.

    `port` is None for ICMP. `family` is None where the block does not say: then an address gives it, else it is 4.
    `cni` is the profile; "": what the manifests tell. `network` is the one that carries the packet.
    """

    line: int
    source: str
    target: str
    port: int | None
    protocol: Protocol
    verdict: Verdict
    pod_ranges: tuple[str, ...] = ()
    family: Literal[4, 6] | None = None
    cni: str = ""
    network: str = "pod"

    @property
    def under(self) -> str:
        return (f" on {self.network}" if self.network != "pod" else "") + (f" under {self.cni}" if self.cni else "")

    @property
    def text(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        target = f"[{self.target}]{port}" if is_v6(self.target) and port else f"{self.target}{port}"
        return f"{self.source} {target} {self.protocol}"

    @property
    def packet_family(self) -> Literal[4, 6]:
        return self.family or (6 if is_v6(self.source) or is_v6(self.target) else 4)

    @property
    def protocol_number(self) -> int:
        """The IANA number; ICMP is ICMPv6 in family 6."""
        return NUMBERS.get(self.protocol) or (58 if self.packet_family == 6 else 1)

    @property
    def packet_port(self) -> int:
        """The destination port; for ICMP the type and code of an echo request, type << 8 | code."""
        if self.port is not None:
            return self.port
        return (128 if self.packet_family == 6 else 8) << 8


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its name without `.md`, its heading, its manifests and the verdicts on them."""

    name: str
    path: Path
    title: str
    manifests: tuple[Manifest, ...]
    rows: tuple[Row, ...]

    def decoded(self) -> list[Decoded]:
        """The objects of the valid manifests, in order."""
        return [one for manifest in self.manifests if not manifest.invalid for one in decode(manifest.text)]

    def write(self, folder: Path) -> None:
        """Writes every manifest, the invalid ones too, into the folder."""
        for manifest in self.manifests:
            (folder / manifest.name).write_text(manifest.text, encoding="utf-8")


def scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """Every scenario of the folder, by name."""
    return [read(path) for path in sorted(folder.glob("*.md")) if path.name != "README.md"]


def read(path: Path) -> Scenario:
    """One scenario. Raises ValueError, with file and line, for what is not in the format."""
    title = ""
    manifests: list[Manifest] = []
    rows: list[Row] = []
    for line, info, body in _parts(path):
        words = info.split()
        if info.startswith("# ") and not title:
            title = info[2:].strip()
        elif words[:1] == ["yaml"]:
            options = dict(word.partition("=")[::2] for word in words[1:])
            if not options.get("file") or set(options) - {"file", "invalid"}:
                raise ValueError(f"{path.name}:{line}: a yaml block needs file=NAME and knows only `invalid` besides")
            manifests.append(Manifest(name=options["file"], text="".join(body), invalid="invalid" in options))
        elif words[:1] == ["verdicts"]:
            rows += _rows(path, line, words[1:], body)
        elif body:
            raise ValueError(f"{path.name}:{line}: a block is either yaml or verdicts, not `{info}`")
    if not (title and manifests and rows):
        raise ValueError(f"{path.name}: a scenario has a heading, manifests and verdicts")
    return Scenario(name=path.stem, path=path, title=title, manifests=tuple(manifests), rows=tuple(rows))


def _parts(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """(line, info string, lines inside) of each fenced block, and (line, text, nothing) of each line outside."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = 0
    while at < len(lines):
        text = lines[at].strip()
        start = at
        at += 1
        if not text.startswith("```"):
            yield start + 1, text, []
            continue
        body: list[str] = []
        while at < len(lines) and lines[at].strip() != "```":
            body.append(lines[at])
            at += 1
        if at == len(lines):
            raise ValueError(f"{path.name}:{start + 1}: a block that does not end")
        at += 1
        yield start + 1, text[3:].strip(), body


def _rows(path: Path, start: int, options: Sequence[str], body: Sequence[str]) -> Iterator[Row]:
    ranges: list[str] = []
    family: Literal[4, 6] | None = None
    cni = ""
    for option in options:
        key, _, value = option.partition("=")
        if key == "pod-cidr" and value:
            ranges += value.split(",")
        elif key == "family" and value in ("4", "6"):
            family = 4 if value == "4" else 6
        elif key == "cni" and value:
            try:
                cni = profile_of(value).name
            except ValueError as error:
                raise ValueError(f"{path.name}:{start}: {error}") from None
        else:
            raise ValueError(f"{path.name}:{start}: `{option}` is not an option of verdicts")
    for line, text in enumerate(body, start=start + 1):
        columns = text.split("#")[0].split()
        if not columns:
            continue
        if len(columns) not in (4, 5) or columns[2] not in get_args(Protocol) or columns[3] not in get_args(Verdict):
            raise ValueError(f"{path.name}:{line}: not FROM TO[:PORT] PROTOCOL VERDICT [NETWORK]: `{text.strip()}`")
        source, target, protocol, verdict, network = (*columns, "pod")[:5]
        name, port = split_port(target)
        if (port is None) != (protocol == "ICMP"):
            raise ValueError(f"{path.name}:{line}: a port stands beside TCP, UDP and SCTP and not beside ICMP")
        yield Row(
            line=line,
            source=source,
            target=name,
            port=port,
            protocol=cast(Protocol, protocol),
            verdict=cast(Verdict, verdict),
            pod_ranges=tuple(ranges),
            family=family,
            cni=cni,
            network=network,
        )


def split_port(text: str) -> tuple[str, int | None]:
    """`shop/db:5432`, `[2001:db8::1]:443`, `192.0.2.1:80` apart; a bare IPv6 address has no port."""
    if found := re.fullmatch(r"\[(.+)\](?::(\d+))?", text):
        return found[1], int(found[2]) if found[2] else None
    if found := re.fullmatch(r"([^:]+):(\d+)", text):
        return found[1], int(found[2])
    return text, None


def is_v6(text: str) -> bool:
    return text.count(":") > 1


def decode(text: str) -> list[Decoded]:
    """The objects of a file of manifests; namespaced ones without a namespace are in `default`."""
    found: list[Decoded] = []
    for tree in yaml.safe_load_all(text):
        if tree is None:
            continue
        kind, meta = tree["kind"], tree["metadata"]
        if kind == "NetworkPolicy" and "projectcalico.org" in tree["apiVersion"]:
            kind = NETWORK_POLICY
        namespace = "" if kind in CLUSTER_SCOPED else meta.get("namespace") or "default"
        tree = _body(tree) if kind == "NetworkPolicy" else _known(tree) if kind in ADMIN_POLICIES else tree
        tree = msgspec.json.decode(msgspec.json.encode(tree)) if kind == "PeerAuthentication" else tree
        value = msgspec.convert(tree, TYPES[kind])  # JSON has ports as text where they are keys
        found.append(Decoded(kind=kind, namespace=namespace, name=meta["name"], value=value))
    return found


def _body(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: tree[key] for key in ("metadata", "spec") if key in tree}


def _known(tree: dict[str, Any]) -> dict[str, Any]:
    """The policy with nothing in peers that have only fields of a newer API."""
    for rule in (*tree["spec"].get("ingress", ()), *tree["spec"].get("egress", ())):
        side = "from" if "from" in rule else "to"
        rule[side] = [peer if PEERS & peer.keys() else {} for peer in rule[side]]
    return tree
