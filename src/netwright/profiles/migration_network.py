"""The network that live migrations carry memory over: `migrations.network` of the KubeVirt object.

After KubeVirt 1.9 (user guide: live migration): it names a NetworkAttachmentDefinition of KubeVirt's own namespace, to
which the pods of virt-handler are attached.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwright.dialects.kubevirt.objects import KubeVirt
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun, by_attachment


def migration_attachment(objects: Sequence[Decoded]) -> tuple[Decoded, str] | None:
    """The KubeVirt object and the attachment that it names for migrations, as NAMESPACE/NAME; None where it names
    none, and migrations go over the pod network."""
    for d in objects:
        if isinstance(d.value, KubeVirt):
            configuration = d.value.spec.configuration if d.value.spec else None
            settings = configuration.migrations if configuration else None
            return (d, f"{d.namespace}/{settings.network}") if settings is not None and settings.network else None
    return None


def migration_network(objects: Sequence[Decoded], networks: Sequence[NetworkNoun]) -> NetworkNoun | None:
    """The network of migrations, where it is in the input."""
    found = migration_attachment(objects)
    return by_attachment(networks).get(found[1]) if found else None
