"""The ranges that Services are given addresses of: ServiceCIDR objects, and the command line of the API server.

After Kubernetes 1.36: `networking.k8s.io/v1` ServiceCIDR (stable since 1.33), and `--service-cluster-ip-range` of
kube-apiserver, which kubeadm writes into a static pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from netwright.base.spans import Origin, Pointer, named
from netwright.dialects.k8s.objects import ApiServerPod, ServiceCIDR
from netwright.dialects.k8s.validate_syntax import read_cidr
from netwright.model.document import Decoded

FLAG: Final = "--service-cluster-ip-range"


class ServiceRange(msgspec.Struct, frozen=True, kw_only=True):
    """A range as it is written, and where."""

    range: str
    known_from: str
    origin: Origin


def service_ranges(objects: Sequence[Decoded]) -> tuple[ServiceRange, ...]:
    """The ranges, each once: those of objects first."""
    found: dict[str, ServiceRange] = {}
    for d in objects:
        if isinstance(d.value, ServiceCIDR):
            for index, text in enumerate((d.value.spec.cidrs if d.value.spec else None) or ()):
                found.setdefault(text, _range(text, f"ServiceCIDR {d.name}", d, ("spec", "cidrs", index)))
    for d in objects:
        if isinstance(d.value, ApiServerPod):
            known = f"Pod {named(d.namespace, d.name)}, `{FLAG}`"
            for text, pointer in _of_pod(d.value):
                found.setdefault(text, _range(text, known, d, pointer))
    return tuple(found.values())


def _range(text: str, known_from: str, d: Decoded, pointer: Pointer) -> ServiceRange:
    origin = Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)
    return ServiceRange(range=text, known_from=known_from, origin=origin)


def _of_pod(pod: ApiServerPod) -> Iterator[tuple[str, Pointer]]:
    for number, container in enumerate((pod.spec.containers if pod.spec else None) or ()):
        for name, words in (("command", container.command), ("args", container.args)):
            for index, value in _values(words or ()):
                for text in value.split(","):
                    if _is_range(text):
                        yield text, ("spec", "containers", number, name, index)


def _values(words: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """What the flag is set to, in either way of writing it, with the index of the word."""
    for index, word in enumerate(words):
        if not isinstance(word, str):
            continue
        if word.startswith(f"{FLAG}="):
            yield index, word.partition("=")[2]
        elif index and words[index - 1] == FLAG:
            yield index, word


def _is_range(text: str) -> bool:
    try:
        read_cidr(text)
    except ValueError:
        return False
    return True


def service_range_of(words: Sequence[Any]) -> list[str]:
    """Of a command line the flag alone, where it stood; "" in the place of every other word.

    >>> service_range_of(["kube-apiserver", "--service-cluster-ip-range=10.96.0.0/12", "--v=2"])
    ['', '--service-cluster-ip-range=10.96.0.0/12', '']
    """
    kept = {index for index, _ in _values(words)} | {index for index, word in enumerate(words) if word == FLAG}
    return [word if index in kept else "" for index, word in enumerate(words)]
