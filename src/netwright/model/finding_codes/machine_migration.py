"""NW600…, NW6019 to NW6021: machines that cannot move to another node, or lose their network when they do."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import attachment, kubevirt, machine
from netwright.model.finding_codes.manifests import ADMIT, DENY, manifest

BRIDGED: Final = "{name: default, bridge: {}}"
MAY_MIGRATE: Final = 'kubevirt.io/allow-pod-bridge-network-live-migration: ""'
CILIUM: Final = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {}
"""
USES_LAN: Final = "{migrations: {network: lan}}"


def _of_lan(subnet: str, namespace: str = "kubevirt") -> str:
    ipam = f'{{"type": "whereabouts", "range": "{subnet}"}}'
    return attachment(f'{{"name": "lan", "type": "macvlan", "master": "eth1", "ipam": {ipam}}}', namespace=namespace)


def _instance(devices: str, networks: str) -> str:
    return f"""\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {{name: web, namespace: shop, labels: {{app: web}}, uid: 8a6d1c1e-0000-4000-8000-000000000001}}
spec:
  domain: {{devices: {{{devices}}}}}
  networks: [{networks}]
status: {{phase: Running}}
"""


MACHINE_MIGRATION: Final = (
    FindingCode(
        code="NW6001",
        severity="warning",
        title="a machine whose network keeps it from migrating live",
        explanation=(
            "A `bridge` on the pod network gives the guest the pod's own address, which the pod at the other node does "
            "not get: KubeVirt does not migrate such a machine unless its template has the annotation "
            "`kubevirt.io/allow-pod-bridge-network-live-migration`, whatever its value. (A bridge is also what an "
            "interface is that names no binding, unless KubeVirt is set up otherwise.) The binding of a plugin on the "
            "pod network migrates only if it is registered with `migration`. Machines without an interface on the pod "
            "network are not asked: bridges and SR-IOV on other networks do not hinder."
        ),
        help="use `masquerade`, or a secondary network for what must keep its address",
        fails=machine(BRIDGED),
        passes=machine(),
    ),
    FindingCode(
        code="NW6002",
        severity="error",
        title="a machine that is to migrate live and cannot",
        explanation=(
            "Its evictionStrategy is `LiveMigrate`, its own or that of the KubeVirt object, or a "
            "VirtualMachineInstanceMigration names it; and its network keeps it from migrating, as NW6001 says. Its "
            "eviction is then refused: a node that is drained, for an upgrade for instance, waits for it for ever."
        ),
        help="use `masquerade`, or set evictionStrategy `LiveMigrateIfPossible`, which shuts it down instead",
        fails=machine(BRIDGED, more="evictionStrategy: LiveMigrate"),
        passes=machine(more="evictionStrategy: LiveMigrate"),
    ),
    FindingCode(
        code="NW6003",
        severity="error",
        title="a forwarded port that live migration needs",
        explanation=(
            "Of a `masquerade` interface the listed ports of the launcher pod are the guest's. The migration itself "
            "comes to ports 49152 and 49153 of the target's pod, and would go to the guest."
        ),
        help="let the guest serve on another port",
        fails=machine("{name: default, masquerade: {}, ports: [{port: 80}, {port: 49152}]}"),
        passes=machine("{name: default, masquerade: {}, ports: [{port: 80}]}"),
    ),
    FindingCode(
        code="NW6004",
        severity="warning",
        title="a bridged machine that may migrate, under a CNI that does not carry its address along",
        explanation=(
            "The annotation lets KubeVirt migrate a machine that has the address of its pod. The pod at the other node "
            "has that address only under a CNI that carries it along, such as OVN-Kubernetes; Cilium gives it another "
            "one. Nothing is said where the CNI is not known, nor of Calico, where it is a setting of its IPAM "
            "(`kubeVirtVMAddressPersistence`, 3.32)."
        ),
        help="use `masquerade` behind a Service",
        fails=manifest(machine(BRIDGED, annotations=f"{{{MAY_MIGRATE}}}"), CILIUM),
        passes=manifest(machine(), CILIUM),
    ),
    FindingCode(
        code="NW6005",
        severity="error",
        title="an annotation of the template that stands on the machine",
        explanation=(
            "What is asked of the network by annotations (`kubevirt.io/allow-pod-bridge-network-live-migration`, "
            "`network.kubevirt.io/addresses`) is asked of the instance, and instances are made of the template."
        ),
        help="write it into `spec.template.metadata.annotations`",
        fails=machine(own=f"annotations: {{{MAY_MIGRATE}}}"),
        passes=machine(annotations=f"{{{MAY_MIGRATE}}}"),
    ),
    FindingCode(
        code="NW6019",
        severity="error",
        title="a network of migrations that is not in KubeVirt's namespace",
        explanation=(
            "`migrations.network` of the KubeVirt object names a NetworkAttachmentDefinition of the namespace where "
            "KubeVirt runs: it is virt-handler that is attached to it. The input has one of this name elsewhere, and "
            "none there. Whether the device that it hangs on is on every node, the objects do not tell."
        ),
        help="create it in KubeVirt's namespace",
        fails=manifest(kubevirt(USES_LAN), _of_lan("198.18.0.0/24", "shop")),
        passes=manifest(kubevirt(USES_LAN), _of_lan("198.18.0.0/24")),
    ),
    FindingCode(
        code="NW6020",
        severity="error",
        title="a network of migrations that has addresses of another network",
        explanation=(
            "virt-handler sends migrations to addresses of this network. Where pods, Services or another network have "
            "the same ones it is not told by an address what is meant."
        ),
        help="give it a range of its own",
        fails=manifest(
            kubevirt(USES_LAN),
            _of_lan("10.30.0.0/24"),
            attachment('{"name": "b", "type": "bridge", "ipam": {"type": "host-local", "subnet": "10.30.0.0/16"}}'),
        ),
        passes=manifest(
            kubevirt(USES_LAN),
            _of_lan("198.18.0.0/24"),
            attachment('{"name": "b", "type": "bridge", "ipam": {"type": "host-local", "subnet": "10.30.0.0/16"}}'),
        ),
    ),
    FindingCode(
        code="NW6021",
        severity="warning",
        title="an interface that only a restart brings",
        explanation=(
            "The running machine has it differently than the machine is written. Interfaces with the binding `bridge` "
            "or `sriov` can be plugged in while it runs, others wait for a restart. Another network for an interface "
            "is taken over live (by a migration) by KubeVirt 1.9, and by 1.8 with the feature gate `LiveUpdateNADRef`: "
            "for an attachment of the same type, and not where the dynamic networks controller of Multus runs."
        ),
        help="restart the machine",
        fails=manifest(machine(strategy="Always"), _instance("autoattachPodInterface: false", ""), DENY, ADMIT),
        passes=manifest(
            machine(strategy="Always"),
            _instance("interfaces: [{name: default, masquerade: {}}]", "{name: default, pod: {}}"),
            DENY,
            ADMIT,
        ),
    ),
)
