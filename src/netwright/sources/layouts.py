"""Where collecting tools put objects: of a dump, only those files are read, be it an archive or the folder it was.

- must-gather, `oc adm inspect` (openshift/oc at 2c5771467d0e, `pkg/cli/admin/inspect/{util,namespace,resource}.go`, and
  `pod.go` at bb74850f57df): `namespaces/NS/NS.yaml`; lists as `namespaces/NS/GROUP/RESOURCE.yaml`, single objects as
  `…/RESOURCE/NAME.yaml`, `cluster-scoped-resources/GROUP/…` the same; the core group is called `core`. Each pod is
  there a second time as `namespaces/NS/pods/POD/POD.yaml`, and an object that others refer to may be beside the list
  that holds it: neither is read.
- Cilium's sysdump (cilium/cilium at 026740195c43, `cilium-cli/sysdump/constants.go`): flat, `k8s-pods-TS.yaml` with a
  time such as 20261127-050607. TCPRoutes are called `tcroutes` there.
- `kubectl cluster-info dump --output-directory` (kubernetes/kubernetes at ab6399db424c, kubectl's
  `pkg/cmd/clusterinfo/clusterinfo_dump.go`): `nodes.json`, and by namespace `NS/events.json`,
  `replication-controllers`, `services`, `daemonsets`, `deployments`, `replicasets` and `pods`; with `-o yaml` they
  end in `.yaml`. Logs are `NS/POD/logs.txt`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from netwright.base.patterns import pattern
from netwright.sources.files import Text, is_manifest, is_skipped_folder

MUST_GATHER, SYSDUMP, DUMP = "must-gather", "Cilium sysdump", "cluster-info dump"
_OF_MUST_GATHER = pattern(
    r"(?:.*/)?(?:namespaces/([^/]+)/(?:\1|(?!pods/)[^/]+/.+)|cluster-scoped-resources/[^/]+/.+)\.yaml"
)
_CLUSTER_SCOPED = re.compile(r"(?:.*/)?cluster-scoped-resources/(?:core|[a-z0-9.-]+)/[a-z]+(?:/[^/]+)?\.yaml")
_GATHERED = re.compile(r"(?:.*/)?(?:must-gather|inspect)\.local[^/]*/(?:[^/]+/)?namespaces/[^/]+/[^/]+/.+\.yaml")
_CORE = re.compile(
    r"((?:.*/)?namespaces/[^/]+)/core/(?:pods|services|configmaps|endpoints|events|secrets|persistentvolumeclaims)\.yaml"
)
"""What no folder of manifests has beside a file that is called like the folder of a namespace."""
_K8S: Final = "namespaces networkpolicies nodes pods services endpoints endpointslices"
_CILIUM: Final = (
    "bgppeeringpolicies bgpclusterconfigs bgppeerconfigs bgpadvertisements bgpnodeconfigs bgpnodeconfigoverrides "
    "clusterwidenetworkpolicies clusterwideenvoyconfigs ingresses egressnatpolicies egressgatewaypolicies endpoints "
    "endpointslices envoyconfigs externalworkload identities cidrgroups localredirectpolicies loadbalancerippools "
    "networkpolicies nodes nodeconfigs podippools"
)
_PARTS: Final = (
    "cilium-configmap cilium-daemonset cilium-envoy-daemonset cilium-node-init-daemonset cilium-envoy-configmap "
    "cilium-spire-agent-daemonset cilium-spire-agent-configmap cilium-spire-server-statefulset "
    "cilium-spire-server-configmap cilium-operator-deployment clustermesh-apiserver-deployment cni-configmap "
    "aws-node-daemonset aws-eniconfigs aws-securitygrouppolicies hubble-daemonset hubble-relay-configmap "
    "hubble-relay-deployment hubble-ui-deployment hubble-generate-certs-cronjob ingressclasses"
)
_GATEWAY: Final = "gatewayclasses gateways httproutes tlsroutes grpcroutes tcroutes tcproutes udproutes referencegrants"
OF_SYSDUMP: Final = frozenset(
    (
        *(f"k8s-{name}" for name in _K8S.split()),
        *(f"cilium{name}" for name in _CILIUM.split()),
        *_PARTS.split(),
        *(f"gatewayapi-{name}" for name in _GATEWAY.split()),
    )
)
"""What the files of a sysdump that hold objects are called, before the time."""
_TIMED = re.compile(r"(?:.*/)?([a-z0-9-]+?)-\d{8}-\d{6}\.yaml")
_OF_DUMP = pattern(
    r"(?:.*/)?(?:nodes|[^/]+/(?:pods|services|daemonsets|deployments|replicasets|replication-controllers))\.(json|yaml)"
)


def layout_of(names: Collection[str]) -> str:
    """The tool that wrote files of these names; "" for none that is known.

    >>> layout_of(["x/namespaces/shop/shop.yaml", "x/namespaces/shop/core/pods.yaml"])
    'must-gather'
    >>> layout_of(["namespaces/shop/shop.yaml", "namespaces/shop/web/pods.yaml"])
    ''
    """
    if any(_CLUSTER_SCOPED.fullmatch(name) or _GATHERED.fullmatch(name) for name in names):
        return MUST_GATHER
    homes = {home[1] for name in names if (home := _CORE.fullmatch(name)) is not None}
    if any(f"{home}/{home.rpartition('/')[2]}.yaml" in names for home in homes):
        return MUST_GATHER
    if any(_is_timed(name) and "k8s-" in name for name in names):
        return SYSDUMP
    for ending in ("json", "yaml"):
        roots = {name.removesuffix(f"nodes.{ending}") for name in names if name.rpartition("/")[2] == f"nodes.{ending}"}
        wanted = re.compile(rf"[^/]+/(?:pods|services|replication-controllers)\.{ending}")
        for root in roots:
            found = {
                name.rpartition("/")[2]
                for name in names
                if name.startswith(root) and wanted.fullmatch(name[len(root) :])
            }
            if len(found) == 3:
                return DUMP
    return ""


def is_read(name: str, layout: str, names: Collection[str]) -> bool:
    """Whether the tool puts objects into a file of this name, of all those that there are."""
    if layout == MUST_GATHER:
        listed = f"{name.rpartition('/')[0]}.yaml"
        return _OF_MUST_GATHER.fullmatch(name) is not None and listed not in names
    if layout == SYSDUMP:
        return _is_timed(name)
    if layout == DUMP:
        return _OF_DUMP.fullmatch(name) is not None
    *folders, base = name.split("/")
    return is_manifest(base) and not base.startswith(".") and not any(map(is_skipped_folder, folders))


def _is_timed(name: str) -> bool:
    found = _TIMED.fullmatch(name)
    return found is not None and found[1] in OF_SYSDUMP


def in_order(names: Iterable[str]) -> list[str]:
    """Names as a folder of them is walked."""
    return sorted(names, key=lambda name: [os.fsencode(part) for part in name.split("/")])


def of_folder(path: str) -> tuple[str, frozenset[str]]:
    """The tool that wrote a folder and the names of all files below it; "" where it is no dump."""
    names = frozenset(
        os.path.relpath(os.path.join(folder, file), path)  # noqa: PTH118 - as the names of texts are made
        for folder, _, found in os.walk(path)
        for file in found
    )
    called = os.path.basename(os.path.abspath(path))  # noqa: PTH100, PTH119
    return layout_of(names) or layout_of([f"{called}/{name}" for name in names]), names


def texts_of(texts: Iterable[Text], layout: str, names: frozenset[str]) -> Iterator[Text]:
    """Of the texts of a folder those in which the tool puts objects, and folders that cannot be opened."""
    for text in texts:
        is_folder = text.fault is not None and text.inner not in names
        if text.note is not None or is_folder or is_read(text.inner, layout, names):
            yield text
