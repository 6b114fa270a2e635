"""KubeVirt: virtual machines, their instances and migrations, and what of KubeVirt's configuration they depend on."""

from typing import Final

GROUP: Final = "kubevirt.io"
POOLS: Final = "pool.kubevirt.io"
"""The group of VirtualMachinePool alone."""
MACHINES: Final = ("VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstanceReplicaSet", "VirtualMachinePool")
"""The kinds that launcher pods run for, each by its template or as itself."""
KINDS: Final = (*MACHINES, "VirtualMachineInstanceMigration", "KubeVirt")
"""Every kind that is read."""
