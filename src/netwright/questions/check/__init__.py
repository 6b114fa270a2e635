"""`check`: what is wrong with the network, or looks so, with the place, the effect and the cure.

A check is a function of the scene that yields what it found; `CHECKS` lists their modules. Codes, severities,
explanations and examples are in `model.finding_codes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Final, Literal

import msgspec

from netwright.base.diagnostics import Severity
from netwright.base.spans import Origin
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import BESIDE as CALICO_BESIDE
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.calico import STAGED as CALICO_STAGED
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.gateway import KINDS as GATEWAY_KINDS
from netwright.dialects.istio import POLICIES as ISTIO_POLICIES
from netwright.dialects.k8s.resting import resting
from netwright.dialects.kubevirt import KINDS as KUBEVIRT_KINDS
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.multus import KINDS as ATTACHMENTS
from netwright.dialects.multus import POLICY as MULTI_POLICY
from netwright.dialects.nmstate import KINDS as WIRES
from netwright.dialects.openshift import KINDS as OPENSHIFT_KINDS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.dialects.ovn import NETWORKS
from netwright.dialects.sriov import NETWORKS as OF_OPERATOR
from netwright.engine import acting
from netwright.model.document import Unread
from netwright.model.finding import Finding, Mark, State
from netwright.model.finding_codes import ABSENCE, code_of
from netwright.questions.check.acceptance import Outdated, note, settled
from netwright.questions.check.found import Found, fingerprint, marked
from netwright.questions.check.intents import IntentAnswer, Judge
from netwright.questions.check.of_input import of_input
from netwright.questions.check.scene import Scene
from netwright.questions.registry import Asked, Check

OF_CALICO: Final = (*CALICO_KINDS, *CALICO_STAGED, *CALICO_BESIDE)
OF_MESH: Final = ("mesh",)
OF_OVN: Final = (*OVN_KINDS, "ovn-kubernetes")
OF_CILIUM: Final = (*CILIUM_KINDS, "cilium")
OF_NETWORKS: Final = (*KUBEVIRT_KINDS, *ATTACHMENTS, MULTI_POLICY, *NETWORKS)
OF_WIRES: Final = (*WIRES, *ATTACHMENTS, *NETWORKS, *OF_OPERATOR)
CHECKS: Final[tuple[tuple[str, Collection[str]], ...]] = (
    # causes, in the order in which one explains the other (`mistakes`)
    ("policy_selectors", ()),
    ("policy_sections", ()),
    ("ports", ()),
    ("services", ()),
    ("target_ports", ()),
    ("ingresses", ()),
    ("gateway_routes", GATEWAY_KINDS),
    ("openshift_routes", OPENSHIFT_KINDS),
    ("service_names", ()),
    ("one_sided", ()),
    ("dns", ()),
    ("cilium_dns", OF_CILIUM),
    # the others
    ("admin_policies", ADMIN_KINDS),
    ("admin_order", ADMIN_KINDS),
    ("admin_effects", ADMIN_KINDS),
    ("admin_precedence", ADMIN_KINDS),
    ("admin_versions", ADMIN_KINDS),
    ("cilium_ports", OF_CILIUM),
    ("cilium_selectors", OF_CILIUM),
    ("cilium_addresses", OF_CILIUM),
    ("cilium_isolation", OF_CILIUM),
    ("cilium_requests", OF_CILIUM),
    ("cilium_covered", OF_CILIUM),
    ("calico_selectors", OF_CALICO),
    ("calico_order", OF_CALICO),
    ("calico_effects", OF_CALICO),
    ("istio_policies", ISTIO_POLICIES),
    ("istio_identities", ISTIO_POLICIES),
    ("istio_tunnel", OF_MESH),
    ("ovn_firewalls", OF_OVN),
    ("ranges", ()),
    ("implied", ()),
    ("coverage", ()),
    ("exposed_workloads", ()),
    ("bypass", ()),
    ("infrastructure", ()),
    ("controllers", ()),
    ("cluster_ranges", ()),
    ("policy_maps", ()),
    ("machine_migration", KUBEVIRT_KINDS),
    ("migrations", KUBEVIRT_KINDS),
    ("machine_bindings", KUBEVIRT_KINDS),
    ("machine_addresses", OF_NETWORKS),
    ("guest_network", KUBEVIRT_KINDS),
    ("network_status", (*OF_NETWORKS, *WIRES)),
    ("machine_policies", OF_NETWORKS),
    ("user_networks", OF_NETWORKS),
    ("network_policies", OF_NETWORKS),
    ("mtu", OF_WIRES),
    ("address_pools", (*OF_WIRES, *MACHINES)),
)
"""The modules of checks here, each with the kinds of which the input must have one, or the profile that it must be
asked under, or "mesh" where there must be one; (): always. The others are not imported. A module's `checks` yields what
it finds in a scene."""
OF_STAGE: Final = frozenset(
    (
        "address_pools",
        "cluster_ranges",
        "controllers",
        "machine_addresses",
        "machine_bindings",
        "machine_migration",
        "mtu",
        "user_networks",
    )
)
"""Checks that look at no NetworkPolicy: they see the stage, and what they find is kept while only those change."""
ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
FailOn = Literal["error", "warning", "info", "never"]
STATES: tuple[State, ...] = ("new", "known", "accepted")
LACKING = "what could not be read may hold what it misses"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many workloads of a namespace NetworkPolicies isolate. `host` are on their node's network, where none acts;
    `open` those of which only some pods are isolated, or of which it is not known."""

    namespace: str
    workloads: int
    both: int
    only_in: int
    only_out: int
    neither: int
    open: int
    host: int


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of a code that were not reported, how many and why."""

    code: str
    findings: int
    reason: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The findings, worst first, then by code and place; the intents, broken ones first; the isolation of each
    namespace, the least isolated first.

    `counts` are new findings by severity, `states` all by state. `withheld` says of what nothing was reported, and why;
    `outdated` which acceptances are to be looked after, and `notes` the same in words; `resting` which workloads have
    no pods, so that nothing is said of them.
    """

    findings: tuple[Finding, ...]
    intents: tuple[IntentAnswer, ...] = ()
    isolation: tuple[Coverage, ...]
    counts: dict[Severity, int]
    states: dict[State, int]
    withheld: tuple[Withheld, ...] = ()
    notes: tuple[str, ...] = ()
    outdated: tuple[Outdated, ...] = ()
    resting: tuple[str, ...] = ()

    def fails(self, fail_on: FailOn) -> bool:
        """Whether there is a new finding, or a broken intent, of this severity or a worse one."""
        found = {s for s, n in self.counts.items() if n} | {i.severity for i in self.intents if i.verdict == "broken"}
        return any(is_failing(severity, fail_on) for severity in found)

    @property
    def is_open(self) -> bool:
        """Whether an intent is undecided."""
        return any(i.verdict == "undecided" for i in self.intents)


def is_failing(severity: Severity, fail_on: FailOn) -> bool:
    """Whether what is of this severity fails."""
    return fail_on != "never" and ORDER[severity] <= ORDER[fail_on]


def answer(twin: Asked, params: Check) -> Checked:
    unread = twin.snapshot.unread
    lacking = {code for code, kinds in ABSENCE.items() if any(_may_be(u, kinds) for u in unread)}
    untold = lacking | {code for code, severity in params.severities.items() if severity == "ignore"}

    def is_in(found: Found) -> bool:
        return not params.namespaces or _is_in(found.origin, params.namespaces)

    scene = Scene(twin, lambda found: found.code not in untold and is_in(found))
    findings = list(of_input(twin.snapshot.diagnostics, twin.snapshot.reading, params.namespaces))
    seen: Counter[tuple[str, ...]] = Counter()
    withheld: Counter[str] = Counter()
    given = {d.kind for d in twin.cluster.objects} | {scene.profile.name}
    if twin.cluster.mesh is not None:
        given.update(OF_MESH)
    for name, of in CHECKS:
        if of and given.isdisjoint(of):
            continue
        checks = import_module(f"{__name__}.{name}").checks
        for found in scene.stage.found(checks) if name in OF_STAGE else checks(scene):
            if not is_in(found):
                continue
            if found.code in lacking:
                withheld[found.code] += 1
                continue
            findings.append(_finding(scene, found, seen))
    findings, outdated = settled(findings, params)
    findings.sort(key=lambda f: (ORDER[f.severity], f.code, f.file, f.line, f.column, f.namespace, f.name, f.path))
    counts = Counter(f.severity for f in findings if f.state == "new")
    states: Counter[State] = Counter(f.state for f in findings)
    return Checked(
        findings=tuple(findings),
        intents=_intents(twin, params),
        isolation=_isolation(scene, params.namespaces),
        counts={severity: counts[severity] for severity in ORDER},
        states={state: states[state] for state in STATES},
        notes=tuple(map(note, outdated)),
        outdated=tuple(outdated),
        resting=tuple(resting(twin.cluster, lambda name: not params.namespaces or name in params.namespaces)),
        withheld=tuple(Withheld(code=code, findings=n, reason=LACKING) for code, n in sorted(withheld.items())),
    )


def _intents(twin: Asked, params: Check) -> tuple[IntentAnswer, ...]:
    if not params.intents:
        return ()
    judge = Judge(twin)
    order = {"broken": 0, "undecided": 1, "holds": 2}
    answers = [judge.answer(intent) for intent in params.intents]
    return tuple(sorted(answers, key=lambda a: (order[a.verdict], ORDER[a.severity])))


# --- from what a check found to a finding --------------------


def _finding(scene: Scene, found: Found, seen: Counter[tuple[str, ...]]) -> Finding:
    origin = found.origin
    same = (found.code, *(found.subject or (origin.kind, origin.namespace, origin.name)), found.key)
    seen[same] += 1
    times = seen[same]
    # a finding that was recalled says what it said
    _, finding = scene.recalled(("finding", id(found), times), lambda: (found, _made(scene.twin, found, same, times)))
    return finding


def _made(twin: Asked, found: Found, same: tuple[str, ...], times: int) -> Finding:
    origin = found.origin
    return Finding(
        code=found.code,
        severity=code_of(found.code).severity,
        title=found.title,
        **marked(twin, origin, found.label),
        effect=found.effect,
        help=found.help,
        owner=twin.owner_of(origin),
        workloads=found.workloads,
        objects=found.objects,
        also=tuple(Mark(**marked(twin, s.origin, s.label)) for s in found.also),
        fingerprint=fingerprint(*same, str(times)),
    )


def _is_in(origin: Origin, namespaces: Sequence[str]) -> bool:
    """Whether a place is in one of these namespaces, or is the object of one."""
    return (origin.name if origin.kind == "Namespace" else origin.namespace) in namespaces


def _may_be(unread: Unread, kinds: frozenset[str]) -> bool:
    return not unread.kinds or not kinds.isdisjoint(unread.kinds)


# --- isolation --------------------


def _isolation(scene: Scene, namespaces: Sequence[str]) -> tuple[Coverage, ...]:
    states: dict[str, Counter[str]] = {}
    for w in scene.workloads:
        if namespaces and w.namespace not in namespaces:
            continue
        state = acting.coverage(scene.cluster, scene.acting, w)
        states.setdefault(w.namespace, Counter())[state] += 1
    rows = [
        Coverage(
            namespace=namespace,
            workloads=found.total(),
            **{name: found[name] for name in ("both", "only_in", "only_out", "neither", "open", "host")},
        )
        for namespace, found in states.items()
    ]
    return tuple(sorted(rows, key=lambda c: (c.both + c.host - c.workloads, c.namespace)))


__all__ = ["CHECKS", "Checked", "Coverage", "FailOn", "Outdated", "Withheld", "answer", "is_failing"]
