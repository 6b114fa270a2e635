"""The codes of findings: NW2… policies, NW3… isolation and exposure, NW4… Services and Ingresses, NW5… the cluster.

A code is for ever; a retired one is never used again. One module a family; each example is a whole manifest.
"""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.admin_effects import ADMIN_EFFECTS
from netwright.model.finding_codes.admin_policies import ADMIN_POLICIES
from netwright.model.finding_codes.admin_rules import ADMIN_RULES
from netwright.model.finding_codes.cilium_isolation import CILIUM_ISOLATION
from netwright.model.finding_codes.cilium_ports import CILIUM_PORTS
from netwright.model.finding_codes.cilium_requests import CILIUM_REQUESTS
from netwright.model.finding_codes.cilium_selectors import CILIUM_SELECTORS
from netwright.model.finding_codes.cluster_ranges import CLUSTER_RANGES
from netwright.model.finding_codes.connections import CONNECTIONS
from netwright.model.finding_codes.coverage import COVERAGE
from netwright.model.finding_codes.exposure import EXPOSURE
from netwright.model.finding_codes.implied import IMPLIED
from netwright.model.finding_codes.infrastructure import INFRASTRUCTURE
from netwright.model.finding_codes.ingresses import INGRESSES
from netwright.model.finding_codes.policy_maps import POLICY_MAPS
from netwright.model.finding_codes.ports import PORTS
from netwright.model.finding_codes.ranges import RANGES
from netwright.model.finding_codes.sections import SECTIONS
from netwright.model.finding_codes.selectors import SELECTORS
from netwright.model.finding_codes.service_names import SERVICE_NAMES
from netwright.model.finding_codes.services import SERVICES

_FAMILIES = (
    SELECTORS,
    SECTIONS,
    PORTS,
    RANGES,
    IMPLIED,
    CONNECTIONS,
    ADMIN_POLICIES,
    ADMIN_RULES,
    ADMIN_EFFECTS,
    POLICY_MAPS,
    CILIUM_SELECTORS,
    CILIUM_ISOLATION,
    CILIUM_REQUESTS,
    CILIUM_PORTS,
    COVERAGE,
    EXPOSURE,
    INFRASTRUCTURE,
    SERVICES,
    SERVICE_NAMES,
    INGRESSES,
    CLUSTER_RANGES,
)
FINDING_CODES: Final[tuple[FindingCode, ...]] = tuple(
    sorted((code for family in _FAMILIES for code in family), key=lambda code: code.code)
)
WORKLOAD_KINDS: Final = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}
)
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
    "NW4001": WORKLOAD_KINDS,
    "NW4002": WORKLOAD_KINDS,
    "NW4014": frozenset({"Service"}),
    "NW4101": frozenset({"Service"}),
}
"""Codes that say that something is not there, and the kinds that it could be of. They are withheld where a text that
could hold it was not read."""
