"""Which versions of KubeVirt and of kubemacpool the input tells of: by what they say of themselves, else by their
images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.dialects.kubevirt.objects import KubeVirt
from netwright.model.document import Decoded, Document
from netwright.model.version_gates import Version

_IMAGES: Final = ("virt-operator", "virt-api", "virt-controller", "virt-handler", "virt-launcher")
_OF_POOL: Final = ("kubemacpool",)
_RUN_BY: Final = ("Pod", "Deployment", "DaemonSet")
_VERSION = re.compile(r"v?(\d+)\.(\d+)").match


def version_of_kubevirt(objects: Sequence[Decoded], documents: Sequence[Document]) -> Version | None:
    """The version of KubeVirt that runs; None where the input does not tell it, or tells several."""
    for d in objects:
        status = d.value.status if isinstance(d.value, KubeVirt) else None
        if found := _read((status.observed_kube_virt_version if status else None) or ""):
            return found
    return _of_images(documents, _IMAGES)


def version_of_kubemacpool(documents: Sequence[Document]) -> Version | None:
    """The version of kubemacpool that runs; None where the input does not tell it, or tells several."""
    return _of_images(documents, _OF_POOL)


def tells_version(document: Document) -> bool:
    """Whether the images of an object say which version of a project runs."""
    return document.kind in _RUN_BY and document.name.startswith((*_IMAGES, *_OF_POOL))


def _of_images(documents: Sequence[Document], names: tuple[str, ...]) -> Version | None:
    """The version in the tags of images of these names, of what is called after them."""
    told = {
        version
        for document in documents
        if document.kind in _RUN_BY and document.name.startswith(names)
        for image in _images(document.tree())
        if (version := _of_image(image, names))
    }
    return told.pop() if len(told) == 1 else None


def _images(tree: Any) -> Iterator[str]:
    """The images of the containers of an object that makes pods, or is one."""
    spec = _in(tree, "spec")
    spec = _in(spec, "template", "spec") or spec
    containers = _in(spec, "containers")
    for container in containers if isinstance(containers, list) else ():
        image = _in(container, "image")
        if isinstance(image, str):
            yield image


def _in(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _of_image(image: str, names: tuple[str, ...]) -> Version | None:
    """The version in the tag of an image of one of these names."""
    path, colon, tag = image.partition("@")[0].rpartition(":")
    return _read(tag) if colon and path.rpartition("/")[2] in names else None


def _read(text: str) -> Version | None:
    found = _VERSION(text)
    return (int(found[1]), int(found[2])) if found else None
