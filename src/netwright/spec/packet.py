"""The packet in question: its two ends, its protocol and port, and the addresses that each end may have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from netwright.model.document import Decoded, Objects
from netwright.spec.addresses import Family, Span, network, pod_families, unknown_elsewhere, unknown_host, unknown_pod
from netwright.spec.ends import End, end_of

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
"""The protocols with ports that policies can name, by their IANA numbers."""


class NoSuchPacket(ValueError):
    """The packet cannot be: an end has no address of its family."""


class Packet:
    """One packet between two ends. `protocol` is the IANA number, `port` the destination port (ICMP: type << 8 | code).

    `ends` are given where they are not those of the default network. Raises NoSuchPacket where an end is known to have
    no address of the family.
    """

    def __init__(
        self,
        objects: Sequence[Decoded],
        source: Decoded | str,
        destination: Decoded | str,
        *,
        protocol: int,
        port: int,
        family: Family,
        pod_ranges: Sequence[str],
        ends: tuple[End, End] | None = None,
    ) -> None:
        self.objects = Objects.of(objects)
        self.source_object, self.destination_object = source, destination
        self.ends = ends
        self.source, self.destination = ends or (end_of(objects, source), end_of(objects, destination))
        self.protocol = protocol
        self.port = port
        self.family: Family = family
        self.pod_ranges = tuple(pod_ranges)
        for end in (self.source, self.destination):
            self._check_family(end)

    def to(self, port: int) -> Packet:
        """The same to another port."""
        ends = self.source_object, self.destination_object
        return Packet(
            self.objects,
            *ends,
            protocol=self.protocol,
            port=port,
            family=self.family,
            pod_ranges=self.pod_ranges,
            ends=self.ends,
        )

    @cached_property
    def source_addresses(self) -> list[Span]:
        return self._candidates(self.source)

    @cached_property
    def destination_addresses(self) -> list[Span]:
        return self._candidates(self.destination)

    def _candidates(self, end: End) -> list[Span]:
        if end.known:
            return [(int(one), int(one)) for one in end.known if one.version == self.family]
        if end.ranges is not None:
            return unknown_elsewhere(end.ranges, self.family)
        unknown = unknown_pod if end.kind == "pod" else unknown_host
        spans = unknown(self.objects, self.pod_ranges, self.family)
        if not spans:
            raise NoSuchPacket(f"no IPv{self.family} address is left that this {end.kind} could have")
        return spans

    def _check_family(self, end: End) -> None:
        versions = [one.version for one in end.known]
        if not versions and end.ranges is not None:
            versions = [network(text).version for text in end.ranges]
        elif not versions and end.kind == "pod":
            versions = list(pod_families(self.objects, self.pod_ranges))
        if versions and self.family not in versions:
            raise NoSuchPacket(f"this {end.kind} has no IPv{self.family} address")
