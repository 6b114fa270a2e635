"""References: how people name an end of a connection, and what the name stands for in a cluster.

`shop/web` is the pod, bare workload or VM of that name; a Service is always `svc/shop/web`. kubectl's long and short
kinds are read, with or without their group. Whatever is printed as a reference is read back: `deploy/shop/web{k=v}`,
`identity/3` and outside addresses in short too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Protocol

import msgspec

from netwright.base.errors import UnknownReference, UsageError
from netwright.base.ipset import (
    EVERYWHERE,
    INTERNET,
    NOT_UNICAST,
    Family,
    IpSet,
    address_text,
    is_address,
    no_source,
    parse_address,
)
from netwright.base.numbers import short, whole_number
from netwright.base.patterns import pattern
from netwright.base.services import PROTOCOLS, check_port
from netwright.model.cluster import Cluster, ServiceNoun, Workload
from netwright.model.isolation import NETWORK
from netwright.model.networks import POD

LOOPBACK = IpSet.of("127.0.0.0/8", "::1/128")
KINDS: dict[str, str] = {}
for _short, *_names in (
    ("pod", "po", "pods"),
    ("deploy", "deployment", "deployments"),
    ("sts", "statefulset", "statefulsets"),
    ("ds", "daemonset", "daemonsets"),
    ("rs", "replicaset", "replicasets"),
    ("rc", "replicationcontroller", "replicationcontrollers"),
    ("job", "jobs"),
    ("cronjob", "cj", "cronjobs"),
    ("vm", "vms", "virtualmachine", "virtualmachines"),
    ("vmirs", "vmirss", "virtualmachineinstancereplicaset", "virtualmachineinstancereplicasets"),
    ("vmpool", "vmpools", "virtualmachinepool", "virtualmachinepools"),
    ("svc", "service", "services"),
    ("node", "no", "nodes"),
    ("cidr",),
    ("fqdn",),
    ("identity",),
    ("ns", "namespace", "namespaces"),
):
    for _name in (_short, *_names):
        KINDS[_name] = _short
GROUPS = {"deploy": "apps", "sts": "apps", "ds": "apps", "rs": "apps", "job": "batch", "cronjob": "batch"}
for _name in ("vmi", "vmis", "virtualmachineinstance", "virtualmachineinstances"):  # a machine and its instance are one
    KINDS[_name] = "vm"
GROUPS |= {"vm": "kubevirt.io", "vmirs": "kubevirt.io", "vmpool": "pool.kubevirt.io"}
PART = pattern(r"(?P<whole>[^{}]+)\{(?P<labels>[^{}]+)\}")
WITH_PROTOCOL = pattern(
    r"(?P<whole>.+):(?:(?P<protocol>tcp|udp|sctp)/(?P<port>[^:/]+)|(?P<number>[0-9]+)/(?P<last>tcp|udp|sctp))",
    re.IGNORECASE,
)
SERVICE_NAME = pattern(r"(?P<rest>.+?)\.svc(?P<domain>\.cluster\.local)?\.?", re.IGNORECASE)
HOST_NAME = pattern(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?)+", re.IGNORECASE)


def kind_of(text: str) -> str | None:
    """The short kind of what stands before the first slash of a reference, as kubectl reads and prints it: `deploy`,
    `Deployments`, `deployments.apps`, `deployment.v1.apps`; None for what is no kind."""
    name, dot, group = text.lower().partition(".")
    kind = KINDS.get(name)
    if kind is None or not dot:
        return kind
    version, _, rest = group.partition(".")
    return kind if GROUPS.get(kind) in (group, rest if version.startswith("v") else group) else None


class Target(msgspec.Struct, frozen=True):
    """What a reference stands for: endpoints (`rows`), a Service, or outside addresses. `ref` is its printed form.

    `fqdn` is a name outside whose address is not known: `addresses` then are all that it could be. `by_outer_address`:
    the Service was named by an external or load balancer address; `dialled`: the address that named it, or an endpoint
    whose address is a Service's too.
    """

    ref: str
    rows: tuple[int, ...] = ()
    service: ServiceNoun | None = None
    addresses: IpSet | None = None
    workload: Workload | None = None
    fqdn: str = ""
    by_outer_address: bool = False
    dialled: tuple[Family, int] | None = None


FROM_INTERNET: Final = Target("internet", addresses=INTERNET)


class Classes(Protocol):
    """Who and what no policy tells apart: what the names `identity/3`, `deploy/shop/web{pod=web-0}` and
    `cidr/10.0.0.0/8,…+3` rest on."""

    def members(self, identity: int) -> tuple[int, ...]:
        """The endpoint rows of an identity; none where there is no such number."""

    def alike(self, row: int) -> tuple[int, ...]:
        """The rows of the same workload that are not told apart from this one, itself among them."""

    def outside(self, ref: str) -> IpSet | None:
        """The outside addresses that are printed under this reference."""


def split_port(text: str) -> tuple[str, str]:
    """`shop/db:5432` -> ("shop/db", "5432"); `[2001:db8::1]:443` -> ("2001:db8::1", "443"); no port: "" . A port may
    stand behind its protocol, as `split_protocol` reads it.

    Raises UsageError for a number that is no port.

    >>> split_port("2001:db8::1"), split_port("svc/shop/web:http")
    (('2001:db8::1', ''), ('svc/shop/web', 'http'))
    >>> split_port("cidr/2001:db8::/32:443"), split_port("cidr/[2001:db8::/32]:443")
    (('cidr/2001:db8::/32', '443'), ('cidr/2001:db8::/32', '443'))
    >>> split_port("shop/dns:UDP/53"), split_port("cidr/2001:db8::/32:udp/53")
    (('shop/dns', 'UDP/53'), ('cidr/2001:db8::/32', 'udp/53'))
    """
    written = WITH_PROTOCOL.fullmatch(text)
    if written is None:
        reference, port = _split(text)
        check_port(port)
        return reference, port
    number = written["port"]
    if written["last"]:
        kept = f"{written['whole']}:{written['last'].upper()}/{written['number']}"
        raise UsageError(f"`{text}` has the protocol behind its port", help=f"write `{kept}`")
    check_port(number)
    reference, _ = _split(f"{written['whole']}:{number}")
    return reference, f"{written['protocol']}/{number}"


def split_protocol(port: str) -> tuple[int, str]:
    """The protocol that a port of a reference names, and the port: 0 where it names none.

    >>> split_protocol("UDP/53"), split_protocol("http"), split_protocol("a/b")
    ((17, '53'), (0, 'http'), (0, 'a/b'))
    """
    name, slash, rest = port.partition("/")
    number = PROTOCOLS.get(name.upper()) if slash else None
    return (0, port) if number is None else (number, rest)


def _split(text: str) -> tuple[str, str]:
    kind, _, rest = text.partition("/")
    if rest.startswith("[") and kind_of(kind) == "cidr":
        inside, port = _split(rest)
        return f"{kind}/{inside}", port
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UsageError(f"`{text}` is not an address with a port", help="write `[2001:db8::1]:443`")
        return inside, rest[1:]
    head, brace, tail = text.partition("}")
    if brace and (not tail or tail.startswith(":")):
        return head + brace, tail[1:]
    if text.count(":") > 1:
        end = text.rpartition("/")[2]
        if rest and end[:1].isdigit() and end.count(":") == 1:  # behind the prefix length
            return _last_colon(text)
        return (text, "") if kind.count(":") > 1 or kind_of(kind) == "cidr" else _last_colon(text)
    return _last_colon(text)


def _last_colon(text: str) -> tuple[str, str]:
    head, colon, tail = text.rpartition(":")
    return (head, tail) if colon else (text, "")


MOST_REMEMBERED = 1 << 16


class Directory:
    """All names of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.classes: Classes | None = None
        columns = cluster.columns
        self._workloads: dict[tuple[str, str, str], Workload] = {
            (w.kind, w.namespace, w.name): w for w in cluster.workloads
        }
        self._by_name: dict[tuple[str, str], list[Workload]] = {}
        for w in cluster.workloads:
            self._by_name.setdefault((w.namespace, w.name), []).append(w)
        self._pods: dict[tuple[str, str], int] = {}
        numbered: dict[tuple[str, str], int] = {}  # of StatefulSets whose pods are told apart
        for row, (name, thing) in enumerate(zip(columns.names, cluster.row_objects, strict=False)):
            if thing.kind == "Pod" or (thing.kind == "StatefulSet" and name != thing.name):
                held = self._pods if thing.kind == "Pod" else numbered
                held[columns.namespaces[columns.namespace[row]], name] = row
        self._pods = numbered | self._pods
        self._resolved: dict[str, Target] = {}
        self._services: dict[tuple[str, str], ServiceNoun] | None = None
        self._addresses: dict[tuple[int, int], list[int]] | None = None
        self._service_addresses: dict[tuple[Family, int], list[ServiceNoun]] | None = None

    # --- lookups --------------------

    def resolve(self, text: str) -> Target:
        """The target of a reference without a port, as an end that packets come from. Raises UnknownReference, with
        what was meant perhaps, and UsageError for an address that no packet comes from."""
        found = self.named(text)
        what = no_source(found.addresses) if found.addresses is not None and is_address(text) else ""
        if what:
            help_text = "name the pod, or an address that something has"
            if what == "IPv4 written as IPv6":
                help_text = f"write `{address_text(4, parse_address(text)[1] & 0xFFFFFFFF)}`"
            raise UsageError(f"`{text}` is {what}: no packet comes from it", help=help_text)
        return found

    def named(self, text: str) -> Target:
        """The target of a reference without a port, whatever it is asked about for. Raises UnknownReference."""
        found = self._resolved.get(text)
        if found is None:
            found = self._resolve(text)
            if len(self._resolved) < MOST_REMEMBERED:
                self._resolved[text] = found
        return found

    def _resolve(self, text: str) -> Target:
        if text == "internet":
            return FROM_INTERNET
        if is_address(text):
            return self.address(text)
        if "+" in text:
            held = self.classes.outside(text) if self.classes else None
            if held is None:
                raise UnknownReference(
                    f"`{text}` is not what any addresses of this input are called", help="write `cidr/10.0.0.0/8`"
                )
            return Target(text, addresses=held)
        if " except " in text:
            base, _, cut = text.partition(" except ")
            whole, less = self.named(base), self._cidr(cut)
            if whole.addresses is None or less.addresses is None:
                raise UsageError(f"`{text}` is not a set of addresses", help="write `internet except 203.0.113.0/24`")
            return Target(text, addresses=whole.addresses - less.addresses)
        part = PART.fullmatch(text)
        if part is not None:
            return self._part(part["whole"], part["labels"], text)
        head, slash, rest = text.partition("/")
        kind = kind_of(head) if slash else None
        if kind == "cidr" or (slash and is_address(head)):
            return self._cidr(rest if kind == "cidr" else text)
        if kind == "node":
            return self._node(rest, text)
        if kind == "identity":
            return self._identity(rest, text)
        if kind == "fqdn":
            inside = SERVICE_NAME.fullmatch(rest)
            return self._fqdn(rest, text) if inside is None else self._service_name(inside["rest"].lower(), rest)
        if kind == "ns":
            return self._namespace(rest, text)
        if kind and "/" in rest:
            namespace, _, name = rest.partition("/")
            return self._of_kind(kind, namespace, name, text)
        if slash and "/" not in rest:
            if kind and not self._by_name.get((head, rest)) and (head, rest) not in self._pods:
                raise UnknownReference(
                    f"`{text}` names a kind but no namespace", help=f"write `{kind}/NAMESPACE/{rest}`"
                )
            return self._bare(head, rest, text)
        named = SERVICE_NAME.fullmatch(text) if not slash else None
        if named is not None:
            return self._service_name(named["rest"].lower(), text)
        host = "" if slash or "." not in text or not HOST_NAME.fullmatch(text) else f"; a name outside is `fqdn/{text}`"
        raise UnknownReference(
            f"`{text}` is not a reference",
            help="write `NAMESPACE/NAME`, `KIND/NAMESPACE/NAME`, `svc/NAMESPACE/NAME`, `ns/NAME`, `node/NAME`, "
            "`cidr/10.0.0.0/8`, `fqdn/NAME`, an address, or `internet`" + host + self._meant(text, self._refs()),
        )

    def destination(self, text: str) -> Target:
        """The same of the end that packets go to: an address of a Service is that Service, as it is translated before
        anything sees the packet. One that an endpoint has as well is the endpoint's, and `dialled`."""
        target = self.named(text)
        service = self.service_of_address(text)
        if service is not None and target.rows:  # a node takes what no Service does: the port tells
            return msgspec.structs.replace(target, dialled=parse_address(text))
        if service is None:
            return target
        inner, dialled = {parse_address(one) for one in service.cluster_ips}, parse_address(text)
        return Target(service.ref, service=service, by_outer_address=dialled not in inner, dialled=dialled)

    def address(self, text: str, namespace: str | None = None) -> Target:
        """The endpoint that has this address, else the address itself, outside. Raises UsageError for loopback,
        UnknownReference where endpoints of several primary networks have it, and none is that of the `namespace`."""
        family, value = parse_address(text)
        if LOOPBACK.contains(family, value):
            raise UsageError(f"`{text}` is every pod's own loopback and never leaves it", help="name the pod")
        if self._addresses is None:
            self._addresses = {}
            columns = self.cluster.columns
            for row in range(columns.n):
                if columns.has_v4[row]:
                    self._addresses.setdefault((4, int(columns.v4[row])), []).append(row)
                if columns.has_v6[row]:
                    six = int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")
                    self._addresses.setdefault((6, six), []).append(row)
            self._add_nodes(self._addresses)
        found = self._addresses.get((family, value))
        if found is not None:
            isolation = self.cluster.isolation
            if isolation is not None and namespace is not None:
                there = isolation.of_namespace.get(namespace, "")
                found = [row for row in found if self._network_of(row) == there] or found
            owners = dict.fromkeys(self._network_of(row) for row in found)
            if len(owners) > 1:
                listed = " or ".join(f"`{self.row_ref(row)}`" for row in found)
                raise UnknownReference(
                    f"`{text}` is an address on {len(owners)} primary networks", help=f"did you mean {listed}?"
                )
            return Target(self.row_ref(found[0]), rows=(found[0],))
        return Target(text, addresses=IpSet.of(text))

    def _network_of(self, row: int) -> str:
        """The primary network of an endpoint, "" for the default one; addresses are of one network."""
        if self.cluster.isolation is None:
            return ""
        return self.cluster.columns.labels_of(row).get(NETWORK, "")

    def _add_nodes(self, addresses: dict[tuple[int, int], list[int]]) -> None:
        """A node may have several addresses, kept as a set; an unknown one is every address it could have."""
        columns = self.cluster.columns
        for w in self.cluster.workloads:
            index = int(columns.address_set[w.rows[0]]) if w.kind == "node" else -1
            if index < 0 or columns.address_sets[index].count() > 16:
                continue
            families: tuple[Family, ...] = (4, 6)
            for f in families:
                for low, high in columns.address_sets[index].family(f):
                    for one in range(low, high):
                        addresses.setdefault((f, one), [w.rows[0]])

    def named_by(self, service: ServiceNoun) -> ServiceNoun | None:
        """The Service for whose name in the cluster's DNS one of type ExternalName is another, over others of that type
        too; None for a name that is none of the input. The DNS follows no short names there."""
        at, seen = service, {service.ref}
        while at.type == "ExternalName":
            found = SERVICE_NAME.fullmatch(at.external_name)
            name, _, namespace = (found["rest"].lower() if found is not None and found["domain"] else "").rpartition(
                "."
            )
            other = self.services.get((namespace, name))
            if other is None or other.ref in seen:
                return None
            seen.add(other.ref)
            at = other
        return at if at is not service else None

    def service_of_address(self, text: str) -> ServiceNoun | None:
        """The Service that has this address as cluster, external or load balancer address."""
        found = self._services_at(parse_address(text)) if is_address(text) else None
        return found[0] if found else None

    def service_before(self, target: Target, protocol: int, port: int) -> Target | None:
        """The Service that takes what is sent to this port of an endpoint's address, by which it was named: kube-proxy
        translates it before the node sees it. None where there is none."""
        if target.dialled is None or not target.rows or not self.cluster.columns.host[target.rows[0]]:
            return None
        for service in self._services_at(target.dialled):
            if any((p.protocol, p.port) == (protocol, port) for p in service.ports):
                return Target(service.ref, service=service, by_outer_address=True, dialled=target.dialled)
        return None

    def _services_at(self, address: tuple[Family, int]) -> list[ServiceNoun]:
        if self._service_addresses is None:
            self._service_addresses = {}
            for s in self.cluster.services:
                if s.is_name:
                    continue
                for one in dict.fromkeys((*s.cluster_ips, *s.external_ips, *s.load_balancer)):
                    self._service_addresses.setdefault(parse_address(one), []).append(s)
        return self._service_addresses.get(address, [])

    def row_ref(self, row: int) -> str:
        """The printed reference of one endpoint: its pod, or its workload where a template stands for the pods."""
        cluster = self.cluster
        workload = cluster.workloads[int(cluster.columns.workload[row])]
        thing, name = cluster.row_objects[row], cluster.columns.names[row]
        if thing.kind == "Pod" or self._pods.get((workload.namespace, name)) == row:
            return f"pod/{workload.namespace}/{name}"
        if thing.kind == "StatefulSet" and name != thing.name:  # a Pod of this name is in the input beside it
            return f"{workload.ref}{{pod={name}}}"
        return workload.ref

    # --- by shape --------------------

    def _cidr(self, text: str) -> Target:
        try:
            addresses = IpSet()
            for part in text.split(","):
                addresses |= IpSet.of(part.strip())
        except ValueError as error:
            raise UsageError(str(error), help="write `cidr/10.0.0.0/8`") from None
        return Target(f"cidr/{text}", addresses=addresses & EVERYWHERE)

    def _part(self, whole: str, labels: str, text: str) -> Target:
        """Pods of one workload that selectors tell apart: by labels, else by the name or the address of one of them."""
        target = self.named(whole)
        if target.workload is None:
            raise UnknownReference(f"`{text}`: `{whole}` is not a workload", help="labels choose pods of a workload")
        pairs = [pair.strip().partition("=") for pair in labels.split(",")]
        if not all(equals for _, equals, _ in pairs):
            raise UnknownReference(f"`{text}` is not a reference", help=f"write `{target.ref}{{label=value}}`")
        columns = self.cluster.columns
        held = {row: columns.labels_of(row) for row in target.rows}
        # no label has a colon: a key with one is an attribute of another kind, such as the name of the node
        wanted = {key if ":" in key else "k8s:" + key: value for key, _, value in pairs}
        rows = tuple(r for r, mine in held.items() if all(mine.get(k) == v for k, v in wanted.items()))
        key, _, value = pairs[0]
        if not rows and len(pairs) == 1 and key in ("ip", "pod"):
            rows = tuple(r for r in held if value in ((columns.names[r],) if key == "pod" else self.addresses_of(r)))
            if rows and self.classes is not None:
                rows = self.classes.alike(rows[0])
        if not rows:
            names = sorted({f"{k.removeprefix('k8s:')}={v}" for mine in held.values() for k, v in mine.items()})
            raise UnknownReference(
                f"no pod of `{target.ref}` has {labels}",
                help=(f"its labels: {', '.join(names[:8])}" if names else "its pods have no labels")
                + self._meant(labels, names),
            )
        return Target(f"{target.ref}{{{labels}}}", rows=rows)

    def addresses_of(self, row: int) -> tuple[str, ...]:
        """The known addresses of an endpoint, as text."""
        columns = self.cluster.columns
        v6 = int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")  # numpy drops trailing zero bytes
        return (
            *((address_text(4, int(columns.v4[row])),) if columns.has_v4[row] else ()),
            *((address_text(6, v6),) if columns.has_v6[row] else ()),
        )

    def _identity(self, number: str, text: str) -> Target:
        written = whole_number(number)
        rows = self.classes.members(written) if self.classes and written is not None else ()
        if not rows:
            raise UnknownReference(
                f"no identity `{short(number)}` in the input",
                help="`reach --by identity` lists them; edits number them anew",
            )
        return Target(text, rows=rows)

    def _fqdn(self, name: str, text: str) -> Target:
        if name.lower().rstrip(".").endswith(".pod.cluster.local"):
            raise UnknownReference(f"`{text}` is a name of a pod by its address", help="write the address")
        if not HOST_NAME.fullmatch(name):
            raise UnknownReference(f"`{text}` is not a name of the DNS", help="write `fqdn/db.example.com`")
        return Target(text, addresses=EVERYWHERE - NOT_UNICAST, fqdn=name)

    def _service_name(self, labels: str, text: str) -> Target:
        """What a name of the cluster's DNS stands for: `web.shop.svc`, with or without `cluster.local`, is a Service.
        Names of pods behind a Service are only told what to write in their place."""
        name, dot, namespace = labels.rpartition(".")
        pod, _, service = name.rpartition(".")
        if not dot or not name or not namespace:
            raise UnknownReference(f"`{text}` is not a name of a Service", help="write `svc/NAMESPACE/NAME`")
        if pod:
            raise UnknownReference(
                f"`{text}` is a name of pods behind the Service `{namespace}/{service}`",
                help=f"write `pod/{namespace}/{pod}`, or `svc/{namespace}/{service}`",
            )
        return self._of_kind("svc", namespace, name, f"svc/{namespace}/{name}")

    def _namespace(self, name: str, text: str) -> Target:
        columns = self.cluster.columns
        rows = [r for r, ns in enumerate(columns.namespace.tolist()) if name and columns.namespaces[ns] == name]
        if not rows:
            raise UnknownReference(
                f"no endpoint in the input is in a namespace `{name}`",
                help="`show namespaces` lists what is" + self._meant(name, columns.namespaces),
            )
        return Target(f"ns/{name}", rows=tuple(rows))

    def _node(self, name: str, text: str) -> Target:
        workload = self._workloads.get(("node", "", name))
        if workload is None:
            names = [w.ref for w in self.cluster.workloads if w.kind == "node"]
            raise UnknownReference(
                f"no node `{name}` in the input", help="Node objects name them" + self._meant(text, names)
            )
        return Target(workload.ref, rows=workload.rows, workload=workload)

    def _of_kind(self, kind: str, namespace: str, name: str, text: str) -> Target:
        if kind == "svc":
            service = self.services.get((namespace, name))
            if service is None:
                raise UnknownReference(
                    f"no Service `{namespace}/{name}` in the input",
                    help="the Services are listed by `show services`"
                    + self._meant(text, [s.ref for s in self.services.values()]),
                )
            return Target(service.ref, service=service)
        if kind == "pod" and (namespace, name) in self._pods:
            return Target(f"pod/{namespace}/{name}", rows=(self._pods[namespace, name],))
        workload = self._workloads.get((kind, namespace, name))
        if workload is None:
            raise UnknownReference(f"`{text}` {self._not_there}", help=self._absent(namespace, name, text))
        return Target(workload.ref, rows=workload.rows, workload=workload)

    def _bare(self, namespace: str, name: str, text: str) -> Target:
        found = self._by_name.get((namespace, name), [])
        row = self._pods.get((namespace, name))
        if len(found) > 1:
            raise UnknownReference(
                f"`{text}` names several workloads", help="write one of " + ", ".join(f"`{w.ref}`" for w in found)
            )
        if found:
            return Target(found[0].ref, rows=found[0].rows, workload=found[0])
        if row is not None:
            return Target(f"pod/{namespace}/{name}", rows=(row,))
        raise UnknownReference(f"`{text}` {self._not_there}", help=self._absent(namespace, name, text))

    @property
    def services(self) -> dict[tuple[str, str], ServiceNoun]:
        if self._services is None:
            self._services = {(s.namespace, s.name): s for s in self.cluster.services}
        return self._services

    def _absent(self, namespace: str, name: str, text: str) -> str:
        others = [w.ref for w in self._by_name.get((namespace, name), ())]
        others += [f"pod/{namespace}/{name}"] if (namespace, name) in self._pods and not others else []
        if others:
            return "write " + " or ".join(f"`{ref}`" for ref in others)
        for d in self.cluster.objects:
            if (
                d.namespace == namespace
                and d.name == name
                and d.kind not in ("Service", "NetworkPolicy", "ServiceAccount", "Ingress")
            ):
                if d.kind == "Pod":
                    if why := _why_none(d.value):
                        return f"Pod `{namespace}/{name}` is there and no endpoint: {why}"
                    continue
                told = "they stand under their owner, have finished, or it is scaled to zero"
                if getattr(getattr(d.value, "spec", None), "suspend", None):
                    told = "it is suspended"
                elif d.kind.startswith("VirtualMachine"):
                    told = "it is stopped, or its machines stand for it"
                return f"{d.kind} `{namespace}/{name}` is there but has no pods of its own: {told}"
        if (namespace, name) in self.services:
            return f"a Service has this name: write `svc/{namespace}/{name}`"
        return "`show workloads` lists what is" + self._meant(text, self._refs())

    def _refs(self) -> Iterable[str]:
        for w in self.cluster.workloads:
            yield w.ref
            if w.namespace:
                yield f"{w.namespace}/{w.name}"

    @property
    def _not_there(self) -> str:
        network = self.cluster.network
        return "is not in the input" if network == POD else f"has no interface on {network} in the input"

    @staticmethod
    def _meant(text: str, names: Iterable[str]) -> str:
        import difflib

        close = difflib.get_close_matches(text, list(names), n=2, cutoff=0.6)
        return "; did you mean " + " or ".join(f"`{c}`" for c in close) + "?" if close else ""


def _why_none(pod: Any) -> str:
    """Why a pod has no endpoint; "" where it has one."""
    if pod.metadata.deletion_timestamp is not None:
        return "it is being deleted"
    phase = pod.status.phase if pod.status is not None else None
    return f"it has ended (`phase: {phase}`)" if phase in ("Succeeded", "Failed") else ""
