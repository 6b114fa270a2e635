"""The ClusterRole of `docs/how/live.md`: `list` and `watch` on the kinds that a live cluster is asked for, no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netwright.model.kind_lists import KINDS, names_of
from netwright.model.live_kinds import EXPOSING, asked_for, plural

PATH = Path(__file__).with_name("how") / "netwright-reader.yaml"
# Served no more, or only ever as a file.
_GONE = ("extensions",)
_HEAD = """\
# What netwright asks a live cluster for, and no more: nothing is written, and no Secret is read.
# Written by docs/cluster_role.py from the lists of kinds. Rules for kinds that a cluster does not serve do no harm.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: netwright-reader
rules:
  # of the ConfigMaps those that say how Cilium is set up, and which MAC addresses kubemacpool hands out
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: [%s]
    verbs: [list, watch]
  # who may read one namespace only gets its labels by `get`
  - apiGroups: [""]
    resources: [namespaces]
    verbs: [get]
"""


def rules() -> Iterator[tuple[str, list[str]]]:
    """Each group with the resources of it that are asked for."""
    kinds = {(kind.group, kind.name) for kind in KINDS if asked_for(kind.group, kind.name) == "all"}
    kinds |= {(group, name) for group, names in EXPOSING.items() for name in names.split()}
    for group in sorted({group for group, _ in kinds} - set(_GONE)):
        names = [name for of, name in kinds if of == group]
        yield group, ["*"] if "*" in names else sorted(map(plural, names))


def cluster_role() -> str:
    """The role as YAML."""
    parts = [_HEAD % ", ".join(names_of("", "ConfigMap"))]
    for group, resources in rules():
        listed = "".join(f"      - {name if name != '*' else chr(34) + '*' + chr(34)}\n" for name in resources)
        parts.append(f'  - apiGroups: ["{group}"]\n    resources:\n{listed}    verbs: [list, watch]\n')
    return "".join(parts)
