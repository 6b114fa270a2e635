"""Labels that controllers give to pods and that no template holds.

After the pages "StatefulSets", "Deployments", "DaemonSet" and "Jobs" of Kubernetes 1.34 and "Well-Known Labels". Values
that follow from the object are known; others are there with a value that is not, written `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.dialects.k8s.objects import CronJob, LabelSelector, NetworkPolicy, PodMaker, Workload
from netwright.model.document import Decoded, of_kinds

UNKNOWN: Final = "?"
"""Stands for the value of a label that is there with an unknown value. No label can have it as its value."""

POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
POD_INDEX: Final = "apps.kubernetes.io/pod-index"
BY_ORDINAL: Final = frozenset({POD_NAME, POD_INDEX})
JOB_NAMES: Final = ("job-name", "batch.kubernetes.io/job-name")
JOB_UIDS: Final = ("controller-uid", "batch.kubernetes.io/controller-uid")
JOB_INDEX: Final = "batch.kubernetes.io/job-completion-index"
OF_KIND: Final = {
    "Deployment": ("pod-template-hash",),
    "StatefulSet": ("controller-revision-hash", POD_NAME, POD_INDEX),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
}
OF_LAUNCHERS: Final = (
    "kubevirt.io/created-by",
    "kubevirt.io/nodeName",
    "vm.kubevirt.io/name",
    "vmi.kubevirt.io/id",
)
"""Labels of KubeVirt's launcher pods (`podLabels` of `pkg/virt-controller/services/template.go`, and those that its
controller keeps in step): of some machines the values are known."""
GENERATED: Final = frozenset(
    {*JOB_NAMES, *JOB_UIDS, JOB_INDEX, *OF_LAUNCHERS, *(key for keys in OF_KIND.values() for key in keys)}
)
MOST_ORDINALS: Final = 1000
"""A StatefulSet of more replicas stands as one row, of pods whose ordinals are not known."""


def generated_labels(d: Decoded) -> dict[str, str]:
    """What the pods of a workload's template have besides the template's own labels, which these overrule."""
    value = d.value
    if isinstance(value, PodMaker):
        return dict.fromkeys(value.unknown_labels(), UNKNOWN)
    if isinstance(value, CronJob):
        job = value.spec.job_template.spec if value.spec and value.spec.job_template else None
        labels = dict.fromkeys((*JOB_NAMES, *JOB_UIDS), UNKNOWN)
    elif d.kind == "Job" and isinstance(value, Workload):
        job = value.spec
        labels = dict.fromkeys(JOB_NAMES, d.name) | dict.fromkeys(JOB_UIDS, value.metadata.uid or UNKNOWN)
    else:
        return dict.fromkeys(OF_KIND.get(d.kind, ()), UNKNOWN)
    if job is None or job.manual_selector:
        labels = {}
    if job is not None and job.completion_mode == "Indexed":
        labels[JOB_INDEX] = UNKNOWN
    written = (job.template.metadata.labels if job and job.template and job.template.metadata else None) or {}
    return {key: held for key, held in labels.items() if key not in written}


def ordinals(d: Decoded) -> range:
    """The numbers of a StatefulSet's pods; none of another kind."""
    if d.kind != "StatefulSet" or not isinstance(d.value, Workload) or d.value.spec is None:
        return range(0)
    spec = d.value.spec
    start = (spec.ordinals.start if spec.ordinals else None) or 0
    return range(start, start + (1 if spec.replicas is None else spec.replicas))


def mentioned(objects: Sequence[Decoded]) -> frozenset[str]:
    """The generated labels that selectors of policies and Services name."""
    found: set[str] = set()
    for d in of_kinds(objects, "NetworkPolicy"):
        for selector in _selectors(d.value):
            if selector.match_labels and not GENERATED.isdisjoint(selector.match_labels):
                found.update(selector.match_labels)
            if selector.match_expressions:
                found.update(one.key for one in selector.match_expressions if one)
    for d in of_kinds(objects, "Service"):
        if d.value.spec and d.value.spec.selector:
            found.update(d.value.spec.selector)
    return GENERATED & found


def _selectors(policy: NetworkPolicy) -> Iterator[LabelSelector]:
    spec = policy.spec
    if spec is None:
        return
    if spec.pod_selector is not None:
        yield spec.pod_selector
    for ingress in spec.ingress or ():
        for peer in (ingress and ingress.from_) or ():
            if peer is not None and peer.pod_selector is not None:
                yield peer.pod_selector
    for egress in spec.egress or ():
        for peer in (egress and egress.to) or ():
            if peer is not None and peer.pod_selector is not None:
                yield peer.pod_selector


def compared(selector: LabelSelector | None) -> list[str]:
    """The generated labels whose values a selector compares."""
    if selector is None:
        return []
    labels, expressions = selector.match_labels, selector.match_expressions
    found = [] if not labels or GENERATED.isdisjoint(labels) else [key for key in labels if key in GENERATED]
    for one in expressions or ():
        if one is not None and one.key in GENERATED and one.operator in ("In", "NotIn"):
            found.append(one.key)
    return found
