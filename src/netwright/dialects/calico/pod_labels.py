"""The labels of pods as Calico sees them where it reads selectors of Kubernetes: their own, and some that it adds."""

from __future__ import annotations

from typing import Final

from netwright.base.selectors import Selector
from netwright.dialects.calico.entities import OF_ACCOUNT, OF_NAMESPACE, of_label_selector
from netwright.dialects.calico.grammar import EVERYTHING
from netwright.dialects.calico.members import Known
from netwright.dialects.k8s.lower import plain_selector
from netwright.dialects.k8s.objects import LabelSelector

_ADDED: Final = ("projectcalico.org/", OF_NAMESPACE, OF_ACCOUNT)
_NOTHING_KNOWN: Final = Known(())


class _Seen:
    """Every label of a pod; beside them those of its namespace and account."""

    def sees(self, label: str) -> bool:
        return True

    def pods(self, selector: LabelSelector, surely: bool = True) -> Selector:
        keys = [*(selector.match_labels or ()), *(one.key for one in selector.match_expressions or () if one)]
        if not any(key.startswith(_ADDED) for key in keys):
            return plain_selector(selector, surely)
        return _NOTHING_KNOWN.pods(of_label_selector(selector) or EVERYTHING, surely)

    def at_home(self, selector: LabelSelector) -> LabelSelector:
        return selector


SEEN: Final = _Seen()
