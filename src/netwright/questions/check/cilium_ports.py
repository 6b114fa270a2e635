"""Ports, ICMP types and Services of Cilium's policies, and policies that act only where Cilium is set up for them.

After Cilium 1.20.2: `pkg/policy/api` (l4, icmp, rule_validation), `pkg/policy/k8s/service.go`, `pkg/policy/l4.go`.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import ICMPField, PortProtocol, Service
from netwright.dialects.cilium.validate import rules_of
from netwright.model.document import Decoded
from netwright.questions.check.absence import Absence
from netwright.questions.check.cilium_written import Entry, Ruled, Written, bare, is_of_pods, name_of
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import Scene
from netwright.questions.check.surroundings import Surroundings


def checks(scene: Scene) -> Iterator[Found]:
    """NW2560 to NW2568."""
    ports = Ports(scene)
    if scene.profile.ignored:
        yield from ports.unread()
    for policy in ports.written.policies:
        yield from ports.policy(policy)
    seen: set[tuple[Decoded, str, str]] = set()
    for entry in ports.written.entries:
        for found in ports.entry(entry):
            if (entry.policy, found.code, found.key) not in seen:
                seen.add((entry.policy, found.code, found.key))
                yield found


class Ports:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)
        self.absence = scene.stage.once(Absence)
        self.around = scene.once(Surroundings)

    # --- what Cilium has to be set up for --------------------

    def unread(self) -> Iterator[Found]:
        """NW2569."""
        for policy in self.scene.of_kind(*self.scene.profile.ignored):
            yield Found(
                "NW2569",
                at(policy, "kind"),
                f"{policy.kind} `{policy.name}` has no effect: Cilium does not read the kind",
                label="policy.networking.k8s.io/v1alpha1",
                effect="none of its rules acts: what it was to deny is not denied",
                help="write a ClusterNetworkPolicy (v1alpha2), or a CiliumClusterwideNetworkPolicy",
            )

    def policy(self, policy: Decoded) -> Iterator[Found]:
        needs = self.written.refused.get(policy)
        if needs is not None:
            place, option = needs
            yield Found(
                "NW2566",
                at(policy, *place),
                f"{name_of(policy)} is refused as a whole by a Cilium without `{option}`",
                label=f"needs `{option}`, which is off by default",
                effect="none of its rules acts, those without this field neither, and it isolates nobody; the API "
                "server stores it all the same",
                help=f"switch `{option}` on and leave the rest to Cilium, or write the entry without it",
                key=option,
            )
            return
        for rule, place in rules_of(policy.value):
            if rule.node_selector is not None:
                yield Found(
                    "NW2567",
                    at(policy, *place, "nodeSelector"),
                    f"{name_of(policy)} is for nodes, which takes Cilium's host firewall",
                    label="acts only where `enable-host-firewall` is on",
                    effect="without it the policy does nothing; with it, what it does not allow is closed on the nodes "
                    "themselves, SSH and the kubelet among it. Connections of nodes are left undecided",
                    help="see to `hostFirewall.enabled`, and try the policy in audit mode before",
                    key="nodeSelector",
                )
                return

    # --- entries --------------------

    def entry(self, entry: Entry) -> Iterator[Found]:
        services = [one for one in entry.listed("services") or () if isinstance(one, Service)]
        if services and entry.action == "deny":
            yield self._denied_services(entry)
        elif services:
            yield from self._absent(entry, services)
        proof = getattr(entry.value, "authentication", None)
        if proof is not None and proof.mode == "test-always-fail":
            yield Found(
                "NW2568",
                at(entry.policy, *entry.pointer, "authentication", "mode"),
                f"{entry.field} entry of {name_of(entry.policy)} allows nothing: its authentication always fails",
                label="a mode for tests",
                effect="what the entry matches is denied, though another entry allows it",
                help="write `required` for mutual authentication, or `disabled`",
                key=entry.words,
            )
        for number, rule in enumerate(entry.ports):
            for index, port in enumerate(rule.ports or ()):
                yield from self._port(entry, port, (*entry.pointer, "toPorts", number, "ports", index))
        for number, icmp in enumerate(entry.value.icmps or ()):
            for index, field in enumerate(icmp.fields or ()):
                yield from _icmp(entry, field, (*entry.pointer, "icmps", number, "fields", index))

    # --- Services --------------------

    @staticmethod
    def _denied_services(entry: Entry) -> Found:
        does = "denies nothing" if entry.is_for_all_services else "denies these ports to everybody"
        return Found(
            "NW2561",
            at(entry.policy, *entry.pointer, "toServices"),
            f"`toServices` in egressDeny of {name_of(entry.policy)} {does}",
            label="Services are not looked up here",
            effect="Cilium looks Services up for rules that allow only; here none is found: the entry "
            + ("is about nobody" if entry.is_for_all_services else "is about its ports alone, wherever they lead"),
            help="name the pods behind the Service with `toEndpoints`",
            key=entry.words,
        )

    def _absent(self, entry: Entry, services: list[Service]) -> Iterator[Found]:
        """NW2560: none of the Services of an entry is there."""
        names: list[str] = []
        for one in services:
            named = one.k8s_service
            if one.k8s_service_selector is not None or named is None or not named.service_name:
                return
            if not named.namespace or not self.absence.no_service(named.namespace):
                return
            if any(
                s.namespace == named.namespace and s.name == named.service_name for s in self.scene.cluster.services
            ):
                return
            names.append(f"{named.namespace}/{named.service_name}")
        opens = not entry.is_for_all_services
        yield Found(
            "NW2560",
            at(entry.policy, *entry.pointer, "toServices"),
            f"{name_of(entry.policy)} names Services that do not exist: {listed(names)}",
            label="no such Service",
            effect="with no Service found the entry is about its ports alone: it allows them to everybody"
            if opens
            else "the entry allows nothing",
            help="correct the names, or select the pods with `toEndpoints`",
            key=" ".join(names),
        )

    # --- ports --------------------

    def _port(self, entry: Entry, port: PortProtocol, place: Pointer) -> Iterator[Found]:
        end = port.end_port or 0
        if port.name is not None and end:
            into = entry.direction == "ingress"
            yield Found(
                "NW2563",
                at(entry.policy, *place, "endPort"),
                f"`endPort: {end}` of {name_of(entry.policy)} stands beside the named port `{port.port}`",
                label="a name is no begin of a range",
                effect=f"the documentation has it ignored; Cilium 1.20 takes the range from the port of that name to "
                f"{end} where it is above"
                if into
                else "it is not looked at: only the port of that name counts",
                help="write the number of the first port, or delete `endPort`",
                key=f"{entry.field} {port.port} {end}",
            )
        elif port.number and 0 < end < port.number:
            yield Found(
                "NW2564",
                at(entry.policy, *place, "endPort"),
                f"`endPort: {end}` of {name_of(entry.policy)} is below its port {port.port}, and is not looked at",
                label="below the port",
                effect=f"the entry is about port {port.number} alone",
                help=f"write port `{end}` and `endPort: {port.number}` if the range is meant",
                key=f"{entry.field} {port.port} {end}",
            )
        if port.name is not None and entry.direction == "ingress":
            yield from self._named(entry, port, place)

    def _named(self, entry: Entry, port: PortProtocol, place: Pointer) -> Iterator[Found]:
        """NW2562."""
        rows = self.written.subjects(entry.ruled).may
        if not rows or not self._holds_all(entry.ruled):
            return
        ports = [p for row in rows for p in self.scene.cluster.row_ports[row]]
        if any((p.name or "").lower() == port.name for p in ports):
            return
        names = list(dict.fromkeys(p.name for p in ports if p.name))
        yield Found(
            "NW2562",
            at(entry.policy, *place, "port"),
            f"port `{port.port}` of {name_of(entry.policy)} is a port of none of the pods that it is for",
            label="no container names a port so",
            effect="the entry matches nothing on it: a name stands for what containers of the destination call so",
            help=f"their ports are called {listed(names)}"
            if names
            else "name the ports of the containers, or write a number",
            key=f"{entry.field} {port.name}",
        )

    def _holds_all(self, ruled: Ruled) -> bool:
        """Whether all pods that a rule is for are in the input."""
        selector = ruled.rule.endpoint_selector
        assert selector is not None
        names = (ruled.namespace,) if ruled.namespace else tuple(self.scene.namespaces)
        if not is_of_pods(selector) or not (ruled.namespace or self.around.is_whole):
            return False
        return self.around.holds_all_of(names) and not self.around.ports_asleep(bare(selector), names)


def _icmp(entry: Entry, field: ICMPField, place: Pointer) -> Iterator[Found]:
    """NW2565."""
    if field.number == 0:
        family = field.family or "IPv4"
        verb = "allows" if entry.action == "allow" else "denies"
        yield Found(
            "NW2565",
            at(entry.policy, *place, "type"),
            f"ICMP type 0 of {name_of(entry.policy)} {verb} every type of {family}",
            label="0 stands for all",
            effect="Cilium keeps types where ports stand, and port 0 is every port; replies to a ping that was let "
            "out pass without a rule",
            help="delete it, or name the types that are meant: `EchoRequest` is 8",
            key=f"{entry.field} {family}",
        )
