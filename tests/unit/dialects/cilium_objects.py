"""Policies and address groups of cilium.io for tests, and what decoding makes of them."""

from __future__ import annotations

import json
from typing import Any

from netwright.base.spans import Place
from netwright.dialects.cilium.decode import decode
from netwright.dialects.cilium.objects import IngressRule
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

HTTP = {"http": [{"path": "/a"}]}
DNS = {"dns": [{"matchPattern": "*"}]}
TLS = {"secret": {"name": "s"}}
LISTENER = {"name": "l", "envoyConfig": {"name": "c"}}
PLACE = Place(file="shop.yaml", document=2)
Tree = dict[str, Any]


def document(object_: Tree, *, as_json: bool = False) -> Document:
    metadata = object_.get("metadata") or {}
    return Document(
        place=PLACE,
        api_version=object_["apiVersion"],
        kind=object_["kind"],
        namespace=metadata.get("namespace") or "",
        name=metadata.get("name") or "",
        raw=json.dumps(object_).encode() if as_json else object_,
    )


def policy(rule: Tree | None = None, *, kind: str = "CiliumNetworkPolicy", **fields: Any) -> Tree:
    spec = {} if rule is None else {"spec": rule}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": "p"}, **spec, **fields}


def pods(**sides: Any) -> Tree:
    """A policy about all pods of its namespace."""
    return policy({"endpointSelector": {}, **sides})


def nodes(**sides: Any) -> Tree:
    """A policy about all nodes."""
    return policy({"nodeSelector": {}, **sides}, kind="CiliumClusterwideNetworkPolicy")


def to_ports(side: str = "egress", **rule: Any) -> Tree:
    """A policy with one entry of `toPorts`, for TCP 80 where it says nothing else."""
    return pods(**{side: [{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], **rule}]}]})


def port(**fields: Any) -> Tree:
    return pods(egress=[{"toPorts": [{"ports": [fields]}]}])


def selecting(**selector: Any) -> Tree:
    return pods(ingress=[{"fromEndpoints": [selector]}])


def group(*ranges: Any, version: str = "cilium.io/v2") -> Tree:
    return {
        "apiVersion": version,
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "g"},
        "spec": {"externalCIDRs": list(ranges)},
    }


def kept(object_: Tree) -> Decoded:
    found = [decode(document(object_, as_json=as_json)) for as_json in (False, True)]
    for one in found:
        assert isinstance(one, Decoded), one
    return found[0]  # type: ignore[return-value]


def refused(object_: Tree) -> Invalid:
    found = [decode(document(object_, as_json=as_json)) for as_json in (False, True)]
    assert isinstance(found[0], Invalid), found[0]
    assert found[0] == found[1]
    return found[0]


def entry(object_: Tree) -> IngressRule:
    """The one ingress entry of a policy, decoded."""
    rule: IngressRule = kept(object_).value.spec.ingress[0]
    return rule
