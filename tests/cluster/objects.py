"""Objects of a cluster of any size, as a control plane would have left them: pods with owners and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
VIRTUAL_MACHINES = "virtualmachines.kubevirt.io"


def machine_crds() -> list[Object]:
    """Minimal definitions of KubeVirt's kinds, which take every field."""
    return [_crd("kubevirt.io", "VirtualMachine"), _crd("kubevirt.io", "VirtualMachineInstance")]


def _crd(group: str, kind: str) -> Object:
    plural = kind.lower() + "s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": kind + "List"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def namespaces(count: int) -> list[Object]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{i:02}", "labels": {"team": f"t{i % 7}"}}}
        for i in range(count)
    ]


def cluster(in_namespaces: int, pods: int, machines: int, policies: int) -> Iterator[Object]:
    """So many of each, spread over the namespaces; a workload for every ten pods, a Service for every twenty."""
    for i in range(pods):
        namespace, app = f"team-{i % in_namespaces:02}", f"app-{i // in_namespaces // 10}"
        yield _pod(namespace, app, i)
        if (i // in_namespaces) % 10 == 0:
            yield _deployment(namespace, app)
            if (i // in_namespaces) % 20 == 0:
                yield _service(namespace, app)
    for i in range(machines):
        yield _machine(f"team-{i % in_namespaces:02}", f"vm-{i}", i)
    for i in range(policies):
        yield policy(f"team-{i % in_namespaces:02}", f"allow-{i // in_namespaces}", i)


def _labels(app: str) -> dict[str, str]:
    return {"app": app, "tier": ("web", "api", "db")[int(app.rpartition("-")[2]) % 3]}


def _containers() -> list[Object]:
    return [
        {
            "name": "main",
            "image": "registry.example/app:1",
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "env": [{"name": "MODE", "value": "production"}],
        }
    ]


def _pod(namespace: str, app: str, number: int) -> Object:
    address = f"10.{64 + number // 65536}.{number // 256 % 256}.{number % 256}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{app}-{number}",
            "namespace": namespace,
            "labels": _labels(app),
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": app,
                    "uid": f"{app}-{namespace}",
                    "controller": True,
                }
            ],
        },
        "spec": {"containers": _containers(), "nodeName": f"node-{number % 20}"},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "192.0.2.1"},
    }


def _deployment(namespace: str, app: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": app, "namespace": namespace},
        "spec": {
            "replicas": 10,
            "selector": {"matchLabels": _labels(app)},
            "template": {"metadata": {"labels": _labels(app)}, "spec": {"containers": _containers()}},
        },
    }


def _service(namespace: str, app: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": app, "namespace": namespace},
        "spec": {"selector": _labels(app), "ports": [{"port": 80, "targetPort": "http"}]},
    }


def _machine(namespace: str, name: str, number: int) -> Object:
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "runStrategy": "Always",
            "template": {
                "metadata": {"labels": {"app": name, "tier": "vm"}},
                "spec": {
                    "domain": {"devices": {"interfaces": [{"name": "default", "masquerade": {}}]}},
                    "networks": [{"name": "default", "pod": {}}],
                    "volumes": [{"name": "init", "cloudInitNoCloud": {"userData": f"canary-user-data-{number}"}}],
                },
            },
        },
    }


def policy(namespace: str, name: str, number: int) -> Object:
    """Some tier of the namespace takes in some other one, from a team or from here, on a port."""
    tiers = ("web", "api", "db", "vm")
    peer: Object = {"podSelector": {"matchLabels": {"tier": tiers[number // 7 % 4]}}}
    if number % 3 == 0:
        peer["namespaceSelector"] = {"matchLabels": {"team": f"t{number % 7}"}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {"tier": tiers[number // 3 % 4]}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [peer], "ports": [{"protocol": "TCP", "port": 8080 + number % 5}]}],
        },
    }


def role(*, without: tuple[str, ...] = ()) -> list[Object]:
    """What the readers may list: every kind of the core that is read, without some."""
    rules = [
        (("",), "namespaces nodes pods services serviceaccounts replicationcontrollers configmaps"),
        (("apps",), "deployments statefulsets daemonsets replicasets"),
        (("batch",), "jobs cronjobs"),
        (("discovery.k8s.io",), "endpointslices"),
        (("networking.k8s.io",), "ingresses networkpolicies"),
        (("kubevirt.io",), "virtualmachines virtualmachineinstances"),
    ]
    api = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "reading"},
            "rules": [
                {
                    "apiGroups": list(groups),
                    "resources": [r for r in names.split() if r not in without],
                    "verbs": ["list", "watch"],
                }
                for groups, names in rules
            ],
        },
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "reading"},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "reading"},
            "subjects": [{"apiGroup": api, "kind": "Group", "name": "readers"}],
        },
    ]


EXPORTED = (
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/serviceaccounts",
    "/apis/apps/v1/deployments",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/kubevirt.io/v1/virtualmachines",
)
"""The lists that hold anything of a cluster of these objects."""
