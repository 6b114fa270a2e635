"""Raw documents of kubevirt.io and pool.kubevirt.io -> typed objects, or what KubeVirt would say against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.kubevirt import GROUP, POOLS
from netwright.dialects.kubevirt.objects import (
    KubeVirt,
    VirtualMachine,
    VirtualMachineInstance,
    VirtualMachineInstanceMigration,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
)
from netwright.dialects.kubevirt.validate import (
    check_configuration,
    check_instance,
    check_machine,
    check_migration,
    check_pool,
    check_replica_set,
)
from netwright.model.document import Decoded, Document

_READS = {
    "VirtualMachine": Reads.of(f"{GROUP}/v1", VirtualMachine, check=check_machine),
    "VirtualMachineInstance": Reads.of(f"{GROUP}/v1", VirtualMachineInstance, check=check_instance),
    "VirtualMachineInstanceReplicaSet": Reads.of(
        f"{GROUP}/v1", VirtualMachineInstanceReplicaSet, check=check_replica_set
    ),
    "VirtualMachineInstanceMigration": Reads.of(f"{GROUP}/v1", VirtualMachineInstanceMigration, check=check_migration),
    "KubeVirt": Reads.of(f"{GROUP}/v1", KubeVirt, check=check_configuration),
    "VirtualMachinePool": Reads.of(f"{POOLS}/v1beta1", VirtualMachinePool, check=check_pool),
}
# Served beside, in the same shape.
_ALSO = {
    (f"{POOLS}/v1alpha1" if kind == "VirtualMachinePool" else f"{GROUP}/v1alpha3", kind): read
    for kind, read in _READS.items()
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as KubeVirt checks it on creation. Raises KeyError for a kind that is not read."""
    read = _READS[document.kind]
    if (document.api_version, document.kind) in _ALSO:
        read = Reads(document.api_version, read.value, read.namespaced, read.check)
    return decode_as(read, document)
