"""What `explain` says of KubeVirt's kinds, after its API and user guide at 1.9."""

from __future__ import annotations

from typing import Final

_GROUP: Final = "kubevirt.io"
_POOLS: Final = "pool.kubevirt.io"
_LABELS: Final = (
    "Policies and Services select it by the labels of `spec.template.metadata`; those of the machine itself are on no "
    "pod. KubeVirt adds `kubevirt.io: virt-launcher`, `vm.kubevirt.io/name` and `vmi.kubevirt.io/id`."
)
_FORWARDED: Final = (
    "With `masquerade`, `ports` of an interface are all that is forwarded to the guest; without them every port is. On "
    "a `bridge` they say nothing."
)
KUBEVIRT_NOTES: Final[dict[tuple[str, str], str]] = {
    (_GROUP, "VirtualMachine"): (
        "A workload, `vm/NAMESPACE/NAME`, whose endpoint is its launcher pod: two while it migrates. Where the input "
        "has no pod, its template stands for it; halted, it has no endpoint."
    ),
    (_GROUP, "VirtualMachineInstance"): (
        "A machine that runs. It stands for the VirtualMachine of its name, and its launcher pods stand for it."
    ),
    (_GROUP, "VirtualMachineInstanceReplicaSet"): (
        "A workload of several like machines. Its template stands for them unless the input holds its instances."
    ),
    (_POOLS, "VirtualMachinePool"): (
        "VirtualMachines of one template. It stands for them unless the input holds them; each of them is a workload "
        "of its own."
    ),
    (_GROUP, "VirtualMachineInstanceMigration"): (
        "The wish to move an instance to another node. Its target is one more launcher pod with the same labels and, "
        "on the pod network, an address of its own."
    ),
    (_GROUP, "KubeVirt"): (
        "How KubeVirt is set up: bindings of plugins, the interface that machines have by default, feature gates, and "
        "the network that migrations use. It decides nothing between pods."
    ),
}
KUBEVIRT_RULES_OF_THUMB: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (_GROUP, "VirtualMachine"): (
        _LABELS,
        _FORWARDED,
        "NetworkPolicy acts on the pod network alone: interfaces on other networks are beyond it.",
    ),
    (_GROUP, "VirtualMachineInstance"): (_FORWARDED,),
}
