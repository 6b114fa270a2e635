"""The kinds of k8s.cni.cncf.io: attachments to networks beside the pods' own, and claims of addresses there."""

from typing import Final

GROUP: Final = "k8s.cni.cncf.io"
KINDS: Final = ("NetworkAttachmentDefinition",)
"""The kinds that define networks."""
