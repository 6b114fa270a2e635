"""The kinds of k8s.cni.cncf.io: attachments to networks beside the pods' own, claims of addresses there, policies."""

from typing import Final

GROUP: Final = "k8s.cni.cncf.io"
KINDS: Final = ("NetworkAttachmentDefinition",)
"""The kinds that define networks."""
POLICY: Final = "MultiNetworkPolicy"
"""The kind of policies that act there."""
