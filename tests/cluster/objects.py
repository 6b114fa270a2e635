"""Objects of a cluster of any size, as a control plane would have left them: pods with owners and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]


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


def documented_role() -> Object:
    """The ClusterRole of the page on live clusters."""
    path = Path(__file__).resolve().parents[2] / "docs" / "how" / "netwright-reader.yaml"
    role: Object = yaml.safe_load(path.read_text(encoding="utf-8"))
    return role


def role(group: str, *, without: tuple[str, ...] = (), namespace: str = "") -> list[Object]:
    """What lets a group list all that is asked for, without some of `RESOURCE.GROUP`; in one namespace, where that is
    given."""
    documented = documented_role()
    rules = [
        rule | {"resources": [name for name in rule["resources"] if f"{name}.{rule['apiGroups'][0]}" not in without]}
        for rule in documented["rules"]
    ]
    api = "rbac.authorization.k8s.io"
    bound = "RoleBinding" if namespace else "ClusterRoleBinding"
    name = {"name": f"reading-{group}{namespace and '-in-'}{namespace}"}
    return [
        documented | {"metadata": name, "rules": [rule for rule in rules if rule["resources"]]},
        {
            "apiVersion": f"{api}/v1",
            "kind": bound,
            "metadata": name | ({"namespace": namespace} if namespace else {}),
            "roleRef": {"apiGroup": api, "kind": "ClusterRole"} | name,
            "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
        },
    ]


def networks() -> list[Object]:
    """Machines, networks of every kind, and the wires below them: `networks.yaml`."""
    text = Path(__file__).with_name("networks.yaml").read_text(encoding="utf-8")
    return list(yaml.load_all(text, yaml.CSafeLoader))
