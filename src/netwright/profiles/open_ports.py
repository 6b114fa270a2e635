"""Ports that pods on another primary network open on the default one, and their addresses there.

After the page "User Defined Networks" of OVN-Kubernetes ("KubeletHealthChecks for UDN pods", 2c48a605cbd4): the
annotation `k8s.ovn.org/open-default-ports` is a list in YAML.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from netwright.base.ipset import IpSet, parse_address
from netwright.base.services import ICMP, ICMPV6, PROTOCOLS, ServiceSet
from netwright.dialects.k8s.objects import Pod
from netwright.model.document import Decoded
from netwright.model.rule import Service

OPENED: Final = "k8s.ovn.org/open-default-ports"


def read_addresses(texts: Sequence[str]) -> IpSet:
    """Addresses, with or without a prefix length. Raises ValueError for what is none."""
    found = [text.partition("/")[0] for text in texts]
    for text in found:
        parse_address(text)
    return IpSet.of(*found)


def default_addresses(d: Decoded) -> IpSet:
    """The addresses of a pod on the default network; empty where they are not known."""
    status = d.value.status if isinstance(d.value, Pod) else None
    texts = [*(one.ip for one in status.pod_ips or ()), status.pod_ip] if status is not None else []
    with suppress(ValueError):
        return read_addresses([text for text in texts if text])
    return IpSet()


def read_ports(text: str) -> tuple[str, ...]:
    """The ports of the annotation `k8s.ovn.org/open-default-ports`: a list in YAML of `protocol` and `port`."""
    if text.lstrip().startswith("["):
        text = text.strip().strip("[]").replace("{", "\n-").replace("}", "").replace(",", "\n")
    found: list[str] = []
    protocol = ""
    port = ""
    for line in (*text.splitlines(), "-"):
        entry = line.partition(" #")[0].strip()
        if entry.startswith("-"):
            if protocol:
                found.append(f"{protocol} {port}".strip())
            protocol = port = ""
            entry = entry[1:].strip()
        key, _, value = (part.strip().strip("\"'") for part in entry.partition(":"))
        if key == "protocol":
            protocol = value.upper()
        elif key == "port":
            port = value
    return tuple(sorted(one for one in found if one.partition(" ")[0] in PROTOCOLS or one == "ICMP"))


def opens(value: str) -> Service:
    """The services of a value of `OPEN_PORTS`."""
    services = ServiceSet()
    for one in value.split(","):
        protocol, _, port = one.partition(" ")
        if protocol == "ICMP":
            services |= ServiceSet.ports(ICMP) | ServiceSet.ports(ICMPV6)
        elif port.isdigit():
            services |= ServiceSet.ports(PROTOCOLS[protocol], int(port))
    return Service(services)


class Opened(msgspec.Struct, frozen=True):
    """Of pods whose ports are open on the default network: the values of `OPEN_PORTS`, and those of `DEFAULT_ADDRESS`
    with the addresses that they stand for."""

    ports: tuple[str, ...]
    addresses: Mapping[str, IpSet]


def opened_ports(objects: Sequence[Decoded], namespaces: Collection[str], any_pod: IpSet) -> Opened:
    """The pods and templates of these namespaces that open ports. `any_pod` is what an unknown address may be."""
    from netwright.dialects.k8s.endpoints import template_of

    ports: dict[str, None] = {}
    addresses: dict[str, IpSet] = {}
    for d in objects:
        if d.namespace not in namespaces:
            continue
        template = template_of(d)
        meta = template.metadata if template is not None else d.value.metadata if d.kind == "Pod" else None
        text = (meta.annotations or {}).get(OPENED) if meta is not None else None
        if text and (opened := read_ports(text)):
            ports[",".join(opened)] = None
            held = default_addresses(d)
            addresses[",".join(held.cidrs())] = held or any_pod
    return Opened(tuple(ports), addresses)
