"""Random clusters with many networks: primary ones with ranges that overlap, connections, and secondary ones.

`cluster(seed)` is a pure function of its seed. Few namespaces, labels and ranges, so that networks meet, policies hide
each other and addresses lie on both sides of a block; nodes, addresses and labels of namespaces are known mostly.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.random_cilium import APPS, PORTS, TEAMS, TIERS, node
from tests.random_ovn import CONFIG
from tests.random_ovn import _Maker as OvnMaker

Object = dict[str, Any]
Query = tuple[str, str, str, int, str]
"""Source, destination, protocol, port or ICMP type, and the network's reference."""

SPACES = ("shop", "bank", "ops", "lab")
PRIMARY = "k8s.ovn.org/primary-user-defined-network"
OPEN = "k8s.ovn.org/open-default-ports"
SUBNETS = ("10.20.0.0/16", "10.20.128.0/17", "10.30.0.0/16", "10.30.0.0/16")
LANS = ("10.1.0.0/24", "10.1.0.128/25", "10.2.0.0/24")
RANGES = ("0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.20.128.0/17", "10.20.0.5/32", "10.30.0.0/16", "10.244.0.0/16")
RANGES += (
    "203.0.113.0/24",
    "10.1.0.0/24",
    "10.1.0.0/25",
    "10.1.0.130/32",
    "10.1.0.0/28",
    "10.2.0.0/24",
    "10.20.0.0/28",
    "192.168.0.0/16",
    "::/0",
)
OUTSIDE = ("203.0.113.5", "198.51.100.7")
PLUGINS = ("ovn-k8s-cni-overlay",) * 4 + ("macvlan", "macvlan", "macvlan", "bridge", "bridge", "ipvlan", "sriov")
PLUGINS += ("host-device",)


@dataclass(frozen=True)
class Case:
    """One cluster: its objects, how it is set up, and questions."""

    seed: int
    config: Object
    manifests: list[Object]
    queries: list[Query]


def cluster(seed: int, tuples: int = 60) -> Case:
    """The cluster of the seed; more questions do not change it."""
    maker = _Maker(random.Random(f"networks {seed}"))
    manifests = maker.objects()
    dice = random.Random(f"questions {seed}")
    asked = [maker.asked(dice) for _ in range(tuples)]
    return Case(seed, CONFIG, manifests, asked)


class _Maker(OvnMaker):
    def objects(self) -> list[Object]:
        self.labelled_spaces: set[str] = set()
        spaces = [self.namespace(name) for name in SPACES]
        nodes = [node(name, f"192.168.0.{i}") for i, name in ((1, "here"), (2, "there"))]
        self.primary: dict[str, tuple[str, str]] = {}
        self.secondary: dict[str, tuple[str, tuple[str, ...], str]] = {}
        self.segments: dict[str, str] = {}
        made = self.primaries() + self.secondaries()
        for space in spaces:
            if space["metadata"]["name"] not in self.primary:
                space["metadata"]["labels"].pop(PRIMARY, None)
        self.pods = [self.pod(i) for i in range(self.pick((6, 7, 8, 9)))]
        machines = [self.machine(i) for i in range(self.pick((0, 1, 2, 3)))]
        services = [self.service(space) for space in SPACES if self.chance(0.4)]
        if self.chance(0.2):
            spaces.append(self.namespace("kube-system"))
            spaces[-1]["metadata"]["labels"].pop(PRIMARY, None)
            services.append(self.for_every_network())
        if self.chance(0.6):
            made += [self.wiring(i) for i in range(self.pick((1, 2)))]
        if self.chance(0.5):
            made += [self.pool(i) for i in range(self.pick((1, 2)))]
        connects = [self.connect(i) for i in range(self.pick((0, 1, 1, 2)))]
        policies = [self.np(i) for i in range(self.pick((0, 1, 2, 3)))]
        policies += [self.multi(i) for i in range(self.pick((1, 2, 3, 4, 5)))]
        policies += [self.admin(0)] if self.chance(0.15) else []
        self.pods += machines
        self.services = [f"svc/{one['metadata']['namespace']}/{one['metadata']['name']}" for one in services]
        self.services += [at for one in services for at in one["spec"].get("externalIPs", ())]
        return [*spaces, *nodes, *made, *self.pods, *services, *connects, *policies]

    def namespace(self, name: str) -> Object:
        labels = {"kubernetes.io/metadata.name": name}
        if self.chance(0.7):
            labels["team"] = self.pick(TEAMS)
        if self.chance(0.75):
            labels[PRIMARY] = ""
            self.labelled_spaces.add(name)
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

    # --- networks ---

    def primaries(self) -> list[Object]:
        """A primary network for most namespaces with the label, and for some without it; rarely two for one."""
        made: list[Object] = []
        free = [space for space in SPACES if self.chance(0.9 if space in self.labelled_spaces else 0.3)]
        self.dice.shuffle(free)
        if len(free) > 1 and self.chance(0.5):
            shared = [free.pop() for _ in range(self.pick((1, 2, 2)) if len(free) > 2 else 1)]
            cidr = self.pick(SUBNETS)
            one = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": shared}
            selector: Object = {"matchExpressions": [one]}
            made.append(self.user_defined("ClusterUserDefinedNetwork", "wide", "", cidr, "Primary", selector))
            self.primary |= {space: (f"{space}/wide", cidr) for space in shared}
        for space in free:
            cidr = self.pick(SUBNETS)
            made.append(self.user_defined("UserDefinedNetwork", "own", space, cidr, "Primary"))
            self.primary[space] = (f"{space}/own", cidr)
        return made

    def user_defined(
        self, kind: str, name: str, space: str, cidr: str, role: str, selector: Object | None = None
    ) -> Object:
        if self.chance(0.5):
            network: Object = {"topology": "Layer2", "layer2": {"role": role, "subnets": [cidr]}}
        else:
            network = {"topology": "Layer3", "layer3": {"role": role, "subnets": [{"cidr": cidr}]}}
        meta: Object = {"name": name, **({"namespace": space} if space else {})}
        if self.chance(0.7):
            meta["labels"] = {"tier": self.pick(TIERS)}
        spec = network if space else {"namespaceSelector": selector or {}, "network": network}
        return {"apiVersion": "k8s.ovn.org/v1", "kind": kind, "metadata": meta, "spec": spec}

    def secondaries(self) -> list[Object]:
        made: list[Object] = []
        plugins = [self.pick(PLUGINS) for _ in range(self.pick((1, 2, 3)))]
        if "bridge" in plugins:
            plugins += ["bridge"] * self.pick((0, 1, 1))
        for i, plugin in enumerate(plugins):
            space, cidr = self.pick(SPACES), self.pick(LANS)
            name = f"lan{i}"
            if self.chance(0.2):
                made.append(self.user_defined("UserDefinedNetwork", name, space, cidr, "Secondary"))
                self.secondary[f"udn/{space}/{name}"] = (cidr, (f"{space}/{name}",), plugin)
                continue
            if self.chance(0.1):
                made.append(self.user_defined("ClusterUserDefinedNetwork", name, "", cidr, "Secondary", {}))
                self.secondary[f"cudn/{name}"] = (cidr, tuple(f"{one}/{name}" for one in SPACES), plugin)
                continue
            has_ipam = self.chance(0.75)
            config: Object = {"cniVersion": "1.0.0", "name": name, "type": plugin}
            spaces = [space]
            if plugin.startswith("ovn"):
                config["topology"] = self.pick(("layer2", "layer2", "layer3", "localnet"))
                has_ipam = has_ipam or config["topology"] == "layer3"
                config |= {"subnets": cidr} if has_ipam else {}
                if self.chance(0.4):
                    spaces = sorted({space, self.pick(SPACES)})
            elif has_ipam:
                config["ipam"] = {"type": "host-local", "subnet": cidr}
            if plugin in ("macvlan", "ipvlan"):
                config["master"] = "eth1"
            if plugin == "bridge":
                config |= {"bridge": self.pick(("br1",) * 5 + ("br2",)), **({"vlan": 7} if self.chance(0.3) else {})}
            for one in spaces:
                told = {**config, "netAttachDefName": f"{one}/{name}"} if plugin.startswith("ovn") else config
                meta: Object = {"name": name, "namespace": one}
                if plugin == "sriov":
                    meta["annotations"] = {"k8s.v1.cni.cncf.io/resourceName": "openshift.io/fast"}
                body = {"config": json.dumps(told)}
                kind = "NetworkAttachmentDefinition"
                made.append({"apiVersion": "k8s.cni.cncf.io/v1", "kind": kind, "metadata": meta, "spec": body})
            attachments = tuple(f"{one}/{name}" for one in spaces)
            ref = f"nad/{spaces[0]}/{name}"
            self.secondary[ref] = (cidr if has_ipam else "", attachments, plugin)
            if plugin == "bridge":
                self.segments[ref] = f"{config['bridge']} {config.get('vlan')}"
        return made

    def wiring(self, i: int) -> Object:
        """How a bridge of some nodes is to be, or is."""
        cable: Object = {"name": "eno2"}
        if self.chance(0.3):
            cable["vlan"] = {"mode": "trunk", "trunk-tags": [{"id": self.pick((7, 8))}]}
        port = self.pick(([cable], [cable], [], [{"name": "v0"}], [{"name": "v0"}, cable]))
        inner = {"name": "v0", "type": "veth", "state": "up"}
        bridge: Object = {"name": "br1", "type": "linux-bridge", "state": "up", "bridge": {"port": port}}
        if self.chance(0.15):
            del bridge["bridge"]
        tree = {"interfaces": [bridge, inner]}
        if self.chance(0.25):
            meta, api = {"name": self.pick(("here", "there"))}, "nmstate.io/v1beta1"
            return {"apiVersion": api, "kind": "NodeNetworkState", "metadata": meta, "status": {"currentState": tree}}
        where = {"nodeSelector": {"kubernetes.io/hostname": self.pick(("here", "there"))}} if self.chance(0.4) else {}
        spec = {"desiredState": tree, **where}
        kind = "NodeNetworkConfigurationPolicy"
        return {"apiVersion": "nmstate.io/v1", "kind": kind, "metadata": {"name": f"w{i}"}, "spec": spec}

    def pool(self, i: int) -> Object:
        """The devices of an SR-IOV network, with their driver."""
        cards = {"nodeSelector": {}, "nicSelector": {"pfNames": ["ens1f0"]}, "numVfs": 4}
        spec = {"resourceName": "fast", "deviceType": self.pick(("vfio-pci", "vfio-pci", "netdevice")), **cards}
        meta = {"name": f"pool{i}", "namespace": "ops"}
        api, kind = "sriovnetwork.openshift.io/v1", "SriovNetworkNodePolicy"
        return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec}

    def address_of(self, cidr: str, i: int) -> str:
        """An address of the range, with a number of its own."""
        base = cidr.partition("/")[0].split(".")
        return f"{base[0]}.{base[1]}.{base[2]}.{int(base[3]) + i + 2}"

    # --- pods and machines ---

    def pod(self, i: int) -> Object:
        space = self.pick(SPACES)
        labels = {"app": self.pick(APPS)}
        if self.chance(0.4):
            labels["tier"] = self.pick(TIERS)
        spec: Object = {"containers": [{"name": "c", "image": "i"}]}
        if self.chance(0.4):
            spec["containers"][0]["ports"] = [{"name": "http", "containerPort": self.pick(PORTS)}]
        if self.chance(0.8):
            spec["nodeName"] = self.pick(("here", "there"))
        notes: Object = {}
        meta: Object = {"name": f"p{i}", "namespace": space, "labels": labels, "annotations": notes}
        made: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        if self.chance(0.05):
            spec["hostNetwork"] = True
            return made
        default = f"10.244.0.{i + 2}"
        if self.chance(0.85):
            made["status"] = {"phase": "Running", "podIP": default, "podIPs": [{"ip": default}]}
        written: Object = {"default": {"ip_addresses": [f"{default}/24"], "role": "infrastructure-locked"}}
        reported: list[Object] = [{"name": "ovn-kubernetes", "interface": "eth0", "ips": [default]}]
        if space in self.primary and space in self.labelled_spaces:
            at, cidr = self.primary[space]
            address = self.address_of(cidr, i)
            written[at] = {"ip_addresses": [f"{address}/16"], "role": "primary"}
            ovn = {"name": "ovn-kubernetes", "interface": "ovn-udn1", "ips": [address], "default": True}
            reported.append(ovn)
        asked: list[Object] = []
        for cidr, attachments, _ in self.secondary.values():
            if not self.chance(0.6):
                continue
            at = self.pick(attachments)
            named: Object = {"name": at.partition("/")[2], "namespace": at.partition("/")[0]}
            if cidr:
                address = self.address_of(cidr, i)
                if self.chance(0.2):
                    named["ips"] = [f"{address}/24"]
                written[at] = {"ip_addresses": [f"{address}/24"], "role": "secondary"}
                reported.append({"name": at, "interface": f"net{len(asked) + 1}", "ips": [address]})
            asked.append(named)
        if asked:
            short = all("ips" not in one for one in asked) and self.chance(0.6)
            text = ",".join(f"{one['namespace']}/{one['name']}" for one in asked)
            notes["k8s.v1.cni.cncf.io/networks"] = text if short else json.dumps(asked)
        if self.chance(0.25):
            notes[OPEN] = self.opened()
        dice = self.dice.random()
        if dice < 0.5:
            notes["k8s.ovn.org/pod-networks"] = json.dumps(written)
        elif dice < 0.75:
            notes["k8s.v1.cni.cncf.io/network-status"] = json.dumps(reported)
        return made

    def opened(self) -> str:
        """Ports that are open on the default network, in one of the ways to write them."""
        listed: list[Object] = [{"protocol": "icmp"}] if self.chance(0.3) else []
        for _ in range(self.pick((1, 1, 2))):
            listed.append({"protocol": self.pick(("tcp", "tcp", "udp", "sctp")), "port": self.pick(PORTS)})
        if self.chance(0.4):
            return json.dumps(listed)
        lines = [[f"{key}: {value}" for key, value in one.items()] for one in listed]
        return "".join(f"- {fields[0]}\n" + "".join(f"  {more}\n" for more in fields[1:]) for fields in lines)

    def machine(self, i: int) -> Object:
        """A machine on the pod network, or on its primary one, and perhaps on one more."""
        space = self.pick(SPACES)
        interfaces: list[Object] = [{"name": "default", "bridge": {}}]
        networks: list[Object] = [{"name": "default", "pod": {}}]
        for at in dict.fromkeys(attachments[0] for _, attachments, _ in self.secondary.values()):
            if self.chance(0.5):
                name = f"n{len(networks)}"
                state = {"state": "down"} if self.chance(0.15) else {}
                interfaces.append({"name": name, "bridge": {}, **state})
                networks.append({"name": name, "multus": {"networkName": at}})
        spec = {"domain": {"devices": {"interfaces": interfaces}}, "networks": networks}
        notes: Object = {}
        if space in self.primary and self.chance(0.5):
            address = self.address_of(self.primary[space][1], 50 + i)
            notes["network.kubevirt.io/addresses"] = json.dumps({"default": [address]})
        template = {"metadata": {"labels": {"app": self.pick(APPS)}, "annotations": notes}, "spec": spec}
        meta = {"name": f"vm{i}", "namespace": space}
        for network in networks[1:]:
            cidr = next(
                cidr for cidr, listed, _ in self.secondary.values() if listed[0] == network["multus"]["networkName"]
            )
            if self.chance(0.2):
                asked = json.loads(notes.get("network.kubevirt.io/addresses") or "{}")
                asked[network["name"]] = [self.address_of(cidr or "10.1.0.0/24", 60 + i)]
                notes["network.kubevirt.io/addresses"] = json.dumps(asked)
        if self.chance(0.4):
            told = [self.reported(network["name"], i) for network in networks if self.chance(0.8)]
            meta |= template["metadata"]
            status = {"phase": "Running", "interfaces": told}
            kind = "VirtualMachineInstance"
            return {"apiVersion": "kubevirt.io/v1", "kind": kind, "metadata": meta, "spec": spec, "status": status}
        body = {"runStrategy": "Always", "template": template}
        return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": body}

    def reported(self, name: str, i: int) -> Object:
        """What a machine's instance tells of an interface, by its guest perhaps."""
        address = self.address_of(self.pick(LANS), 70 + i)
        listed = self.pick(([address], [address, "fe80::1"], ["fe80::1"], [address, "10.9.0.9"]))
        return {"name": name, "ipAddress": listed[0], "ipAddresses": listed}

    def service(self, space: str) -> Object:
        spec = {
            "clusterIP": f"10.96.0.{SPACES.index(space) + 2}",
            "selector": {"app": self.pick(APPS)},
            "ports": [{"port": 80, "targetPort": self.pick(PORTS), "protocol": "TCP"}],
        }
        meta = {"name": "front", "namespace": space}
        if self.chance(0.3):
            spec["externalIPs"] = [f"203.0.113.{SPACES.index(space) + 200}"]
        return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}

    def for_every_network(self) -> Object:
        """The cluster's DNS, which is there on every network."""
        made = self.service("shop")
        made["metadata"] |= {"name": "kube-dns", "namespace": "kube-system"}
        made["spec"] = {"clusterIP": "10.96.0.10", "selector": {"app": "web"}, "ports": [{"port": 80}]}
        pod = self.pod(20)
        pod["metadata"] |= {"name": "dns", "namespace": "kube-system", "labels": {"app": "web"}, "annotations": {}}
        self.pods.append(pod)
        return made

    # --- what joins and what parts ---

    def connect(self, i: int) -> Object:
        selectors: list[Object] = []
        if self.chance(0.6):
            selector: Object = self.pick(({}, {"matchLabels": {"tier": self.pick(TIERS)}}))
            part = {"networkSelector": selector}
            kind = "ClusterUserDefinedNetworks"
            selectors.append({"networkSelectionType": kind, "clusterUserDefinedNetworkSelector": part})
        if not selectors or self.chance(0.8):
            inner = {"namespaceSelector": self.namespace_selector()}
            kind = "PrimaryUserDefinedNetworks"
            selectors.append({"networkSelectionType": kind, "primaryUserDefinedNetworkSelector": inner})
        subnets = [{"cidr": self.pick(("192.168.64.0/18", "192.168.64.0/18", "10.20.0.0/18")), "networkPrefix": 24}]
        both = (["PodNetwork"], ["ServiceNetwork"], ["PodNetwork", "ServiceNetwork"])
        spec = {"networkSelectors": selectors, "connectSubnets": subnets, "connectivity": self.pick(both)}
        meta = {"name": f"c{i}"}
        return {"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterNetworkConnect", "metadata": meta, "spec": spec}

    def np(self, i: int) -> Object:
        made = super().np(i)
        made["metadata"]["namespace"] = self.pick(SPACES)
        return made

    def np_peer(self) -> Object:
        if self.chance(0.45):
            return {"ipBlock": {"cidr": self.pick(RANGES)}}
        return super().np_peer()

    def multi(self, i: int) -> Object:
        made = self.np(i)
        listed = [at for _, attachments, _ in self.secondary.values() for at in attachments]
        chosen = self.dice.sample(listed, k=min(len(listed), self.pick((1, 1, 2))))
        space = made["metadata"]["namespace"]
        names = [at.partition("/")[2] if at.startswith(f"{space}/") and self.chance(0.5) else at for at in chosen]
        made["metadata"] |= {"name": f"m{i}", "annotations": {"k8s.v1.cni.cncf.io/policy-for": ", ".join(names)}}
        if self.chance(0.05):
            del made["metadata"]["annotations"]
        return {**made, "apiVersion": "k8s.cni.cncf.io/v1beta1", "kind": "MultiNetworkPolicy"}

    # --- questions ---

    def asked(self, dice: random.Random) -> Query:
        """A question on the pods' primary networks, or on a secondary one between two ends that are there."""
        protocol, port = dice.choice(("TCP", "TCP", "UDP", "SCTP")), dice.choice((*PORTS, *PORTS, 79))
        if dice.random() < 0.15:
            protocol, port = "ICMP", 8
        ref = dice.choice(("pod", "pod", *self.secondary))
        if ref != "pod":
            segment = self.segments.get(ref, ref)
            refs = [other for other in self.secondary if self.segments.get(other, other) == segment]
            there = [name for name, one in self.names() if any(self.is_on(one, other) for other in refs)]
            if len(there) > 1:
                ends = dice.sample(there, k=2)
                if dice.random() < 0.2:
                    ends[dice.randrange(2)] = dice.choice(OUTSIDE)
                return (*ends, protocol, port, ref)
        names = [name for name, _ in self.names()]
        one, other = dice.sample(names, k=2)
        chance = dice.random()
        if self.services and chance < 0.15:
            return (one, dice.choice(self.services), "TCP", 80, "pod")
        if chance < 0.35:
            other = dice.choice((*OUTSIDE, "node/here", "node/there"))
            if dice.random() < 0.4:
                one, other = other, one
        return (one, other, protocol, port, "pod")

    def names(self) -> list[tuple[str, Object]]:
        return [(f"{one['metadata']['namespace']}/{one['metadata']['name']}", one) for one in self.pods]

    def is_on(self, thing: Object, ref: str) -> bool:
        """Whether the generator has put it there."""
        attachments = self.secondary[ref][1]
        if thing["kind"] != "Pod":
            networks = (thing["spec"].get("template") or thing)["spec"]["networks"]
            return any(one.get("multus", {}).get("networkName") in attachments for one in networks)
        text = thing["metadata"]["annotations"].get("k8s.v1.cni.cncf.io/networks", "")
        if text.startswith("["):
            return any(f"{one['namespace']}/{one['name']}" in attachments for one in json.loads(text))
        return any(part in attachments for part in text.split(","))
