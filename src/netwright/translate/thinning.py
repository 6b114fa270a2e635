"""A network out of which policies are taken, group after group, as long as no verdict is another by it."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.base.services import ServiceSet
from netwright.dialects.k8s.edit import Edit
from netwright.engine.inquire import Inquirer
from netwright.model.document import Decoded
from netwright.profiles.deltas import deltas
from netwright.translate.same_network import differs


class Thinning:
    """Each group is compared with what is left of those before, which an edit of the compiled network costs little."""

    def __init__(self, whole: Inquirer, beside: ServiceSet) -> None:
        self._now = self._without = whole
        self._beside = beside

    def differs_without(self, policies: Sequence[Decoded]) -> bool | None:
        """Whether a verdict is another, but for services `beside`, once these are gone too; None where the profile lets
        no policy be edited by itself."""
        chain = deltas(self._now.cluster, [Edit(policy, None, "") for policy in policies])
        if chain is None:
            return None
        network = self._now.network.apply(*chain)
        self._without = Inquirer(self._now.cluster, network, self._now.directory)
        return differs(self._now, self._without, self._beside)

    def take(self) -> None:
        """Goes on without the policies that were last asked about."""
        self._now = self._without
