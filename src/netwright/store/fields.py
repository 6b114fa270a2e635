"""Which fields of an object are kept: those that the twin reads, of annotations those that something is read from.

What a decoder passes over is not there afterwards: containers' environment, volumes, `managedFields`, the annotation in
which kubectl keeps the whole object. A Secret has a header alone, as all have that do not touch the network.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

import msgspec

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.ingress_classes import class_flags_of
from netwright.dialects.k8s.objects import META_UNREAD
from netwright.dialects.k8s.service_ranges import service_range_of
from netwright.model.document import Decoded, Document
from netwright.model.live_kinds import LOOKED_AT
from netwright.profiles.versions import tells_version
from netwright.store.lines import COMMAND

ANNOTATIONS: Final = frozenset(
    (
        "a8r.io/owner",
        "app.kubernetes.io/owner",
        "cloud.google.com/load-balancer-type",
        "cni.projectcalico.org/ipAddrs",
        "cloud.google.com/neg",
        "contact",
        "ingressclass.kubernetes.io/is-default-class",
        "kubernetes.io/ingress.class",
        "load-balancer.hetzner.cloud/disable-public-network",
        "netwright.dev/owner",
        "networking.gke.io/load-balancer-type",
        "nginx.ingress.kubernetes.io/canary",
        "oci-network-load-balancer.oraclecloud.com/internal",
        "ovn.kubernetes.io/ip_address",
        "ovn.kubernetes.io/ip_pool",
        "owner",
        "v1.multus-cni.io/default-network",
    )
)
"""Annotations that are read, beside those of the domains below."""
DOMAINS: Final = (
    "cni.cncf.io",
    "istio.io",
    "k8s.ovn.org",
    "kubevirt.io",
    "route.openshift.io",
    "service.beta.kubernetes.io",
    "service.kubernetes.io",
)
"""Domains whose annotations configure the network. Those below them count too: `traffic.sidecar.istio.io`."""
RANGES: Final = ("RANGE_START", "RANGE_END")
"""What is read of kubemacpool's ConfigMap."""
NOT_KEPT: Final = "(not kept)"
_LOGIN = re.compile("passw|token|secret|credential|private|kubeconfig|_key|apikey", re.IGNORECASE)
HEADER: Final = ("apiVersion", "kind")


def is_kept(annotation: str) -> bool:
    """Whether an annotation of this key is kept.

    >>> is_kept("k8s.v1.cni.cncf.io/networks"), is_kept("kubectl.kubernetes.io/last-applied-configuration")
    (True, False)
    """
    domain = annotation.partition("/")[0] if "/" in annotation else ""
    return annotation in ANNOTATIONS or any(domain == one or domain.endswith(f".{one}") for one in DOMAINS)


def kept(document: Document, value: Any) -> Any:
    """The object as plain values, of its fields only those that `value`, which it was decoded to, is made of."""
    written = document.tree()
    found = _without(_common(written, msgspec.to_builtins(value)), document.kind)
    if isinstance(found, dict) and isinstance(written, dict):
        found = {key: written[key] for key in HEADER if key in written} | found
    if tells_version(document):
        _with_images(found, written)
    again = decode(msgspec.structs.replace(document, raw=msgspec.json.encode(found)))
    same = _without(msgspec.to_builtins(value), document.kind)
    if isinstance(again, Invalid) or _without(msgspec.to_builtins(again.value), document.kind) != same:
        return _without(written, document.kind)  # a version whose fields have other names: nothing is to be lost
    return found


def _with_images(found: Any, written: Any) -> None:
    """Adds the images of containers, wherever they stand."""
    if isinstance(found, dict) and isinstance(written, dict):
        for key, below in found.items():
            if key == "containers" and isinstance(below, list):
                for one, was in zip(below, written[key], strict=False):
                    if isinstance(was, dict) and isinstance(was.get("image"), str):
                        one["image"] = was["image"]
            else:
                _with_images(below, written.get(key))


def header(document: Document) -> dict[str, Any]:
    """The header of an object as it was written."""
    try:
        written = document.tree()
    except (msgspec.DecodeError, RecursionError):
        return {}
    if not isinstance(written, dict):
        return {}
    found = {key: written[key] for key in HEADER if isinstance(written.get(key), str)}
    meta = written.get("metadata")
    if isinstance(meta, dict):
        found["metadata"] = {key: meta[key] for key in ("name", "namespace") if isinstance(meta.get(key), str)}
    return found


def looked_at(document: Document) -> dict[str, Any] | None:
    """What `check` looks at of an object of a kind that is not evaluated; None where that is nothing."""
    fields = LOOKED_AT.get((document.group, document.kind))
    spec = document.tree().get("spec") if fields else None
    if not fields or not isinstance(spec, dict):
        return None
    return header(document) | {"spec": {key: spec[key] for key in fields if key in spec}}


def _common(written: Any, read: Any) -> Any:
    if isinstance(written, dict) and isinstance(read, dict):
        return {key: _common(value, read[key]) for key, value in written.items() if key in read}
    if isinstance(written, list) and isinstance(read, (list, tuple)) and len(written) == len(read):
        return [_common(one, other) for one, other in zip(written, read, strict=True)]
    return written


def _without(value: Any, kind: str) -> Any:
    """The same without what is not read of annotations, and of the ConfigMaps that are read for their name."""
    if isinstance(value, (list, tuple)):
        return [_without(one, kind) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, below in value.items():
        if key == "metadata" and isinstance(below, dict):
            # None of them kept is as none there: else the object would seem to be read as another one.
            written = below.get("annotations")
            noted = {k: v for k, v in written.items() if is_kept(k)} if isinstance(written, dict) else {}
            below = {k: v for k, v in below.items() if k != "annotations" and k not in META_UNREAD}
            below |= {"annotations": noted} if noted else {}
        elif key == "data" and kind == "ConfigMap" and isinstance(below, dict):
            from netwright.profiles.cilium_config import OPTIONS

            below = {k: v for k, v in below.items() if k in OPTIONS or k in RANGES}
        elif key in COMMAND and isinstance(below, list):
            # of command lines no more is read
            both = zip(service_range_of(below), class_flags_of(below), strict=True)
            below = [one or other for one, other in both]
        elif kind.startswith("NodeNetwork") and ("password" in key or key in ("802.1x", "wpa-psk")):
            continue  # a state of nmstate is kept as it is written, and may log in somewhere
        elif key == "tls" and kind == "Route" and isinstance(below, dict):
            below = {k: v for k, v in below.items() if k != "key" and "ertificate" not in k}
        elif key in ("networkData", "networkDataBase64"):
            below = _without_guest_logins(key, below)
        elif key == "config" and kind == "NetworkAttachmentDefinition" and isinstance(below, str):
            below = _without_logins(below)
        found[key] = _without(below, kind)
    return found


def _without_logins(text: str) -> str:
    """A configuration of CNI without what a plugin logs in with; as it is written where there is nothing such."""
    if not _LOGIN.search(text):
        return text
    try:
        return json.dumps(_plain(json.loads(text)))
    except (ValueError, RecursionError):
        return NOT_KEPT


def _without_guest_logins(key: str, text: Any) -> Any:
    """A guest's own configuration of its network as it is written, unless it logs in somewhere."""
    if not isinstance(text, str) or not text:
        return text
    shown = text
    if key == "networkDataBase64":
        try:
            shown = base64.b64decode(text).decode("utf-8", "replace")
        except ValueError:
            return NOT_KEPT
    return NOT_KEPT if _LOGIN.search(shown) or "wifis" in shown or "auth" in shown else text


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items() if not _LOGIN.search(key)}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def evaluated(documents: list[Document], objects: tuple[Decoded, ...]) -> list[Decoded | Invalid | None]:
    """What became of each document; None of one that is not decoded."""
    from netwright.model.kind_lists import by_name, find

    known = {id(d.place): d for d in objects if d.place is not None}
    found: list[Decoded | Invalid | None] = []
    for document in documents:
        kind = find(document.group, document.kind)
        reads = kind is not None and kind.reads == "read"
        if kind is None or not (reads or by_name(document.group, document.kind, document.name) is not None):
            found.append(None)
        else:
            found.append(known.get(id(document.place)) or decode(document))
    return found
