"""The labels of pods as Calico sees them where it reads selectors of Kubernetes: their own, and some that it adds."""

from __future__ import annotations

from typing import Final

from netwright.base.selectors import Selector
from netwright.dialects.calico.entities import OF_ACCOUNT, OF_NAMESPACE, of_label_selector
from netwright.dialects.calico.grammar import EVERYTHING
from netwright.dialects.k8s.objects import LabelSelector

_ADDED: Final = ("projectcalico.org/", OF_NAMESPACE, OF_ACCOUNT)


class _Seen:
    """Every label of a pod; beside them those of its namespace and account."""

    def sees(self, label: str) -> bool:
        return True

    def pods(self, selector: LabelSelector, surely: bool = True) -> Selector:
        keys = [*(selector.match_labels or ()), *(one.key for one in selector.match_expressions or () if one)]
        # what looks objects up needs numpy, and a profile is read without it
        if not any(key.startswith(_ADDED) for key in keys):
            from netwright.dialects.k8s.lower import plain_selector

            return plain_selector(selector, surely)
        from netwright.dialects.calico.members import Known

        return Known(()).pods(of_label_selector(selector) or EVERYTHING, surely)

    def at_home(self, selector: LabelSelector) -> LabelSelector:
        return selector


SEEN: Final = _Seen()
