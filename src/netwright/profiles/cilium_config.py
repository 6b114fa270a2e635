"""The ConfigMap `cilium-config` to the options of the profile `cilium`.

Names and defaults are those of Cilium 1.20.2 (`pkg/option/config.go`, `pkg/defaults`, its Helm chart).
"""

from __future__ import annotations

import re
from typing import Final

from netwright.dialects.cilium.objects import CiliumConfig

NAME: Final = "cilium-config"
_READ: Final = {
    "policy-cidr-match-mode": "",
    "enable-policy": "default",
    "allow-localhost": "auto",
    "enable-k8s-cluster-network-policy": "false",
    "bpf-policy-map-max": "16384",
}
"""Options that are read, with Cilium's defaults."""
_UNREAD: Final = {
    "labels": "",
    "cluster-name": "default",
    "enable-k8s-networkpolicy": "true",
    "enable-cilium-network-policy": "true",
    "enable-cilium-clusterwide-network-policy": "true",
    "enable-non-default-deny-policies": "true",
    "enable-l7-proxy": "true",
    "enable-icmp-rules": "true",
    "enable-host-firewall": "false",
    "enable-node-selector-labels": "false",
    "enable-extended-ip-protocols": "false",
}
"""Options that change what policies do and are not read, with the value that is taken."""
OPTIONS: Final = frozenset((*_READ, *_UNREAD))
"""All that anything is said of."""


def profile_name(config: CiliumConfig) -> str:
    """The profile with the options that the agents have, as `--cni` takes it."""
    data = config.data or {}
    options = []
    for name, default in _READ.items():
        value = data.get(name, default).strip()
        if name == "policy-cidr-match-mode":
            value = "+".join(sorted(mode for mode in re.split(r"[\s,]+", value) if mode))
        if value != default or name == "enable-k8s-cluster-network-policy":
            options.append(f"{name}={value}")
    return f"cilium:{','.join(options)}"


def not_read(config: CiliumConfig) -> tuple[str, ...]:
    """What is to be said of options that would change verdicts and are taken to be another way."""
    data = config.data or {}
    said = []
    for name, taken in _UNREAD.items():
        if name in data and data[name].strip() != taken:
            other = f"`{taken}`" if taken else "Cilium's default"
            said.append(f"`{name}` of {NAME} is `{data[name].strip()}` and is not read: verdicts are those of {other}")
    return tuple(said)
