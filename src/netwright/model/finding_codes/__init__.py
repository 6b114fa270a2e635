"""The codes of findings: NW2… policies, NW3… isolation and exposure, NW4… Services and Ingresses, NW5… the cluster,
NW6… machines and networks.

A code is for ever; a retired one is never used again. One module a family; each example is a whole manifest.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from netwright.base.diagnostics import INPUT_CODES, Code
from netwright.model.finding import FindingCode

_MODULES: Final = {
    "NW20": ("selectors",),
    "NW21": ("ports", "ranges", "implied", "connections"),
    "NW22": ("sections",),
    "NW23": ("admin_policies", "admin_rules", "admin_effects"),
    "NW24": ("policy_maps",),
    "NW25": ("cilium_selectors", "cilium_isolation", "cilium_requests", "cilium_ports"),
    "NW26": ("calico_selectors", "calico_order", "calico_effects"),
    "NW27": ("istio_policies", "istio_identities"),
    "NW28": ("gateway_routes", "openshift_routes"),
    "NW29": ("ovn_firewalls",),
    "NW30": ("coverage",),
    "NW31": ("exposure",),
    "NW32": ("exposure",),
    "NW33": ("infrastructure",),
    "NW40": ("services", "service_names"),
    "NW41": ("ingresses",),
    "NW50": ("cluster_ranges",),
    "NW60": ("machine_migration", "machine_bindings", "migrations", "network_policies"),
    "NW61": ("user_networks", "machine_addresses", "machine_guests", "network_status", "network_policies"),
    "NW62": ("machine_policies", "network_policies"),
    "NW63": ("mtu", "machine_guests", "network_status"),
    "NW64": ("address_pools",),
}
"""The modules that hold the codes of a family; each has them in a tuple that is called as it is, in capitals."""

_OF_INPUT: Final = {code.code: code for code in INPUT_CODES}


def code_of(name: str) -> Code:
    """A code by its name, those of the input among them; of other families nothing is imported. Raises KeyError where
    there is none."""
    return _OF_INPUT[name] if name in _OF_INPUT else _family(name[:4])[name]


def no_code(name: str) -> str:
    """Why a name is no code, with the closest one if one is close; "" where it is one."""
    try:
        code_of(name)
    except KeyError:
        from difflib import get_close_matches

        codes = [*_OF_INPUT, *(code.code for code in finding_codes())]
        meant = name.upper()
        near = get_close_matches(meant, codes, len(codes), 0.75)
        # of the same family first, and there one whose digits stand otherwise
        near.sort(key=lambda code: (code[:4] != meant[:4], sorted(code) != sorted(meant)))
        return f"`{name}` is no code of a finding" + (f"; did you mean `{near[0]}`?" if near else "")
    return ""


@cache
def finding_codes() -> tuple[FindingCode, ...]:
    """All codes, sorted."""
    return tuple(code for family in sorted(_MODULES) for _, code in sorted(_family(family).items()))


@cache
def _family(family: str) -> dict[str, FindingCode]:
    held: dict[str, FindingCode] = {}
    for name in _MODULES[family]:
        module = import_module(f"{__name__}.{name}")
        held |= {code.code: code for code in getattr(module, name.upper()) if code.code.startswith(family)}
    return held


WORKLOAD_KINDS: Final = frozenset(
    {
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "VirtualMachine",
        "VirtualMachineInstance",
        "VirtualMachineInstanceReplicaSet",
        "VirtualMachinePool",
    }
)
NETWORK_KINDS: Final = frozenset({"NetworkAttachmentDefinition", "UserDefinedNetwork", "ClusterUserDefinedNetwork"})
CALICO_POLICIES: Final = frozenset({"NetworkPolicy", "GlobalNetworkPolicy"})
CALICO_SETS: Final = frozenset({"NetworkSet", "GlobalNetworkSet", "HostEndpoint"})
ABSENCE: Final = {
    "NW2001": WORKLOAD_KINDS,
    "NW2003": WORKLOAD_KINDS,
    "NW2004": frozenset({"Namespace"}),
    "NW2005": WORKLOAD_KINDS,
    "NW2006": WORKLOAD_KINDS,
    "NW2007": WORKLOAD_KINDS,
    "NW2008": frozenset({"Namespace"}),
    "NW2010": WORKLOAD_KINDS,
    "NW2101": WORKLOAD_KINDS,
    "NW2102": WORKLOAD_KINDS,
    "NW2104": WORKLOAD_KINDS,
    "NW2105": WORKLOAD_KINDS,
    "NW2301": WORKLOAD_KINDS,
    "NW2302": WORKLOAD_KINDS,
    "NW2303": frozenset({"Node"}),
    "NW2304": WORKLOAD_KINDS,
    "NW2312": frozenset({"Node"}),
    "NW2501": WORKLOAD_KINDS,
    "NW2502": WORKLOAD_KINDS,
    "NW2503": WORKLOAD_KINDS,
    "NW2511": frozenset({"CiliumCIDRGroup"}),
    "NW2530": frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}),
    "NW2560": frozenset({"Service"}),
    "NW2562": WORKLOAD_KINDS,
    "NW2601": WORKLOAD_KINDS,
    "NW2602": WORKLOAD_KINDS | CALICO_SETS,
    "NW2605": CALICO_POLICIES,
    "NW2613": frozenset({"Tier"}),
    "NW2615": CALICO_POLICIES | {"ClusterNetworkPolicy"},
    "NW2622": WORKLOAD_KINDS,
    "NW2623": frozenset({"HostEndpoint"}),
    "NW2626": CALICO_POLICIES,
    "NW2627": frozenset({"HostEndpoint"}),
    "NW2706": WORKLOAD_KINDS,
    "NW2707": WORKLOAD_KINDS | {"Namespace"},
    "NW2710": WORKLOAD_KINDS | {"ServiceAccount"},
    "NW2714": frozenset({"Service"}),
    "NW2802": frozenset({"Gateway"}),
    "NW2808": frozenset({"Service"}),
    "NW2810": frozenset({"ReferenceGrant"}),
    "NW2815": frozenset({"ReferenceGrant"}),
    "NW2851": frozenset({"Service"}),
    "NW2909": frozenset({"Node"}),
    "NW4001": WORKLOAD_KINDS,
    "NW6308": frozenset({"NodeNetworkConfigurationPolicy"}),
    "NW4002": WORKLOAD_KINDS,
    "NW4014": frozenset({"Service"}),
    "NW4101": frozenset({"Service"}),
    "NW6006": frozenset({"KubeVirt"}),
    "NW6019": NETWORK_KINDS,
    "NW6102": NETWORK_KINDS,
    "NW6114": NETWORK_KINDS,
    "NW6115": frozenset({"Namespace"}),
    "NW6204": NETWORK_KINDS,
    "NW6201": frozenset({"MultiNetworkPolicy"}),
}
"""Codes that say that something is not there, and the kinds that it could be of. They are withheld where a text that
could hold it was not read."""
