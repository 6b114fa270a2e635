"""What controllers make of a template: how many pods there are now, and which labels they add to those of the template.

After the pages "StatefulSets", "Deployments", "DaemonSet", "Jobs" and "CronJob" of kubernetes.io.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from netwright.dialects.adminpolicy.objects import AdminNetworkPolicy, ClusterNetworkPolicy
from netwright.dialects.k8s.objects import (
    CronJob,
    LabelSelector,
    Meta,
    NetworkPolicy,
    OwnerReference,
    Pod,
    Service,
    Workload,
    WorkloadSpec,
)
from netwright.model.document import Decoded
from netwright.spec import machines

Known = dict[str, str | None]
"""Labels; None is a value that is there and not known."""

NAMED = "statefulset.kubernetes.io/pod-name"
NUMBERED = "apps.kubernetes.io/pod-index"
OWNERS_OF = {
    "Pod": (
        "apps Deployment, apps ReplicaSet, apps StatefulSet, apps DaemonSet, v1 ReplicationController, batch Job, "
        "extensions Deployment, extensions ReplicaSet, extensions StatefulSet, extensions DaemonSet, "
        "kubevirt.io VirtualMachineInstance"
    ),
    "ReplicaSet": "apps Deployment, extensions Deployment",
    "Job": "batch CronJob",
    "VirtualMachine": "pool.kubevirt.io VirtualMachinePool",
    "VirtualMachineInstance": "kubevirt.io VirtualMachine, kubevirt.io VirtualMachineInstanceReplicaSet",
}
"""By kind, who makes such objects: API group and kind. Of the core group its one version is written."""
REPLICAS_TOLD_APART = 1000
"""Of more replicas than these the ordinals are left unknown."""


class Replica(Pod, frozen=True):
    """A pod of a StatefulSet that the input does not hold; `unknown` are its labels whose values are not known."""

    unknown: tuple[str, ...] = ()


def makes(owner: OwnerReference, kind: str) -> bool:
    """Whether the controller of the owner makes objects of the kind, and so stands for them. What else owns an object
    (a Gateway, a Service, an operator's own kind) leaves it an object by itself. Where no group is written, which the
    API server refuses, the kind alone says it."""
    group = owner.api_version.split("/")[0]
    for one in OWNERS_OF.get(kind, "").split(", "):
        of_group, _, made_by = one.partition(" ")
        if made_by == owner.kind and group in ("", of_group):
            return True
    return False


def has_pods(thing: Decoded) -> bool:
    """Whether the controller keeps pods of the workload now: not scaled to zero, not suspended, not done."""
    value = thing.value
    if isinstance(value, CronJob):
        return not (value.spec and value.spec.suspend)
    if isinstance(value, machines.MACHINES):
        return machines.runs(thing)
    assert isinstance(value, Workload)
    spec = value.spec or WorkloadSpec()
    if thing.kind != "Job":
        return spec.replicas != 0
    conditions = (value.status.conditions or ()) if value.status else ()
    done = any(one.status == "True" and one.type in ("Complete", "Failed") for one in conditions)
    return not done and not spec.suspend and spec.parallelism != 0


def added_labels(thing: Decoded) -> Known:
    """The labels that the pods have besides the template's."""
    value = thing.value
    if isinstance(value, machines.MACHINES):
        return machines.added(thing)
    if thing.kind == "Deployment":
        return {"pod-template-hash": None}
    if thing.kind == "DaemonSet":
        return {"controller-revision-hash": None, "pod-template-generation": None}
    if thing.kind == "StatefulSet":
        return {"controller-revision-hash": None, NAMED: None, NUMBERED: None}
    job: WorkloadSpec | None = None
    name: str | None = None
    uid: str | None = None
    if isinstance(value, CronJob):
        job = value.spec.job_template.spec if value.spec and value.spec.job_template else None
    elif thing.kind == "Job":
        job, name, uid = value.spec, thing.name, value.metadata.uid or None
    if job is None:
        return {}
    added: Known = {"batch.kubernetes.io/job-completion-index": None} if job.completion_mode == "Indexed" else {}
    if not job.manual_selector:
        for prefix in ("", "batch.kubernetes.io/"):
            added[f"{prefix}job-name"] = name
            added[f"{prefix}controller-uid"] = uid
    # a Job that is stored has them in its template already
    stored = (job.template.metadata.labels if job.template and job.template.metadata else None) or {}
    return {key: held for key, held in added.items() if key not in stored}


def told_apart(objects: Sequence[Decoded], thing: Decoded) -> list[Decoded]:
    """The pods of a StatefulSet one by one, where a policy or a Service asks for their names or numbers; else none."""
    if thing.kind != "StatefulSet" or not any(_asks_for_ordinals(one) for one in objects):
        return []
    assert isinstance(thing.value, Workload)
    spec = thing.value.spec or WorkloadSpec()
    count = 1 if spec.replicas is None else spec.replicas
    if count > REPLICAS_TOLD_APART:
        return []
    first = (spec.ordinals.start or 0) if spec.ordinals else 0
    return [pod_of(thing, f"{thing.name}-{first + i}") for i in range(count)]


@lru_cache(maxsize=4096)
def pod_of(thing: Decoded, name: str) -> Decoded:
    """The StatefulSet's pod of this name, which ends in its ordinal."""
    assert isinstance(thing.value, Workload)
    template = thing.value.spec.template if thing.value.spec else None
    labels = dict((template.metadata.labels if template and template.metadata else None) or {})
    labels |= {NAMED: name, NUMBERED: name.rpartition("-")[2]}
    owner = OwnerReference(kind=thing.kind, name=thing.name, controller=True)
    meta = Meta(name=name, namespace=thing.namespace, labels=labels, owner_references=(owner,))
    unknown = tuple(key for key in added_labels(thing) if key not in (NAMED, NUMBERED))
    pod = Replica(metadata=meta, spec=template.spec if template else None, unknown=unknown)
    return Decoded(kind="Pod", namespace=thing.namespace, name=name, value=pod, place=thing.place)


def _asks_for_ordinals(thing: Decoded) -> bool:
    value = thing.value
    if isinstance(value, Service):
        return bool({NAMED, NUMBERED} & set((value.spec.selector if value.spec else None) or {}))
    if isinstance(value, NetworkPolicy):
        return any({NAMED, NUMBERED} & set(_keys(one)) for one in _pod_selectors(value))
    if isinstance(value, (ClusterNetworkPolicy, AdminNetworkPolicy)):
        return any({NAMED, NUMBERED} & set(_keys(one)) for one in _pod_selectors_of_admins(value))
    return False


def _keys(selector: LabelSelector | None) -> list[str]:
    if selector is None:
        return []
    return [*(selector.match_labels or {}), *(one.key for one in selector.match_expressions or () if one)]


def _pod_selectors(policy: NetworkPolicy) -> Iterator[LabelSelector | None]:
    if policy.spec is None:
        return
    yield policy.spec.pod_selector
    for ingress in policy.spec.ingress or ():
        yield from (peer.pod_selector for peer in (ingress.from_ if ingress else None) or () if peer)
    for egress in policy.spec.egress or ():
        yield from (peer.pod_selector for peer in (egress.to if egress else None) or () if peer)


def _pod_selectors_of_admins(policy: ClusterNetworkPolicy | AdminNetworkPolicy) -> Iterator[LabelSelector | None]:
    if policy.spec is None:
        return
    if policy.spec.subject and policy.spec.subject.pods:
        yield policy.spec.subject.pods.pod_selector
    for ingress in policy.spec.ingress or ():
        peers = (ingress.from_ if ingress else None) or ()
        yield from (peer.pods.pod_selector for peer in peers if peer and peer.pods)
    for egress in policy.spec.egress or ():
        peers = (egress.to if egress else None) or ()
        yield from (peer.pods.pod_selector for peer in peers if peer and peer.pods)
