"""What refuses an object of nmstate.io: the CRD, and what nmstate says before it changes anything.

After the CRD of kubernetes-nmstate at c97527555ffa and the types of nmstate 2.2. What is not about interfaces, bridges
and OVN (routes, name servers …) is taken as it is.
"""

from __future__ import annotations

from netwright.base.spans import Pointer
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, check_labels, quoted, read_cidr
from netwright.dialects.nmstate.objects import NodeNetworkConfigurationPolicy, NodeNetworkState
from netwright.dialects.nmstate.state import NotAState, State, read_state

DESIRED: Pointer = ("spec", "desiredState")
CURRENT: Pointer = ("status", "currentState")


def check_policy(kind: str, policy: NodeNetworkConfigurationPolicy) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, policy.metadata)
    if policy.spec is None:
        return
    selector = policy.spec.node_selector or {}
    if len(selector) > 256:
        raise Fault(("spec", "nodeSelector"), f"has {len(selector)} labels; it has 256 at most")
    check_labels(selector, ("spec", "nodeSelector"))
    _check(policy.spec.desired_state, DESIRED)


def check_state(kind: str, state: NodeNetworkState) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, state.metadata)
    if state.status is not None:
        _check(state.status.current_state, CURRENT)


def _check(tree: object, at: Pointer) -> None:
    try:
        found = read_state(tree, at)
    except NotAState as error:
        raise Fault(error.pointer, str(error)) from None
    _check_addresses(found)


def _check_addresses(found: State) -> None:
    for one in found.wiring:
        for text in one.addresses:
            try:
                read_cidr(text)
            except ValueError:
                raise Fault(one.pointer, f"has {quoted(text)}, which is no address with its prefix length") from None
        if one.vlan is not None and not 1 <= one.vlan <= 4094:
            raise Fault((*one.pointer, "vlan", "id"), f"is {one.vlan}; VLANs are 1 to 4094")
