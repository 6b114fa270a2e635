"""Which kinds a live cluster is asked for: those that are read, and those unread ones that can change an answer."""

from __future__ import annotations

from typing import Literal

from netwright.model.kind_lists import find, names_of

EXPOSING: dict[str, str] = {
    "networking.istio.io": "VirtualService",
    "traefik.io": "IngressRoute IngressRouteTCP IngressRouteUDP TraefikService",
    "traefik.containo.us": "IngressRoute IngressRouteTCP IngressRouteUDP TraefikService",
    "projectcontour.io": "HTTPProxy",
    "configuration.konghq.com": "TCPIngress UDPIngress",
    "getambassador.io": "Mapping TCPMapping",
    "k8s.nginx.org": "VirtualServer VirtualServerRoute TransportServer",
    "networking.internal.knative.dev": "Ingress",
    "networking.gke.io": "MultiClusterIngress ServiceAttachment",
    "elbv2.k8s.aws": "TargetGroupBinding",
    "consul.hashicorp.com": "IngressGateway",
    "multicluster.x-k8s.io": "ServiceExport",
    "net.gke.io": "ServiceExport",
}
"""Kinds that are not evaluated and can lead from outside to a Service: group to kinds."""
LOOKED_AT: dict[tuple[str, str], tuple[str, ...]] = {
    ("k8s.ovn.org", "RouteAdvertisements"): ("advertisements", "networkSelectors", "targetVRF"),
}
"""Kinds that are not evaluated and that `check` looks at all the same: which fields of their spec."""
_EXPOSING = {(group, kind) for group, kinds in EXPOSING.items() for kind in kinds.split()}

Asked = Literal["all", "named", "no", "unlisted"]


def asked_for(group: str, kind: str) -> Asked:
    """What of a kind is asked for: all objects, those that are read for their name, none as no verdict depends on it,
    or none as it stands in no list.

    >>> asked_for("networking.k8s.io", "NetworkPolicy"), asked_for("", "Secret"), asked_for("", "ConfigMap")
    ('all', 'no', 'named')
    """
    if names_of(group, kind):
        return "named"
    found = find(group, kind)
    if found is None:
        return "unlisted"
    if found.reads == "read" or (group, kind) in _EXPOSING or (group, kind) in LOOKED_AT:
        return "all"
    return "all" if found.reads == "unread" and found.effect != "none" else "no"


_PLURALS = {
    "NetworkAttachmentDefinition": "network-attachment-definitions",
    "MultiNetworkPolicy": "multi-networkpolicies",
    "CiliumCIDRGroup": "ciliumcidrgroups",
    "ServiceIntentions": "serviceintentions",
}
"""The resources that do not follow from the name of their kind."""


def plural(kind: str) -> str:
    """The resource of a kind, as its definition calls it: English plurals, and what is called otherwise.

    >>> plural("NetworkPolicy"), plural("Ingress"), plural("NetworkAttachmentDefinition")
    ('networkpolicies', 'ingresses', 'network-attachment-definitions')
    """
    lower = kind.lower()
    if kind in _PLURALS:
        return _PLURALS[kind]
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith(("s", "sh")) else f"{lower}s"
