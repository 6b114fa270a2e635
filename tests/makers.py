"""Every maker of random clusters by name: a seed to the objects of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests import random_calico, random_cilium, random_clusters, random_istio, random_networks, random_ovn
from tests.random_machines import with_machines

Object = dict[str, Any]
MAKERS: dict[str, Callable[[int], list[Object]]] = {
    "kubernetes": lambda seed: random_clusters.cluster(seed, 1).manifests,
    "machines": lambda seed: with_machines(random_clusters.cluster(seed, 1)).manifests,
    "networks": lambda seed: random_networks.cluster(seed, 1).manifests,
    "ovn": lambda seed: random_ovn.cluster(seed, 1).manifests,
    "cilium": lambda seed: random_cilium.cluster(seed, 1).manifests,
    "calico": lambda seed: random_calico.cluster(seed, 1).manifests,
    "istio": lambda seed: random_istio.cluster(seed, 1).manifests,
}
