"""NW6025 to NW6028: live migrations that interrupt more than people expect, or are given too little."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_bindings import DEVICE, POOL, SRIOV
from netwright.model.finding_codes.machine_manifests import BRIDGE, TWO, TWO_NETWORKS, attachment, kubevirt, machine
from netwright.model.finding_codes.manifests import manifest

MOVES: Final = "evictionStrategy: LiveMigrate"
SETTINGS: Final = "{migrations: {bandwidthPerMigration: %s, completionTimeoutPerGiB: 150}}"
USES_LAN: Final = "{migrations: {network: lan}}"
LAN: Final = attachment(
    '{"name": "lan", "type": "macvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": "198.18.0.0/24"}}',
    namespace="kubevirt",
)
STATE: Final = """\
apiVersion: nmstate.io/v1beta1
kind: NodeNetworkState
metadata: {name: %s}
status: {currentState: {interfaces: [{name: %s, type: ethernet, state: up}]}}
"""
ANNOTATED: Final = '{kubevirt.io/allow-pod-bridge-network-live-migration: ""}'
UNDER_OVN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lan"}'
)

MIGRATIONS: Final = (
    FindingCode(
        code="NW6025",
        severity="info",
        title="a device that is unplugged while its machine moves",
        explanation=(
            "KubeVirt migrates a machine with SR-IOV by taking the device out of the guest before, and plugging one of "
            "the other node in afterwards. Told of machines that are to migrate: by their evictionStrategy, or by a "
            "VirtualMachineInstanceMigration."
        ),
        help="bond it in the guest with an interface that stays",
        fails=manifest(machine(SRIOV, TWO_NETWORKS, more=MOVES), attachment(DEVICE, annotations=POOL)),
        passes=manifest(machine(TWO, TWO_NETWORKS, more=MOVES), attachment(BRIDGE)),
    ),
    FindingCode(
        code="NW6026",
        severity="warning",
        title="migrations that are given less time than they need",
        explanation=(
            "`bandwidthPerMigration` bounds how fast memory is copied, and `completionTimeoutPerGiB` how long it may "
            "take; what is not done by then is cancelled, unless `allowPostCopy` or `allowWorkloadDisruption` lets it "
            "go on. The two do not go together. Nothing is said where one of them is left out."
        ),
        help="raise `bandwidthPerMigration` or `completionTimeoutPerGiB`",
        fails=manifest(machine(), kubevirt(SETTINGS % "4Mi")),
        passes=manifest(machine(), kubevirt(SETTINGS % "64Mi")),
    ),
    FindingCode(
        code="NW6027",
        severity="error",
        title="nodes without the wire of migrations",
        explanation=(
            "`migrations.network` of the KubeVirt object names an attachment that hangs on an interface or a bridge of "
            "the nodes. What nmstate says of these nodes has no such interface, or a bridge without a port to a cable."
        ),
        help="set the nodes up alike",
        fails=manifest(kubevirt(USES_LAN), LAN, STATE % ("n1", "eth1"), STATE % ("n2", "eth7")),
        passes=manifest(kubevirt(USES_LAN), LAN, STATE % ("n1", "eth1"), STATE % ("n2", "eth1")),
    ),
    FindingCode(
        code="NW6028",
        severity="info",
        title="a migration that some builds of OVN-Kubernetes interrupt for a minute",
        explanation=(
            "A machine with a bridge on the cluster's default network keeps its address in a migration. Since pull "
            "request 5773 OVN-Kubernetes gives guests the gateway of the node's subnet, whose MAC address is another "
            "one elsewhere; pull request 6947 lets the target tell the guest. Between the two about a minute passes "
            "until the guest asks anew. Which build runs is not in the objects."
        ),
        help="ask which build runs",
        fails=manifest(machine("{name: default, bridge: {}}", annotations=ANNOTATED), UNDER_OVN),
        passes=manifest(machine(), UNDER_OVN),
    ),
)
