"""Spec and engine on the same random cluster: they share the decoded objects and nothing else."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from netwright.dialects.k8s.decode import Invalid, decode
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer
from netwright.model.document import Decoded, Document
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.questions.eval import Query, evaluate, protocol_number
from netwright.spec.networkpolicy import NoSuchPacket, judge
from netwright.spec.services import backends, endpoints
from tests.random_clusters import Case, cluster

KINDS = {"Pod": "pod", "Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs"}
KINDS |= {"ReplicationController": "rc", "Job": "job", "CronJob": "cronjob", "Node": "node"}


@dataclass
class Result:
    tuples: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def decode_all(manifests: list[dict[str, Any]]) -> list[Decoded]:
    out = []
    for manifest in manifests:
        meta = manifest.get("metadata") or {}
        document = Document(
            place=None,
            api_version=manifest["apiVersion"],
            kind=manifest["kind"],
            namespace=meta.get("namespace", ""),
            name=meta.get("name", ""),
            raw=msgspec.json.encode(manifest),
        )
        found = decode(document)
        assert not isinstance(found, Invalid), found
        out.append(found)
    return out


def inquirer(objects: list[Decoded], pod_cidrs: tuple[str, ...], unknown: tuple[Any, ...] = ()) -> Inquirer:
    made = compose(objects, pod_cidrs=pod_cidrs, unknown=unknown)
    return Inquirer(made, Network(made.columns, made.enforcers, made.families), Directory(made))


class Names:
    """The test's own reading of references, over decoded objects."""

    def __init__(self, objects: list[Decoded]) -> None:
        self.objects = objects
        self.live = endpoints(objects)

    def ends(self, ref: str, port: Any, protocol: str) -> list[tuple[Decoded | str, int]]:
        try:
            address = ipaddress.ip_address(ref)
        except ValueError:
            pass
        else:
            owner = self._owner(str(address))
            return [(owner or str(address), port)]
        kind, _, rest = ref.partition("/")
        if kind == "svc":
            namespace, name = rest.split("/")
            service = next(d for d in self.objects if (d.kind, d.namespace, d.name) == ("Service", namespace, name))
            headless = service.value.spec.cluster_ip == "None"  # nothing translates: the client dials the port itself
            return [
                (self._owner(b.target) or b.target if isinstance(b.target, str) else b.target, b.service_port if headless else b.port)
                for b in backends(self.objects, service, port=port, protocol=protocol)
            ]
        if kind == "node":
            return [(d, port) for d in self.objects if d.kind == "Node" and d.name == rest]
        if "/" in rest:
            namespace, name = rest.split("/")
            found = [d for d in self.live if KINDS.get(d.kind) == kind and (d.namespace, d.name) == (namespace, name)]
            found = found or [d for d in self.live if self._chain(d, kind, namespace, name)]
        else:
            found = [d for d in self.live if (d.namespace, d.name) == (kind, rest) and d.kind != "Node"]
            found = found or [d for d in self.live if self._chain(d, "", kind, rest)]
        return [(d, port) for d in found]

    def _owner(self, address: str) -> Decoded | None:
        for d in self.objects:
            if d.kind == "Pod" and d in self.live and d.value.status:
                ips = [p.ip for p in d.value.status.pod_ips or ()] + [d.value.status.pod_ip]
                if any(ip and ipaddress.ip_address(ip) == ipaddress.ip_address(address) for ip in ips):
                    return d
        for d in self.objects:
            if d.kind == "Node" and d.value.status:
                for a in d.value.status.addresses or ():
                    if a.type in ("InternalIP", "ExternalIP") and a.address == address:
                        return d
        return None

    def _chain(self, d: Decoded, kind: str, namespace: str, name: str) -> bool:
        at: Decoded | None = d
        while at is not None and at.value.metadata.owner_references:
            owner = at.value.metadata.owner_references[0]
            if d.namespace == namespace and owner.name == name and kind in ("", KINDS.get(owner.kind)):
                return True
            at = next((o for o in self.objects if (o.kind, o.namespace, o.name) == (owner.kind, d.namespace, owner.name)), None)
        return False


def expected(names: Names, case: Case, query: dict[str, Any], families: tuple[int, ...]) -> tuple[str, set[tuple[str, str, str, Any]] | None]:
    """The spec's verdict on a query, and for a single packet who decided."""
    protocol = protocol_number(query.get("protocol", "TCP"))
    number = query.get("port")
    icmp = query.get("icmp") or {"type": 8}
    sources = names.ends(query["from"], None, "")
    destinations = names.ends(query["to"], number, query.get("protocol", "TCP"))
    outcomes: list[tuple[int, Any]] = []
    several = len(sources) > 1 or len(destinations) > 1
    for family in [query["family"]] if query.get("family") else families:
        found = []
        for source, _ in sources:
            for destination, port in destinations:
                if several and source is destination and isinstance(source, Decoded) and source.kind == "Pod" and len(sources) * len(destinations) > 1:
                    continue
                proto = 58 if protocol == 1 and family == 6 else protocol
                key = (icmp["type"] << 8 | icmp.get("code", 0)) if protocol == 1 else port
                try:
                    found.append(judge(names.objects, source, destination, protocol=proto, port=key, family=family, pod_ranges=case.pod_cidrs))  # type: ignore[arg-type]
                except NoSuchPacket:
                    continue
        outcomes += [(family, j) for j in found]
    if not outcomes:
        return "none", None
    verdicts = {j.verdict for _, j in outcomes}
    by_family = {f: {j.verdict for g, j in outcomes if g == f} for f, _ in outcomes}
    if len(verdicts) == 1:
        verdict = verdicts.pop()
    elif "undecided" in verdicts:
        verdict = "undecided"
    elif len(by_family) == 2 and all(len(v) == 1 for v in by_family.values()):
        verdict = "undecided"
    else:
        verdict = "some"
    by = None
    if len(outcomes) == 1:
        by = {(c.object.kind, c.object.namespace, c.object.name, c.rule) for c in outcomes[0][1].by}
    return verdict, by


def check(seed: int, tuples: int = 100) -> Result:
    """Every query of one random cluster, by both."""
    case = cluster(seed, tuples)
    objects = decode_all(case.manifests)
    engine = inquirer(objects, case.pod_cidrs)
    names = Names(objects)
    result = Result()
    queries = msgspec.convert(case.queries, list[Query])
    for query, raw, answer in zip(queries, case.queries, evaluate(engine, queries, lambda _: None), strict=True):
        want, by = expected(names, case, raw, engine.network.families)
        got = "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict
        if want == "none":
            want = "deny" if not answer.undecided else "undecided"
        result.tuples += 1
        result.verdicts[got] += 1
        if got != want:
            result.disagreements.append(f"seed {seed}: {raw}: spec says {want}, engine says {got} ({answer.note})")
        elif by is not None:
            cited = {(b.kind, b.namespace, b.name, b.rule) for b in answer.by}
            if cited != by:
                result.disagreements.append(f"seed {seed}: {raw}: {got}, but spec cites {sorted(map(str, by))}, engine {sorted(map(str, cited))}")
    return result
