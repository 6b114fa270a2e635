"""Decoded objects of nmstate.io, with the API's names.

Shapes follow the CRDs of kubernetes-nmstate at c97527555ffa (`deploy/crds`), which leave what is inside `desiredState`
and `currentState` open: `state` reads it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


class PolicySpec(_Whole, frozen=True):
    """`nodeSelector` is labels that a node must have, all of them; without it every node is meant. `capture` are
    expressions that nodes answer, and that the desired state may name as `{{ capture.NAME }}`."""

    capture: dict[str, str] | None = None
    desired_state: Any = None
    max_unavailable: int | str | None = None
    node_selector: dict[str, str] | None = None


class NodeNetworkConfigurationPolicy(_Whole, frozen=True):
    """How the network of some nodes is to be."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: PolicySpec | None = None
    status: dict[str, Any] | None = None


class StateStatus(_Whole, frozen=True):
    current_state: Any = None
    handler_network_manager_version: str | None = None
    handler_nmstate_version: str | None = None
    host_network_manager_version: str | None = None
    last_successful_update_time: str | None = None
    conditions: tuple[dict[str, Any], ...] | None = None


class NodeNetworkState(_Whole, frozen=True):
    """How the network of the node of the same name is."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    status: StateStatus | None = None
