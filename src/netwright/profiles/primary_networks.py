"""What is left open where pods have another primary network than the pod network.

Of pods on a primary user-defined network policies act there, and their addresses of the pod network serve the kubelet
alone (OKEP-5193 of OVN-Kubernetes). Who meets whom there is not evaluated yet: of the pods of these namespaces, and of
no others, an allowed connection is left open; a denied one too where policies name ranges, since it is not known which
of the pod's addresses they see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.model.document import Decoded, UnknownPolicy
from netwright.profiles.named_families import named_families
from netwright.profiles.networks import described, networks_of


def unmet(objects: Sequence[Decoded]) -> Iterator[UnknownPolicy]:
    """What primary networks could change, for exactly the pods that are, or may be, on one."""
    primary = [network for network in networks_of(objects)[1:] if network.role == "primary"]
    if not primary:
        return
    by_range = any(named_families(d) for d in objects)
    for network in primary:
        name = described(network)
        for namespaces, is_one in (
            (network.namespaces or (), "is the primary network of its pods"),
            (network.perhaps, "may be the primary network of its pods (the labels of their namespace are not known)"),
        ):
            if namespaces:
                yield UnknownPolicy(
                    kind=network.kind,
                    namespaces=namespaces,
                    hosts=False,
                    effect="both" if by_range else "deny",
                    reason=f"{name} {is_one}, and who meets whom on it is not evaluated yet",
                )


def secondary(objects: Sequence[Decoded]) -> tuple[str, ...]:
    """What is to be said of secondary networks, where the input has any."""
    if all(network.role == "primary" for network in networks_of(objects)):
        return ()
    return ("secondary networks change no verdict: policies act on a pod's primary network, and verdicts are about it",)
