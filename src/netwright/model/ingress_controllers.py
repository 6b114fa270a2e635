"""Ingress controllers that are known: the labels of their pods, the `spec.controller` of their classes, and how these
classes are called by custom.

From the manifests and documents of each project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Project(NamedTuple):
    """A project's ingress controller. `controllers` are the values of `spec.controller` that mean it, those that end in
    `/` with anything behind; `classes` are how its classes are called where nobody says otherwise. `away` says where
    it takes requests that is in no pod of its own."""

    controllers: tuple[str, ...]
    classes: tuple[str, ...] = ()
    away: str = ""


OUTSIDE: Final = "whose load balancers stand outside the cluster"
PROJECTS: Final[dict[str, Project]] = {
    "ingress-nginx": Project(("k8s.io/ingress-nginx",), ("nginx",)),
    "nginx": Project(("nginx.org/ingress-controller",), ("nginx",)),
    "traefik": Project(("traefik.io/ingress-controller",), ("traefik",)),
    "haproxy-ingress": Project(
        ("haproxy-ingress.github.io/controller", "haproxy-ingress.github.io/controller/"), ("haproxy",)
    ),
    "haproxy": Project(("haproxy.org/ingress-controller", "haproxy.org/ingress-controller/"), ("haproxy",)),
    "kong": Project(("ingress-controllers.konghq.com/kong",), ("kong",)),
    "contour": Project(("projectcontour.io/",), ("contour",)),
    "istio": Project(("istio.io/ingress-controller",), ("istio",)),
    "cilium": Project(("cilium.io/ingress-controller",), ("cilium",), "which takes requests on the nodes"),
    "openshift": Project(("openshift.io/ingress-to-route",), ("openshift-default",), "which makes a Route of it"),
    "aws": Project(("ingress.k8s.aws/alb", "eks.amazonaws.com/alb"), ("alb",), OUTSIDE),
    "gce": Project((), ("gce", "gce-internal"), OUTSIDE),
    "azure": Project(
        ("azure/application-gateway",), ("azure-application-gateway", "azure/application-gateway"), OUTSIDE
    ),
}
LABELS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "app.kubernetes.io/name": {
        "ingress-nginx": ("ingress-nginx",),
        "nginx-ingress": ("nginx", "ingress-nginx"),
        "traefik": ("traefik",),
        "haproxy-ingress": ("haproxy-ingress",),
        "kong": ("kong",),
        "contour": ("contour",),
        "envoy": ("contour",),
    },
    "app": {
        "ingress-nginx": ("ingress-nginx",),
        "nginx-ingress": ("nginx", "ingress-nginx"),
        "traefik": ("traefik",),
        "haproxy-ingress": ("haproxy-ingress",),
        "kong": ("kong",),
        "envoy": ("contour",),
        "contour": ("contour",),
    },
    "k8s-app": {
        "ingress-nginx": ("ingress-nginx",),
        "nginx-ingress-controller": ("ingress-nginx",),
        "traefik-ingress-lb": ("traefik",),
    },
}
"""Labels by which the pods of controllers are recognised, and the projects that give them."""


def projects_of(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Of which project's controller an endpoint with these labels (`k8s:app`) is, one of those; none where it is none.

    >>> projects_of({"k8s:app": "traefik"}), projects_of({"k8s:app": "web"})
    (('traefik',), ())
    """
    if labels.get("k8s:app.kubernetes.io/component", "controller") not in ("controller", "proxy"):
        return ()
    for key, values in LABELS.items():
        found = values.get(labels.get(f"k8s:{key}", ""))
        if found:
            return found
    return ()


def project_of(controller: str) -> str:
    """The project that a `spec.controller` means, "" where it is none that is known.

    >>> project_of("k8s.io/ingress-nginx"), project_of("haproxy.org/ingress-controller/edge")
    ('ingress-nginx', 'haproxy')
    """
    for name, project in PROJECTS.items():
        for known in project.controllers:
            if controller == known or (known[-1] == "/" and controller.startswith(known)):
                return name
    return ""


def by_custom(class_name: str) -> tuple[str, ...]:
    """The projects whose classes have this name by custom."""
    return tuple(name for name, project in PROJECTS.items() if class_name in project.classes)
