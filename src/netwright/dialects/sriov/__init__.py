"""The kinds of sriovnetwork.openshift.io: networks on virtual functions, and which of the nodes' cards have them."""

from typing import Final

GROUP: Final = "sriovnetwork.openshift.io"
NETWORKS: Final = ("SriovNetwork", "OVSNetwork", "SriovIBNetwork")
"""The kinds of which the operator makes a NetworkAttachmentDefinition of the same name."""
POLICY: Final = "SriovNetworkNodePolicy"
