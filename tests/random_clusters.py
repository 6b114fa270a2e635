"""Random small clusters, dense enough that every rule meets every other, and questions that sit on their borders.

`cluster(seed)` is a pure function of its seed: only `random.Random` over lists, no set order, no `hash()`, standard
library alone. What a cluster covers is read off the finished objects, not off the dice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.random_admin import AdminPolicies, admin_rules, entries_of, name_of, numbers_of
from tests.random_admin_features import ADMIN_ITEMS
from tests.random_features import ITEMS, observe
from tests.random_objects import Objects
from tests.random_parts import NAMES, OUTSIDE, PORTS, PROTOCOLS, SHORT, Object, Pod, Service, rules_of, uid

__all__ = ["ADMIN_ITEMS", "ADMIN_SHARE", "ITEMS", "Case", "cluster"]

ADMIN_SHARE = 1 / 3
"""How many of the clusters have admin policies."""


@dataclass(frozen=True, eq=True)
class Case:
    """One random cluster and its questions.

    `manifests` are objects the API server accepts, as plain JSON values; `rejected` are policies it refuses: fed beside
    the manifests they may change no verdict. `queries` have the form that `eval --queries` reads, and `query_kinds[i]`
    says what `queries[i]` asks about: pod, self, node, address, svc, svc-address, outside-svc or outside-svc-address.
    `features` names what the cluster covers: `item-01` … `item-26` and their variants (`random_features`), with admin
    policies `item-27` … `item-35` too (`random_admin_features`).
    """

    seed: int
    manifests: list[Object]
    pod_cidrs: tuple[str, ...]
    queries: list[Object]
    features: frozenset[str]
    rejected: list[Object]
    query_kinds: tuple[str, ...]


def cluster(seed: int, tuples: int = 100, admin_share: float = ADMIN_SHARE) -> Case:
    """The random cluster of `seed` with `tuples` questions. More questions never change the cluster; those that have
    admin policies differ in the labels of nodes too, in how many NetworkPolicies there are, and in what is asked."""
    maker = _Maker(random.Random(seed))
    manifests = maker.objects()
    maker.admin_rng = random.Random(f"admin {seed}")
    if maker.admin_rng.random() < admin_share:
        maker.put_admin_policies(manifests)
    rejected = [maker.rejected_policy()] if maker.chance(0.06) else []
    kinds, queries = maker.questions(tuples)
    pod_cidrs = tuple(maker.pod_cidrs)
    features = observe(maker, manifests, rejected, queries, kinds)
    return Case(seed, manifests, pod_cidrs, queries, features, rejected, tuple(kinds))


class _Maker(Objects, AdminPolicies):
    """The dice and what they have made so far."""

    admin_rng: random.Random

    def put_admin_policies(self, manifests: list[Object]) -> None:
        """Puts admin policies among the manifests, and labels on the nodes. In half of the clusters few NetworkPolicies
        are left, so that the Baseline tier is reached."""
        others, self.rng = self.rng, self.admin_rng
        self.label_nodes(manifests)
        if self.chance(0.5):
            gone, self.policies = self.policies[3:], self.policies[:3]
            manifests[:] = [o for o in manifests if not any(o is one for one in gone)]
        self.admins = self.admin_policies()
        for policy in self.admins:
            manifests.insert(self.rng.randrange(len(manifests) + 1), policy)
        self.rng = others

    def objects(self) -> list[Object]:
        made: list[Object] = []
        for namespace in self.namespaces:
            made += self.namespace(namespace)
        if self.node_objects:
            made += [self.node(i, name) for i, name in enumerate(self.node_names)]
        names = [(namespace, name) for namespace in self.namespaces for name in NAMES]
        self.rng.shuffle(names)
        for namespace, name in names[: self.rng.randrange(5, 26)]:
            made += self.workload(namespace, name)
        for i in range(self.rng.randrange(0, 7)):
            made += self.service(i)
        if self.pods and self.chance(0.25):
            self.plant_overlap()
        wanted = max(self.rng.randrange(3, 15), self.rng.randrange(3, 15))
        while len(self.policies) < wanted:
            self.policies.append(self.policy(len(self.policies)))
        made += self.policies
        if self.dump:
            for o in made:
                meta = o["metadata"]
                meta["uid"] = uid(o["kind"], meta.get("namespace", ""), meta["name"])
        if self.chance(0.5):
            self.rng.shuffle(made)  # the order of documents means nothing
        return made

    def questions(self, count: int) -> tuple[list[str], list[Object]]:
        asked = [pod for pod in self.pods if pod.asked]
        kinds: list[str] = []
        queries: list[Object] = []
        if not asked:
            return kinds, queries
        self.border_ports = self.borders()
        # A last pod whose address nobody knows could own any address of the pods' range.
        self.outside = {family: list(OUTSIDE[family]) for family in self.families}
        if self.dump and all(all(pod.addresses.values()) for pod in self.pods if pod.kind == "Pod" and not pod.host):
            if 4 in self.outside:
                self.outside[4].append("10.244.200.9")
        while len(queries) < count:
            made = self.question(asked)
            if made is not None:
                kinds.append(made[0])
                queries.append(made[1])
                if made[0] == "pod" and len(queries) < count and self.chance(0.03):
                    kinds.append("pod")
                    queries.append({**made[1], "from": made[1]["to"], "to": made[1]["from"]})
        return kinds, queries

    def question(self, asked: list[Pod]) -> tuple[str, Object] | None:
        a, b = self.pick(asked), self.pick(asked)
        if self.admins:
            dice = self.admin_rng.random()
            if dice < 0.05 and self.node_objects:
                return self.ask("node", self.ref(a), a.families, f"node/{self.pick(self.node_names)}", self.families)
            if 0.05 <= dice < 0.1:
                family = self.pick(self.families)
                return self.ask("address", self.ref(a), a.families, self.pick(self.outside[family]), [family])
        dice = self.rng.random()
        if dice < 0.72:
            return self.ask("pod" if a is not b else "self", self.ref(a), a.families, self.ref(b), b.families)
        if dice < 0.745:
            return self.ask("self", self.ref(a), a.families, self.ref(a), a.families)
        if dice < 0.83:
            family = self.pick(self.families)
            known = [pod.addresses[family] for pod in asked if pod.addresses.get(family) and not pod.host]
            address = self.pick(known) if known and self.chance(0.25) else self.pick(self.outside[family])
            if self.chance(0.5):
                return self.ask("address", address, [family], self.ref(b), b.families)
            return self.ask("address", self.ref(a), a.families, address, [family])
        if dice < 0.87:
            if not self.node_objects:
                return None
            own = b.node if b.node and self.chance(0.6) else self.pick(self.node_names)
            held = [port for port in b.ports() if port.get("hostPort")]
            if held and self.chance(0.5):
                port = self.pick(held)
                client = self.ref(a) if self.chance(0.5) else self.pick(OUTSIDE[self.families[0]])
                query = {"from": client, "to": f"node/{own}", "port": port["hostPort"]}
                return "host-port", {**query, "protocol": port.get("protocol", "TCP")}
            ends = [(f"node/{own}", list(self.families)), (self.ref(b), b.families)]
            if self.chance(0.35):
                ends.reverse()
            return self.ask("node", *ends[0], *ends[1])
        if not self.services:
            return None
        service = self.pick(self.services)
        return self.ask_service(a, service)

    def ask_service(self, source: Pod, service: Service) -> tuple[str, Object] | None:
        spec = service.spec
        alias = spec.get("externalName", "")
        meant = next((s.spec for s in self.services if alias.startswith(f"{s.name}.{s.namespace}.")), spec)
        ports = meant.get("ports", [{"protocol": "TCP", "port": 443}])
        port = self.pick(ports)
        query = {
            "from": self.ref(source),
            "to": f"svc/{service.namespace}/{service.name}",
            "protocol": port["protocol"],
            "port": port["port"],
        }
        if "nodePort" in port and not alias and self.node_objects and self.chance(0.4):
            query.update(to=f"node/{self.pick(self.node_names)}", port=port["nodePort"])
            if self.chance(0.5):
                query["from"] = self.pick(OUTSIDE[self.families[0]])
                return "outside-node-port", query
            return "node-port", query
        if spec.get("type") in ("NodePort", "LoadBalancer") and self.chance(0.4):
            query["from"] = self.pick(OUTSIDE[self.families[0]])
            if service.outer and self.chance(0.3):
                query["to"] = self.pick(service.outer)
                return "outside-svc-address", query
            return "outside-svc", query
        if service.outer and self.chance(0.3):
            query["to"] = self.pick(service.outer)
            return "svc-address", query
        if spec.get("clusterIP", "None") != "None" and self.chance(0.15):
            query["to"] = self.pick(spec.get("clusterIPs", [spec["clusterIP"]]))
            return "svc-address", query
        return "svc", query

    def ask(
        self, kind: str, source: str, source_families: list[int], to: str, to_families: list[int]
    ) -> tuple[str, Object] | None:
        shared = [family for family in source_families if family in to_families]
        if not shared:
            return None
        family = self.pick(shared)
        query: Object = {"from": source, "to": to}
        told = self.chance(0.5 if len(shared) > 1 else 0.08)
        if self.chance(0.03):
            query["protocol"] = "ICMP"
            query["icmp"] = {"type": self.pick((8, 8, 3)), "code": 0} if family == 4 else {"type": 128, "code": 0}
            told = told or len(shared) > 1 or family == 6
        else:
            dice = self.rng.random()
            protocol, port = self.pick(self.border_ports)
            if dice < 0.12:
                protocol, port = self.pick(PROTOCOLS), self.pick(PORTS)
            elif dice < 0.17:
                protocol = self.pick(("TCP", "UDP", "SCTP"))
            query.update(protocol=protocol, port=port)
        if told:
            query["family"] = family
        return kind, query

    def ref(self, pod: Pod) -> str:
        if self.chance(0.4):
            return f"{SHORT[pod.kind]}/{pod.namespace}/{pod.name}"
        return f"{pod.namespace}/{pod.name}"

    def borders(self) -> list[tuple[str, int]]:
        """Ports on, beside and inside every port entry; named ones as the numbers that pods give them."""
        found: list[tuple[str, int]] = [("TCP", 80)]
        for _, _, rule in rules_of(self.policies):
            for entry in rule.get("ports") or []:
                protocol, port = entry.get("protocol", "TCP"), entry.get("port")
                if isinstance(port, str):
                    for pod in self.pods:
                        for p in pod.ports():
                            if p.get("name") == port:
                                found.append(
                                    (p.get("protocol", "TCP") if self.chance(0.8) else protocol, p["containerPort"])
                                )
                elif port is None:
                    found.append((protocol, self.pick(PORTS)))
                else:
                    high = entry.get("endPort", port)
                    found += beside(protocol, port, high)
        for _, _, rule in admin_rules(self.admins):
            for entry in entries_of(rule):
                numbers = numbers_of(entry)
                found += beside(*numbers) if numbers else self.ports_named(name_of(entry))
        return found

    def ports_named(self, name: str) -> list[tuple[str, int]]:
        """The ports of that name, each with the protocol that its pod declares, and with another."""
        own = [(p.get("protocol", "TCP"), p["containerPort"]) for pod in self.pods for p in pod.ports()
               if p.get("name") == name]  # fmt: skip
        return [*own, *(("UDP" if protocol == "TCP" else "TCP", number) for protocol, number in own[:1])]


def beside(protocol: str, low: int, high: int) -> list[tuple[str, int]]:
    """Ports on, beside and inside a range."""
    near = (low - 1, low, (low + high) // 2, high, high + 1)
    return [(protocol, number) for number in near if 1 <= number <= 65535]
