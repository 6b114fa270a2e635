"""Whether a bridge of a node has a cable: what nmstate is told, or tells, of the node's interfaces.

After nmstate 2.2, "Interfaces" (linux-bridge: `bridge.port`, each with a `name` and perhaps a `vlan`): a policy says
parts of a node, and what it does not name stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwright.dialects.k8s.objects import Node
from netwright.dialects.nmstate.objects import NodeNetworkConfigurationPolicy, NodeNetworkState
from netwright.model.document import Decoded
from netwright.spec.addresses import Match

INSIDE = ("veth", "dummy", "ovs-interface")
"""Interfaces that are no way out of the node."""


def leaves(objects: Sequence[Decoded], bridge: str, vlan: int, node: str) -> Match:
    """Whether frames of the VLAN leave the node by the bridge; without a node, whether they leave every one."""
    policies = [one for one in objects if isinstance(one.value, NodeNetworkConfigurationPolicy)]
    states = {one.name: one for one in objects if isinstance(one.value, NodeNetworkState)}
    labels = {one.name: one.value.metadata.labels or {} for one in objects if isinstance(one.value, Node)}
    known = {*labels, *states}
    if not known:
        if any(_wanted(one) for one in policies):
            return "perhaps"
        return _on(None, policies, bridge, vlan)
    if node and node not in known:
        return "perhaps"
    found = {
        _on(states.get(name), [one for one in policies if _fits(one, name, labels.get(name, {}))], bridge, vlan)
        for name in ([node] if node else sorted(known))
    }
    return found.pop() if len(found) == 1 else "perhaps"


def _wanted(policy: Decoded) -> dict[str, str]:
    return (policy.value.spec.node_selector if policy.value.spec else None) or {}


def _fits(policy: Decoded, name: str, labels: dict[str, str | None]) -> bool:
    held = {"kubernetes.io/hostname": name, **labels}
    return all((held.get(key) or "") == value and key in held for key, value in _wanted(policy).items())


def _on(state: Decoded | None, policies: Sequence[Decoded], bridge: str, vlan: int) -> Match:
    trees = [state.value.status.current_state] if state is not None and state.value.status else []
    ordered = sorted(policies, key=lambda one: one.name)
    trees += [one.value.spec.desired_state for one in ordered if one.value.spec]
    if any("{{" in str(tree) for tree in trees):
        return "perhaps"
    interfaces: dict[str, dict[str, Any]] = {}
    for tree in trees:
        for one in (tree or {}).get("interfaces") or ():
            if one.get("state") == "absent":
                interfaces.pop(one["name"], None)
            else:
                interfaces[one["name"]] = {**interfaces.get(one["name"], {}), **one}
    if bridge not in interfaces:
        return "no" if state is not None else "perhaps"
    ports = (interfaces[bridge].get("bridge") or {}).get("port")
    if ports is None:
        return "perhaps"
    out = [port for port in ports if interfaces.get(port["name"], {}).get("type") not in INSIDE]
    return "yes" if any(_carries(port, vlan) for port in out) else "no"


def _carries(port: dict[str, Any], vlan: int) -> bool:
    """Without a filter a port carries every VLAN; with one those that it names, and frames without a tag."""
    told = port.get("vlan")
    if not told or vlan == 0:
        return True
    spans = [(told.get("tag"), told.get("tag"))]
    for one in told.get("trunk-tags") or ():
        span = one.get("id-range") or {"min": one.get("id"), "max": one.get("id")}
        spans.append((span.get("min"), span.get("max")))
    return any(low is not None and low <= vlan <= high for low, high in spans)
