"""Whether policies of Cilium let pods that may go somewhere ask for its name."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.services import TCP, UDP, ServiceSet
from netwright.dialects.cilium.services import services_of
from netwright.dialects.k8s.objects import LabelSelector
from netwright.questions.check.cilium_written import Entry, Written, is_of_pods, name_of, namespaces_of
from netwright.questions.check.dns import PORTS, SERVERS, Names
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import Scene


def asking(scene: Scene) -> dict[int, int]:
    """By protocol the pods, as bits, that policies of Cilium may let ask a DNS server for names."""
    written = scene.once(Written)
    found = {UDP: 0, TCP: 0}
    for entry in written.entries:
        if entry.direction != "egress" or entry.action != "allow" or entry.form[0] == "fqdns":
            continue
        if entry.is_for_all_services and not _may_be_servers(scene, entry):
            continue
        services = [service for service, _ in services_of(entry.value, not entry.form[0])]
        for protocol in found:
            ports = [ServiceSet.ports(protocol, number) for number in PORTS]
            if any(s.named or any(one <= s.fixed for one in ports) for s in services):
                found[protocol] |= scene.bits(written.subjects(entry.ruled).may)
    return found


def _may_be_servers(scene: Scene, entry: Entry) -> bool:
    """Whether a DNS server may be among the peers of an entry."""
    serving = scene.once(Names).serving
    for selector in entry.listed("endpoints") or ():
        assert isinstance(selector, LabelSelector)
        names = namespaces_of(selector, entry.policy.namespace) if is_of_pods(selector) else None
        if names is None or any(name in SERVERS or name in serving for name in names):
            return True
    return entry.form[0] != "endpoints"


def checks(scene: Scene) -> Iterator[Found]:
    """NW2537: by policy that lets its pods go to pods; not of pods that NW2130 may be told of."""
    names = scene.once(Names)
    written = scene.once(Written)
    seen: set[int] = set()
    for entry in written.entries:
        if entry.direction != "egress" or entry.action != "allow" or entry.form[0] != "endpoints":
            continue
        lacking: list[int] = []
        for row in written.subjects(entry.ruled).must:
            allowed = [names.allowed_by[policy] for policy in names.isolating.get(row, [])]
            isolated = scene.acting.isolated["egress"].get(scene.network.position(row))
            if row in seen or isolated != "yes" or any(a.udp or a.selects for a in allowed):
                continue
            if not names.is_accepted(row, UDP) and names.is_known(scene.workload_of(row).namespace):
                lacking.append(row)
        seen.update(lacking)
        if not lacking:
            continue
        refs = scene.refs(lacking)
        yield Found(
            "NW2537",
            at(entry.policy, *entry.pointer),
            f"{name_of(entry.policy)} lets {listed(refs)} connect to others, and nothing lets them ask DNS",
            label="no entry allows UDP 53",
            effect="names of Services do not resolve, so connections that the rules allow are not made",
            help="allow port 53 to the DNS servers: `toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: "
            "kube-system, k8s:k8s-app: kube-dns}}]`",
            key=entry.words,
            workloads=refs,
        )
