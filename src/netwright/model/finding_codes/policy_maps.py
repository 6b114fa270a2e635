"""NW24…: policy maps of Cilium that are too small, and identities that grow with pods."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

_FULL: Final = tuple((1025 + 1024 * i, 65534 - 1024 * i) for i in range(21))
_NEARLY: Final = _FULL[:17]


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    ports = ",\n            ".join(f'{{port: "{first}", endPort: {last}}}' for first, last in ranges)
    return f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: web}}}}
  ingress:
    - fromEntities: [cluster, world]
      toPorts:
        - ports: [
            {ports}
          ]
"""


def _worker(number: int, labels: str) -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata:
  name: worker-{number}
  namespace: shop
  labels: {{{labels}}}
  ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: worker, uid: "1", controller: true}}]
spec: {{containers: [{{name: worker, image: worker}}]}}
"""


_WORKERS: Final = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: worker, namespace: shop}
spec:
  replicas: 1000
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec: {containers: [{name: worker, image: worker}]}
"""
_CILIUM: Final = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: workers, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: worker}}
  ingress:
    - fromEntities: [host]
"""
_COUNTED: Final = (
    "A map has an entry for every identity that a rule selects and every port that it names; a range of ports is as "
    "many entries as it has prefixes (1-65534 has 30), and a rule for everybody is five. It is what Cilium's own "
    "code of 1.20.2 computes; `netwright show policymaps` has it for every endpoint."
)
_CURE: Final = (
    "select whole entities or everybody instead of many identities, write ranges that begin and end at powers of two, "
    "or raise `bpf-policy-map-max` (`--cni cilium:bpf-policy-map-max=65536` checks against it)"
)

POLICY_MAPS: Final = (
    FindingCode(
        code="NW2401",
        severity="error",
        title="a policy map of Cilium that cannot hold what policies ask for",
        explanation=(
            "The policy map of an endpoint holds `bpf-policy-map-max` entries, 16384 unless it is set. What does not "
            "fit is not written, so that connections which policies allow are dropped, or those they deny are let "
            "pass; with `enable-endpoint-lockdown-on-policy-overflow` all traffic of the endpoint is dropped. "
            f"{_COUNTED}"
        ),
        help=_CURE,
        fails=manifest(WEB, DENY, _ranges(_FULL)),
        passes=manifest(WEB, DENY, _ranges(((1024, 65535),))),
    ),
    FindingCode(
        code="NW2402",
        severity="warning",
        title="a policy map of Cilium that is nearly full",
        explanation=(
            "More than 80 % of the entries that an endpoint's policy map can hold are taken. New pods that a rule "
            "selects, or one more port, can fill it; what does not fit is not written (NW2401). "
            f"{_COUNTED}"
        ),
        help=_CURE,
        fails=manifest(WEB, DENY, _ranges(_NEARLY)),
        passes=manifest(WEB, DENY, _ranges(((1024, 65535),))),
    ),
    FindingCode(
        code="NW2403",
        severity="warning",
        title="a label that gives every pod of a workload an identity of its own",
        explanation=(
            "Cilium gives pods with the same labels one identity, and a cluster can have 65,535 of them (half as many "
            "with max-connected-clusters=511). A label whose value differs from pod to pod makes one for each, and "
            "each is an entry in the policy map of whoever may talk to the workload. Told where the pods of a "
            "workload, or as many replicas as it asks for, take more than a hundredth of all, 655."
        ),
        help="make it an annotation, or leave it out of identities: `labels: '!KEY'` in cilium-config",
        fails=manifest(
            _WORKERS, _worker(0, "app: worker, session: a1f3"), _worker(1, "app: worker, session: b7c2"), DENY, _CILIUM
        ),
        passes=manifest(_WORKERS, _worker(0, "app: worker"), _worker(1, "app: worker"), DENY, _CILIUM),
    ),
)
