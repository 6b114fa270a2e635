"""What `check` says of admin policies and verdicts is what `eval` answers, on random clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from netwright.base.services import ALL, protocol_name
from netwright.dialects.k8s.lower import lower_ports
from netwright.model.finding import Finding
from netwright.model.rule import Service
from netwright.questions.check.admin_written import AdminRule, chooser, rules_of, subject_of
from netwright.questions.check.scene import Scene
from netwright.questions.eval import Evaluated
from netwright.twin import Twin
from tests.laws.test_reach import twin
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
CHUNKS, CLUSTERS = 6, 100
Rows = tuple[int, ...]


class Case:
    """One random cluster with admin policies."""

    def __init__(self, seed: int) -> None:
        made = cluster(seed, 1, admin_share=1)
        self.twin: Twin = twin(made.manifests, made.pod_cidrs)
        self.scene = Scene(self.twin)
        self.directory = self.twin.inquirer.directory

    def rule(self, finding: Finding) -> AdminRule:
        (policy,) = (p for p in self.scene.admin_policies if (p.kind, p.name) == (finding.kind, finding.name))
        return next(rule for rule in rules_of(policy) if (rule.direction, rule.number) == place(finding))

    def subjects(self, rule: AdminRule) -> Rows:
        subject = subject_of(rule.policy)
        return self.scene.chosen(subject.namespaces, subject.pods).must

    def answers(self, direction: str, rows: Rows, others: Rows, service: Service) -> list[Evaluated]:
        """Of connections between these, but for those of a workload with itself; `rows` are a policy's."""
        queries = []
        for row in filter(self._is_alone, rows):
            for other in filter(self._is_alone, others):
                source, target = (row, other) if direction == "egress" else (other, row)
                for protocol, port in self._ports(service, target) if row != other else ():
                    ends = {"from": self.directory.row_ref(source), "to": self.directory.row_ref(target)}
                    queries.append({**ends, "protocol": protocol, "port": port})
        return list(self.twin.eval(queries))

    def _ports(self, service: Service, row: int) -> Iterator[tuple[str, int]]:
        """Some ports of a rule, names as this endpoint gives them."""
        if service.fixed == ALL:
            yield "TCP", 80
            return
        for low, high in service.fixed.intervals:
            for key in {low, high - 1}:
                if key & 0xFFFF:
                    yield protocol_name(key >> 16), key & 0xFFFF
        for port in self.scene.cluster.row_ports[row]:
            if (port.name, port.protocol) in {(n.name, n.protocol) for n in service.named}:
                yield protocol_name(port.protocol), port.number

    def _is_alone(self, row: int) -> bool:
        """Whether its reference means this endpoint only."""
        return len(self.directory.resolve(self.directory.row_ref(row)).rows) == 1


def place(finding: Finding) -> tuple[str, int]:
    side, _, number = finding.path.split(".")[1].rstrip("]").partition("[")
    return side, int(number)


def cites(answer: Evaluated, rule: AdminRule) -> bool:
    mine = (rule.policy.kind, rule.policy.name, rule.number, rule.direction)
    return any((c.kind, c.name, c.rule, c.direction) == mine for c in answer.by)


def refused(case: Case, finding: Finding) -> list[Evaluated]:
    """NW2330: nothing is allowed by the rule."""
    rule = case.rule(finding)
    peer = chooser(rule.peers[int(finding.path.rsplit("[", 1)[1].rstrip("]"))])
    assert peer is not None
    others = case.scene.chosen(peer.namespaces, peer.pods).must
    answers = case.answers(rule.direction, case.subjects(rule), others, rule.services)
    assert not any(a.verdict == "allow" and cites(a, rule) for a in answers)
    return answers


def in_vain(case: Case, finding: Finding) -> list[Evaluated]:
    """NW2332: what the NetworkPolicy's rule allows is denied."""
    scene = case.scene
    (policy,) = (p for p in scene.policies if (p.namespace, p.name) == (finding.namespace, finding.name))
    (rule,) = (r for r in scene.rules_of(policy) if (r.direction, r.number) == place(finding))
    others = tuple(dict.fromkeys(row for p in rule.peers or () for row in scene.peers(p, policy.namespace).must))
    service = Service(ALL) if rule.ports is None else lower_ports(rule.ports)
    answers = case.answers(rule.direction, scene.subjects(policy).must, others, service)
    assert {a.verdict for a in answers} <= {"deny"}
    return answers


def in_range(case: Case, finding: Finding) -> list[Evaluated]:
    """NW2331: the rule decides connections to pods."""
    rule = case.rule(finding)
    pods = tuple(row for row in range(case.scene.cluster.columns.n) if not case.scene.cluster.columns.host[row])
    answers = case.answers(rule.direction, case.subjects(rule), pods, rule.services)
    if rule.action == "deny" and answers:
        assert any(cites(a, rule) for a in answers)
    return answers


def opened(case: Case, finding: Finding) -> list[Evaluated]:
    """NW2333: no NetworkPolicy denies these pods anything in this direction."""
    rule = case.rule(finding)
    rows = tuple(r for r in case.subjects(rule) if set(case.scene.refs((r,))) <= set(finding.workloads))
    pods = tuple(row for row in range(case.scene.cluster.columns.n) if not case.scene.cluster.columns.host[row])
    answers = case.answers(rule.direction, rows, pods, rule.services)
    assert any(cites(a, rule) for a in answers) or not any(a.verdict == "allow" for a in answers)
    return answers


JUDGES = {"NW2330": refused, "NW2331": in_range, "NW2332": in_vain, "NW2333": opened}


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_findings_of_admin_policies_are_as_eval_says(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(5000 + chunk * CLUSTERS, 5000 + (chunk + 1) * CLUSTERS):
        case = Case(seed)
        for finding in case.twin.check().findings:
            if finding.code in JUDGES and JUDGES[finding.code](case, finding):
                seen[finding.code] += 1
    assert seen.keys() >= {"NW2331", "NW2333"}, "the law judged too little"
