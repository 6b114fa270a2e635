"""Raw documents with kubemacpool's range -> what is read of them, or what would be said against them."""

from __future__ import annotations

from netwright.base.spans import Pointer
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, quoted
from netwright.dialects.kubemacpool.objects import MacPoolConfigMap, NetworkAddonsConfig
from netwright.dialects.kubemacpool.ranges import mac_number
from netwright.model.document import Decoded, Document

_ADDONS = "networkaddonsoperator.network.kubevirt.io"


def check_config_map(kind: str, value: MacPoolConfigMap) -> None:
    """Raises `Fault` for the first field that is refused: the pool's manager does not start with it."""
    check_meta(kind, value.metadata)
    data = value.data or {}
    _check(data.get("RANGE_START"), ("data", "RANGE_START"), data.get("RANGE_END"), ("data", "RANGE_END"))


def check_addons(kind: str, value: NetworkAddonsConfig) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, value.metadata)
    pool = value.spec.kube_mac_pool if value.spec else None
    if pool is not None:
        at: Pointer = ("spec", "kubeMacPool")
        _check(pool.range_start, (*at, "rangeStart"), pool.range_end, (*at, "rangeEnd"))


def _check(first: str | None, at: Pointer, last: str | None, end: Pointer) -> None:
    for text, where in ((first, at), (last, end)):
        if text and mac_number(text) is None:
            raise Fault(where, f"is {quoted(text)}, no MAC address", "write six bytes such as 02:00:00:00:00:00")
    low, high = mac_number(first or ""), mac_number(last or "")
    if low is not None and high is not None and high < low:
        raise Fault(end, f"is {quoted(last)}, which lies before the first address")


_READS = {
    "ConfigMap": Reads.of("v1", MacPoolConfigMap, check=check_config_map),
    "NetworkAddonsConfig": Reads.of(f"{_ADDONS}/v1", NetworkAddonsConfig, namespaced=False, check=check_addons),
}


def decode(document: Document) -> Decoded | Invalid:
    """The object. Raises KeyError for a kind that is not read."""
    read = _READS[document.kind]
    if document.api_version == f"{_ADDONS}/v1alpha1":
        read = Reads.of(document.api_version, read.value, namespaced=False, check=read.check)
    return decode_as(read, document)
