"""What admin policies select in vain: subjects, peers, nodes, named ports, and ports where everything is meant."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.selectors import Has, Not, conjunction, equals
from netwright.base.services import PROTOCOLS, ServiceSet
from netwright.dialects.k8s.endpoints import NODE
from netwright.dialects.k8s.lower import label_selector
from netwright.dialects.k8s.objects import LabelSelector, Node
from netwright.model.document import Decoded
from netwright.questions.check.admin_written import (
    AdminRule,
    Chooser,
    chooser,
    is_named,
    lacks_only,
    name_of,
    rules_of,
    subject_of,
)
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.label_words import close, contradiction, nearest, wanted, written
from netwright.questions.check.scene import Scene
from netwright.questions.check.surroundings import Surroundings
from netwright.spec.labels import matches


def checks(scene: Scene) -> Iterator[Found]:
    if not scene.admin_policies:
        return
    told = Told(scene)
    for policy in scene.admin_policies:
        yield from told.policy(policy)


class Told:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.around = scene.once(Surroundings)
        self.nodes = [d.value.metadata.labels or {} for d in scene.objects if isinstance(d.value, Node)]

    def policy(self, policy: Decoded) -> Iterator[Found]:
        rules = tuple(rules_of(policy))
        yield from self._subject(policy)
        seen: set[tuple[str, str]] = set()
        for rule in rules:
            for found in (*self._peers(rule), *self._entries(rule)):
                if (found.code, found.key) not in seen:
                    seen.add((found.code, found.key))
                    yield found

    # --- the policy --------------------

    def _subject(self, policy: Decoded) -> Iterator[Found]:
        subject = subject_of(policy)
        impossible = self._impossible(policy, ("spec", "subject"), subject, name_of(policy))
        if impossible is not None:
            yield impossible
            return
        chosen = self.scene.chosen(subject.namespaces, subject.pods)
        if chosen.may or not self._settles(subject):
            return
        hosts = self._hosts(subject)
        yield Found(
            "NW2301",
            at(policy, "spec", "subject", *(subject.pods_at or subject.namespaces_at)),
            f"{name_of(policy)} is for no pod: "
            + (
                f"{listed(self.scene.refs(hosts))} {'is' if len(hosts) == 1 else 'are'} on the node's network"
                if hosts
                else f"none has `{subject.asked}`"
            ),
            label="only hostNetwork pods, which are no subjects" if hosts else "no pod is selected",
            effect="none of its rules acts anywhere",
            help="leave `hostNetwork` out, or limit the node itself" if hosts else self._near(subject),
        )

    # --- peers --------------------

    def _peers(self, rule: AdminRule) -> Iterator[Found]:
        for number, peer in enumerate(rule.peers):
            place = (*rule.pointer, rule.side, number)
            if self.scene.profile.reading.by_absence and lacks_only(peer):
                continue
            if peer.nodes is not None:
                yield from self._nodes(rule, peer.nodes, (*place, "nodes"))
            if peer.domain_names is not None and rule.action != "allow":
                yield self._names(rule, peer.domain_names, (*place, "domainNames"))
            selected = chooser(peer)
            if selected is not None:
                yield from self._nobody(rule, selected, place)

    @staticmethod
    def _names(rule: AdminRule, names: tuple[str, ...], place: tuple[str | int, ...]) -> Found:
        return Found(
            "NW2313",
            at(rule.policy, *place),
            f"a {rule.written_action} rule of {name_of(rule.policy)} has domain names, which only Accept supports",
            label="names can only be accepted",
            effect="what becomes of the rule is the network plugin's choice: Cilium refuses the whole policy, Calico "
            "denies everything",
            help="accept the names that are to be reached, and deny the rest by a rule behind it",
            key=",".join(names),
        )

    def _nodes(self, rule: AdminRule, selector: LabelSelector, place: tuple[str | int, ...]) -> Iterator[Found]:
        if not self.nodes:
            yield Found(
                "NW2312",
                at(rule.policy, *place),
                f"{name_of(rule.policy)} selects nodes, and no Node is in the input",
                label="whom it means is not known",
                effect="what it does to connections to nodes and their addresses is left undecided",
                help="name the Node objects as a source too: `kubectl get nodes -o yaml`",
                key="nodes",
            )
        elif not self._unknown_hosts and not any(
            matches(selector, {k: v or "" for k, v in labels.items()}) for labels in self.nodes
        ):
            near = close(selector, [{k: v or "" for k, v in labels.items()} for labels in self.nodes])
            yield Found(
                "NW2303",
                at(rule.policy, *place),
                f"peer of {name_of(rule.policy)} selects no node: none has `{written(selector)}`",
                label="no node has these labels",
                effect="this entry matches nobody",
                help=f"did you mean `{near}`?" if near else "correct the labels, or delete the entry",
                key=f"{rule.direction} {written(selector)}",
            )

    def _nobody(self, rule: AdminRule, peer: Chooser, place: tuple[str | int, ...]) -> Iterator[Found]:
        who = f"an {rule.direction} peer of {name_of(rule.policy)}"
        impossible = self._impossible(rule.policy, place, peer, who)
        if impossible is not None:
            yield impossible
            return
        if self.scene.chosen(peer.namespaces, peer.pods).may or not self._settles(peer):
            return
        hosts = self._hosts(peer)
        yield Found(
            "NW2302",
            at(rule.policy, *place, *(peer.pods_at if peer.pods is not None else peer.namespaces_at)),
            f"peer of {name_of(rule.policy)} selects "
            + (f"only pods on their node's network: {listed(self.scene.refs(hosts))}" if hosts else "no pod")
            + ("" if hosts else f": none has `{peer.asked}`"),
            label="no peer of pods means hostNetwork pods" if hosts else "nobody is selected",
            effect="this entry matches nobody",
            help="select their nodes with `nodes`, for egress" if hosts else self._near(peer),
            key=f"{rule.direction} {peer.asked}",
        )

    @property
    def _unknown_hosts(self) -> bool:
        """Whether something is on a node of which it is not known which one it is, or what labels it has."""
        return bool(self.scene.selected(conjunction(equals("network", "host"), Not(Has(NODE)))).may)

    # --- ports --------------------

    def _entries(self, rule: AdminRule) -> Iterator[Found]:
        service = rule.services
        for name in dict.fromkeys(port.name for port in service.named):
            yield from self._port(rule, name)
        every = [protocol for protocol in PROTOCOLS.values() if ServiceSet.ports(protocol, 1, 65535) <= service.fixed]
        if rule.action == "deny" and rule.entries and every and not rule.is_closed:
            names = ", ".join(name for name, number in PROTOCOLS.items() if number in every)
            yield Found(
                "NW2311",
                at(rule.policy, *rule.pointer, rule.list),
                f"{name_of(rule.policy)} denies every port of {names} and leaves the other protocols, ICMP too",
                label="entries of ports match TCP, UDP and SCTP alone",
                effect="ICMP, and what else is not named, goes on to the next rule and the next tier",
                help=f"leave `{rule.list}` out to deny everything",
                key=rule.words,
            )

    def _port(self, rule: AdminRule, name: str) -> Iterator[Found]:
        choosers = [subject_of(rule.policy)] if rule.direction == "ingress" else [chooser(p) for p in rule.peers]
        rows: set[int] = set()
        for one in choosers:
            if one is None or not self._settles(one):
                return
            rows |= set(self.scene.chosen(one.namespaces, one.pods).may)
        ports = [port for row in rows for port in self.scene.cluster.row_ports[row]]
        if not rows or any(port.name == name for port in ports):
            return
        names = list(dict.fromkeys(f"{port.name}" for port in ports if port.name))
        entry = next(n for n, e in enumerate(rule.entries) if name in _name_of(e))
        whose = "the pods that it is for" if rule.direction == "ingress" else "its peers"
        yield Found(
            "NW2304",
            at(rule.policy, *rule.pointer, rule.list, entry),
            f"port `{name}` of {name_of(rule.policy)} is a port of none of {whose}",
            label="no container names a port so",
            effect="the entry matches nothing: a name stands for what containers of the destination call so",
            help=f"their ports are called {listed(names)}"
            if names
            else "name the ports of the containers, or write a number",
            key=f"{rule.direction} {name}",
        )

    # --- selectors --------------------

    def _impossible(self, policy: Decoded, place: tuple[str | int, ...], one: Chooser, who: str) -> Found | None:
        for selector, where, of_namespaces in (
            (one.namespaces, one.namespaces_at, True),
            (one.pods, one.pods_at, False),
        ):
            key = contradiction(selector, of_namespaces=of_namespaces)
            if key:
                return Found(
                    "NW2009",
                    at(policy, *place, *where),
                    f"a selector of {who} can never select anything: what it asks of `{key}` excludes each other",
                    label=f"`{written(selector)}`",
                    effect="no object has labels that meet all of it, whatever is deployed",
                    help="all requirements of a selector must hold together; for one or the other use `In` with both",
                    key=f"{who} {written(selector)}",
                )
        return None

    def _settles(self, one: Chooser) -> bool:
        """Whether it is known that a selector which selects no pod of the input selects none."""
        around = self.around
        sure, perhaps = around.namespaces(one.namespaces)
        if around.is_whole:
            return around.settles(one.pods, perhaps)
        if not any(wanted(one.namespaces)) or (sure == perhaps and not sure):
            return False  # a namespace that is not in the input may be meant
        names = is_named(one.namespaces)
        known = bool(names) and set(names) <= perhaps
        return known and around.settles(one.pods, perhaps)

    def _hosts(self, one: Chooser) -> tuple[int, ...]:
        """The hostNetwork pods that have the labels."""
        if not (any(wanted(one.pods)) or any(wanted(one.namespaces))):
            return ()
        asked = conjunction(
            label_selector(one.namespaces, "ns:"), equals("network", "host"), label_selector(one.pods, "k8s:")
        )
        return tuple(row for row in self.scene.selected(asked).must if self.scene.cluster.row_objects[row].namespace)

    def _near(self, one: Chooser) -> str:
        perhaps = self.around.namespaces(one.namespaces)[1]
        if not perhaps:
            near = close(one.namespaces, self.around.namespace_labels)
            return f"did you mean `{near}`?" if near else "correct the labels, or label the namespaces that are meant"
        near = nearest(one.pods, (labels for name in sorted(perhaps) for labels in self.around.labels_in(name)))
        return near or "correct the labels, or delete it"


def _name_of(entry: object) -> tuple[str, ...]:
    names = (getattr(entry, "destination_named_port", None), getattr(entry, "named_port", None))
    return tuple(name for name in names if name)
