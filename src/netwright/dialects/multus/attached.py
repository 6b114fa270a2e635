"""What pods say of their interfaces on other networks: which they ask for, which addresses they have there.

After the Network Plumbing Working Group's "Kubernetes Network Custom Resource Definition De-facto Standard" 1.3 (4.1.1
and 5.2: the annotations `k8s.v1.cni.cncf.io/networks` and `network-status`), `docs/how-to-use.md` of multus-cni at
95a0932350f0, and `pkg/util/pod_annotation.go` of OVN-Kubernetes at 8871cd9cec9c (`k8s.ovn.org/pod-networks`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from netwright.base.ipset import parse_address

NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
STATUS: Final = ("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status")
"""The annotation that Multus writes, by its name and by the one that it had before."""
POD_NETWORKS: Final = "k8s.ovn.org/pod-networks"
MACHINE_ADDRESSES: Final = "network.kubevirt.io/addresses"
Annotations = Mapping[str, str | None]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An interface that a pod asks for on the network of a NetworkAttachmentDefinition, NAMESPACE/NAME. `addresses` are
    asked for by name; `claim` is the IPAMClaim, in the pod's namespace, that holds them."""

    to: str
    interface: str = ""
    addresses: tuple[str, ...] = ()
    claim: str = ""


def attachments(annotations: Annotations, namespace: str) -> tuple[Attachment, ...]:
    """The interfaces that a pod of a namespace asks for, in their order; none of a text that Multus refuses.

    >>> [one.to for one in attachments({NETWORKS: "storage, ops/backup@net7"}, "shop")]
    ['shop/storage', 'ops/backup']
    """
    text = (annotations.get(NETWORKS) or "").strip()
    if text.startswith(("[", "{")):
        return tuple(_of_json(text, namespace))
    return tuple(_of_text(part.strip(), namespace) for part in text.split(",") if part.strip())


def _of_text(part: str, namespace: str) -> Attachment:
    """`[NAMESPACE/]NAME[@INTERFACE]`."""
    name, _, interface = part.partition("@")
    return Attachment(to=name if "/" in name else f"{namespace}/{name}", interface=interface)


def _of_json(text: str, namespace: str) -> Iterator[Attachment]:
    for one in _listed(text):
        name = one.get("name")
        if isinstance(name, str) and name:
            yield Attachment(
                to=f"{one.get('namespace') or namespace}/{name}",
                interface=str(one.get("interface") or ""),
                addresses=_addresses(one.get("ips")),
                claim=str(one.get("ipam-claim-reference") or ""),
            )


def told_addresses(annotations: Annotations, names: frozenset[str], called: str) -> tuple[str, ...]:
    """The addresses that a running pod has on a network, as what attached it tells: `names` are its
    NetworkAttachmentDefinitions, `called` is the name in their configuration."""
    found: dict[str, None] = {}
    for key in STATUS:
        for one in _listed(annotations.get(key) or ""):
            if not one.get("default") and (one.get("name") in names or one.get("name") == called):
                found.update(dict.fromkeys(_addresses(one.get("ips"))))
        if found:
            return tuple(found)
    held = _read(annotations.get(POD_NETWORKS) or "")
    for name, one in held.items() if isinstance(held, dict) else ():
        if name in names and isinstance(one, dict):
            found.update(dict.fromkeys(_addresses(one.get("ip_addresses") or [one.get("ip_address")])))
    return tuple(found)


def addresses_asked(annotations: Annotations) -> dict[str, tuple[str, ...]]:
    """The addresses that a machine's template asks for, by its names of networks (ipam-extensions, README)."""
    held = _read(annotations.get(MACHINE_ADDRESSES) or "")
    return {name: _addresses(value) for name, value in held.items()} if isinstance(held, dict) else {}


def bare(address: str) -> str:
    """An address without the length of its prefix; "" for what is none."""
    text = address.partition("/")[0]
    try:
        parse_address(text)
    except ValueError:
        return ""
    return text


def _addresses(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for one in texts if isinstance(one, str) and (text := bare(one)))


def _listed(text: str) -> list[dict[str, Any]]:
    held = _read(text)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
