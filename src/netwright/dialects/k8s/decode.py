"""Raw documents of the kinds that are read -> typed objects, or what the API server would say against them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec

from netwright.base.spans import Place, Pointer
from netwright.dialects.k8s import objects
from netwright.dialects.k8s.validate import name_of, validate
from netwright.dialects.k8s.validate_metadata import check_fields
from netwright.dialects.k8s.validate_shape import Beyond, explain
from netwright.dialects.k8s.validate_syntax import Fault, quoted
from netwright.model.document import Decoded, Document


class Invalid(msgspec.Struct, frozen=True, kw_only=True):
    """An object the API server would not store: the field, why (one line that names it), and what to do.

    `namespace` is the default one where the document names none, "" for cluster-scoped kinds; `name` is what can be
    read of it. `once_taken`: API servers before Kubernetes 1.36 take it, so it may stand in a cluster and act.
    """

    kind: str
    namespace: str
    name: str
    place: Place | None
    pointer: Pointer
    message: str
    help: str = ""
    once_taken: bool = False


class Reads(msgspec.Struct, frozen=True):
    """How one kind is read: its API version, its type, whether it lives in namespaces, and what the API server checks,
    which raises `Fault`."""

    version: str
    value: type[Any]
    namespaced: bool
    check: Callable[[str, Any], None]

    @classmethod
    def of(
        cls, version: str, type_: type[Any], *, namespaced: bool = True, check: Callable[[str, Any], None] = validate
    ) -> Reads:
        return cls(version, type_, namespaced, check)

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Made when the first object is met: those of all kinds together cost as much as reading twenty files."""
        found = _DECODERS.get(self.value)
        if found is None:
            found = _DECODERS[self.value] = msgspec.json.Decoder(self.value)
        return found


_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_reads = Reads.of

_WORKLOAD = _reads("apps/v1", objects.Workload)

_READS: dict[tuple[str, str], Reads] = {
    ("", "Namespace"): _reads("v1", objects.Namespace, namespaced=False),
    ("", "Node"): _reads("v1", objects.Node, namespaced=False),
    ("", "Pod"): _reads("v1", objects.Pod),
    ("", "ReplicationController"): _reads("v1", objects.Workload),
    ("", "ServiceAccount"): _reads("v1", objects.ServiceAccount),
    ("", "Service"): _reads("v1", objects.Service),
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "StatefulSet"): _WORKLOAD,
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "ReplicaSet"): _WORKLOAD,
    ("batch", "Job"): _reads("batch/v1", objects.Workload),
    ("batch", "CronJob"): _reads("batch/v1", objects.CronJob),
    ("discovery.k8s.io", "EndpointSlice"): _reads("discovery.k8s.io/v1", objects.EndpointSlice),
    ("networking.k8s.io", "Ingress"): _reads("networking.k8s.io/v1", objects.Ingress),
    ("networking.k8s.io", "IngressClass"): _reads("networking.k8s.io/v1", objects.IngressClass, namespaced=False),
    ("networking.k8s.io", "NetworkPolicy"): _reads("networking.k8s.io/v1", objects.NetworkPolicy),
    ("networking.k8s.io", "ServiceCIDR"): _reads("networking.k8s.io/v1", objects.ServiceCIDR, namespaced=False),
}
API_SERVER: Final = "kube-apiserver"
"""How the names of the API server's pods begin: the command line of these is read too."""
_API_SERVER = _reads("v1", objects.ApiServerPod)
_WITH_COMMAND = {
    **dict.fromkeys(
        ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"), _reads("apps/v1", objects.CommandWorkload)
    ),
    "Pod": _reads("v1", objects.CommandPod),
}
_FLAGS = (b"-class", b"--watch-namespace")
"""One of them is in every flag of an ingress controller that is read (`ingress_classes.FLAGS`)."""
_BY_VERSION = {(read.version, kind): read for (_, kind), read in _READS.items()}
_BY_VERSION["networking.k8s.io/v1beta1", "ServiceCIDR"] = _reads(
    "networking.k8s.io/v1beta1", objects.ServiceCIDR, namespaced=False
)
# Kinds that moved out of `extensions`: (group today, release that stopped serving the old version).
_EXTENSIONS = {
    "Deployment": ("apps", "1.16"),
    "DaemonSet": ("apps", "1.16"),
    "ReplicaSet": ("apps", "1.16"),
    "NetworkPolicy": ("networking.k8s.io", "1.16"),
    "Ingress": ("networking.k8s.io", "1.22"),
}
_REMOVED = {
    "apps/v1beta1": "1.16",
    "apps/v1beta2": "1.16",
    "batch/v2alpha1": "1.21",
    "batch/v1beta1": "1.25",
    "discovery.k8s.io/v1beta1": "1.25",
    "networking.k8s.io/v1beta1": "1.22",
}


_MAX_DIGITS = 300


def decode(document: Document, *, default_namespace: str = "default") -> Decoded | Invalid:
    """The object as its type, checked as the API server checks it on creation.

    Raises KeyError for a kind that is not read: ask `model.kind_lists.find` first.
    """
    read = _BY_VERSION.get((document.api_version, document.kind))
    if read is not None and document.kind == "Pod" and document.name.startswith(API_SERVER):
        read = _API_SERVER
    elif read is not None and document.kind in _WITH_COMMAND and _has_flags(document):
        read = _WITH_COMMAND[document.kind]
    if read is None:
        return _other_version(document, default_namespace)
    return decode_as(read, document, default_namespace=default_namespace)


def _has_flags(document: Document) -> bool:
    """Whether the command line of a pod or a template may have flags of an ingress controller."""
    raw = document.raw
    if isinstance(raw, (msgspec.Raw, bytes)):
        text = bytes(raw)
        return any(flag in text for flag in _FLAGS)
    spec = raw.get("spec") if isinstance(raw, dict) else None
    if document.kind != "Pod":
        for name in ("template", "spec"):
            spec = spec.get(name) if isinstance(spec, dict) else None
    containers = spec.get("containers") if isinstance(spec, dict) else None
    flags = [flag.decode() for flag in _FLAGS]
    return any(
        isinstance(word, str) and any(flag in word for flag in flags)
        for one in (containers if isinstance(containers, list) else ())
        if isinstance(one, dict)
        for words in (one.get("command"), one.get("args"))
        if isinstance(words, list)
        for word in words
    )


def decode_as(read: Reads, document: Document, *, default_namespace: str = "default") -> Decoded | Invalid:
    """The object as the type that its kind has, checked as the API server checks it on creation.

    Another API version than that which is read is refused too.
    """
    kind, raw = document.kind, document.raw
    if document.api_version != read.version:
        what = f"is {quoted(document.api_version)}, a version that is not read"
        fault = Fault(("apiVersion",), what, f"write `apiVersion: {read.version}`")
        return _invalid(document, read.namespaced, default_namespace, fault)
    try:
        if isinstance(raw, (msgspec.Raw, bytes)):
            value = read.decoder.decode(raw)
        else:
            value = msgspec.convert(raw, read.value)
        check_fields(raw)
        read.check(kind, value)
    except (msgspec.DecodeError, RecursionError) as error:
        fault = explain(error, _written(document), read.value)
    except Fault as found:
        fault = found
    else:
        meta: objects.Meta = value.metadata
        return Decoded(
            kind=kind,
            namespace=(meta.namespace or default_namespace) if read.namespaced else "",
            name=meta.name or name_of(meta),
            value=value,
            place=document.place,
        )
    return _invalid(document, read.namespaced, default_namespace, fault)


def _written(document: Document) -> Any:
    """The object as plain values, as far as it has any: a number beyond every range stays as it is written."""
    try:
        return document.tree()
    except (msgspec.DecodeError, RecursionError):
        import json

        try:
            return json.loads(bytes(document.raw), parse_float=_number, parse_int=_integer)
        except (ValueError, RecursionError):
            return None


def _number(text: str) -> float | Beyond:
    value = float(text)
    return Beyond(text) if math.isinf(value) else value


def _integer(text: str) -> int | float | Beyond:
    return int(text) if len(text) <= _MAX_DIGITS else _number(text)


def _invalid(document: Document, namespaced: bool, default_namespace: str, fault: Fault) -> Invalid:
    return Invalid(
        kind=document.kind,
        namespace=(document.namespace or default_namespace) if namespaced else "",
        name=document.name,
        place=document.place,
        pointer=fault.pointer,
        message=fault.message,
        help=fault.help or "correct the field",
        once_taken=fault.once_taken,
    )


def _other_version(document: Document, default_namespace: str) -> Invalid:
    """An API version that no API server of today serves."""
    group, kind = document.group, document.kind
    today, since = _EXTENSIONS.get(kind, ("", "")) if group == "extensions" else (group, "")
    read = _READS[today, kind]
    since = since or _REMOVED.get(document.api_version, "")
    gone = f", which Kubernetes {since} stopped serving" if since else ", which is not served"
    what = f"is {quoted(document.api_version)}{gone}"
    shape = " (its backends are written differently there)" if kind == "Ingress" else ""
    fault = Fault(("apiVersion",), what, f"write `apiVersion: {read.version}`{shape}")
    return _invalid(document, read.namespaced, default_namespace, fault)
