"""AuthorizationPolicies that do other than what they say: at whom they act, and what becomes of HTTP attributes.

After Istio 1.28: the reference pages of AuthorizationPolicy and PeerAuthentication, "Authorization Policy for TCP
Ports", `pilot/pkg/security/authz` and `ambient/authorization.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.dialects.istio.conditions import http_fields
from netwright.dialects.istio.mesh import PodClass
from netwright.dialects.istio.objects import Rule
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.istio_written import Meshed, Written
from netwright.questions.check.scene import Scene

TO_WAYPOINT: Final = "give the namespace a waypoint and attach the policy to it with `targetRefs`"


def checks(scene: Scene) -> Iterator[Found]:
    """NW2702 to NW2707, NW2712, NW2713, NW2715 to NW2717, NW2720."""
    meshed = scene.once(Meshed)
    if meshed.mesh is None:
        return
    for written in meshed.policies:
        if written.value.action == "AUDIT":
            yield _audit(written)
            continue
        yield from _Policy(meshed, written).findings()
    yield from _rivals(meshed)


def _name(written: Written) -> str:
    return f"AuthorizationPolicy `{written.policy.namespace}/{written.policy.name}`"


def _audit(written: Written) -> Found:
    return Found(
        "NW2712",
        at(written.policy, "spec", "action"),
        f"{_name(written)} audits, and denies nothing",
        label="only marks requests",
        effect="what its rules match passes as if it were not there; only a plugin that reads the mark logs it",
        help="write `DENY` to deny, or `ALLOW` to let pass nothing but this",
    )


class _Policy:
    def __init__(self, meshed: Meshed, written: Written) -> None:
        self.meshed, self.written = meshed, written
        self.scene = meshed.scene
        self.servers = meshed.servers(written.chosen.must)

    def findings(self) -> Iterator[Found]:
        if (placed := self._placed()) is not None:
            yield placed
            return
        action = self.written.value.action
        if action == "ALLOW" and not self.written.rules:
            yield from self._closed()
        for index, rule in enumerate(self.written.rules):
            if action == "DENY" and not (rule.from_ or rule.to or rule.when):
                yield self._denies_all(index)
            elif (found := self._http(index, rule)) is not None:
                yield found
            else:
                yield from self._ports(index, rule)
        if action == "CUSTOM" and self.servers and all(one.state == "ambient" for one in self.servers):
            yield self._not_asked()

    def _placed(self) -> Found | None:
        """NW2706, NW2707."""
        written, selector = self.written, self.written.selector
        labels = (selector.match_labels if selector else None) or {}
        home = written.policy.namespace
        if not written.chosen.may:
            around = self.meshed.pods(None, "" if written.is_wide else home).may
            if not labels or not around:
                return None  # the pods may be in another input
            told = " and ".join(f"`{key}={value or ''}`" for key, value in labels.items())
            return Found(
                "NW2706",
                at(written.policy, "spec", "selector"),
                f"{_name(written)} selects nothing: no pod has {told}",
                label="no pod has these labels",
                effect="it neither allows nor denies anything",
                help="correct the labels, or delete the policy",
            )
        if all(self.meshed.server(row) is None for row in written.chosen.may):
            refs = self.scene.refs(written.chosen.may)
            return Found(
                "NW2707",
                at(written.policy, "metadata", "name"),
                f"{_name(written)} acts at {listed(refs)}, which the mesh has no part in",
                label="no proxy enforces it",
                effect="nothing enforces the policy: every connection to them is as if it were not there",
                help=f"label the namespace `{home}` with `istio-injection=enabled` (or "
                "`istio.io/dataplane-mode=ambient`) and start the pods anew",
                workloads=refs,
            )
        return None

    def _closed(self) -> Iterator[Found]:
        """NW2704."""
        others = [w for w in self.meshed.policies if w is not self.written and w.value.action == "ALLOW"]
        mine = set(self.written.chosen.must)
        if not self.servers or any(mine & set(other.chosen.may) for other in others):
            return
        refs = self.scene.refs(self.written.chosen.must)
        yield Found(
            "NW2704",
            at(self.written.policy, "spec"),
            f"{_name(self.written)} has no rules, and no other policy allows anything at {listed(refs)}",
            label="allows nothing",
            effect="every TCP connection to them is denied",
            help="add policies that allow what is meant, or `rules: [{}]` to allow everything",
            workloads=refs,
        )

    def _denies_all(self, index: int) -> Found:
        """NW2705."""
        return Found(
            "NW2705",
            at(self.written.policy, "spec", "rules", index),
            f"{_name(self.written)} denies everything: its rule is empty",
            label="matches every connection",
            effect="every TCP connection to its pods is denied, and no ALLOW policy can open any",
            help="say what is to be denied; to close by default and open by ALLOW policies write an ALLOW policy "
            "without rules",
        )

    # --- HTTP --------------------

    def _http(self, index: int, rule: Rule) -> Found | None:
        """NW2702, NW2703, NW2716, NW2717."""
        if not self.servers:
            return None
        action = self.written.value.action
        where = at(self.written.policy, "spec", "rules", index)
        if all(one.state == "ambient" for one in self.servers):
            fields = http_fields(rule, ztunnel=True)
            if not fields or action == "CUSTOM":
                return None
            told = listed(fields)
            if action == "ALLOW":
                return Found(
                    "NW2716",
                    where,
                    f"{_name(self.written)}: a rule with {told} allows nothing in ambient mode without a waypoint",
                    label="ztunnel does not read this",
                    effect="ztunnel leaves the rule out, so that what it was to allow is denied",
                    help=TO_WAYPOINT + ", or drop the field",
                    key=told,
                )
            return Found(
                "NW2717",
                where,
                f"{_name(self.written)}: a rule denies by {told}, which ztunnel does not read",
                label="ztunnel does not read this",
                effect="the field is left out: all that the rest of the rule matches is denied, and nothing if it says "
                "nothing",
                help=TO_WAYPOINT + ", or drop the field",
                key=told,
            )
        fields = http_fields(rule)
        if not fields or not all(one.state == "sidecar" for one in self.servers):
            return None
        ports = _ports_of(rule)
        told = listed(fields)
        if action == "ALLOW":
            if not ports or not all(ports <= set(one.tcp) for one in self.servers):
                return None
            return Found(
                "NW2702",
                where,
                f"{_name(self.written)}: a rule with {told} never matches on port {_numbers(ports)}, which is TCP",
                label="not read on a TCP port",
                effect="the proxy leaves the rule out on ports that Services declare TCP, so that it allows nothing",
                help="name the Service's port `http-…` (or set `appProtocol`) if it carries HTTP, else drop the field",
                key=f"{told} {_numbers(ports)}",
            )
        dropped = sorted({p for one in self.servers for p in one.tcp if not ports or p in ports})
        if not dropped or action != "DENY":
            return None
        return Found(
            "NW2703",
            where,
            f"{_name(self.written)}: a rule by {told} denies all else on port {_numbers(set(dropped))}, too",
            label="not read on a TCP port",
            effect="on ports that Services declare TCP the field is left out, and whatever the rest of the rule "
            "matches is denied",
            help="add `ports` with those that carry HTTP",
            key=told,
        )

    # --- ports --------------------

    def _ports(self, index: int, rule: Rule) -> Iterator[Found]:
        """NW2720."""
        for number, one in enumerate(rule.to or ()):
            for text in (one.operation.ports if one.operation else None) or ():
                meant = self._meant(int(text))
                if meant is None:
                    continue
                service, target = meant
                yield Found(
                    "NW2720",
                    at(self.written.policy, "spec", "rules", index, "to", number, "operation", "ports"),
                    f"{_name(self.written)} names port {text} of `{service}`, whose pods serve it as {target}",
                    label=f"the pods see {target}",
                    effect="the rule matches no connection that comes by the Service: policies see the pod's port",
                    help=f"write `{target}`",
                    key=text,
                )

    def _meant(self, port: int) -> tuple[str, int] | None:
        """The Service whose port it is, with another port of its pods, where no pod here serves the written one."""
        rows = set(self.written.chosen.may)
        if not rows or not self.servers:
            return None
        if any(p.number == port for row in rows for p in self.scene.cluster.row_ports[row]):
            return None
        found: tuple[str, int] | None = None
        for service in self.scene.cluster.services:
            for p in service.ports:
                targets = {b.port for b in p.backends if b.row in rows}
                if port in targets:
                    return None
                if p.port == port and len(targets) == 1 and not service.headless:
                    found = service.ref, next(iter(targets))
        return found

    def _not_asked(self) -> Found:
        """NW2715."""
        refs = self.scene.refs(self.written.chosen.must)
        return Found(
            "NW2715",
            at(self.written.policy, "spec", "action"),
            f"{_name(self.written)} asks an extension at {listed(refs)}, where ztunnel enforces policies",
            label="ztunnel asks no extension",
            effect="the policy does nothing there: what the extension would refuse passes",
            help=TO_WAYPOINT,
            workloads=refs,
        )


def _rivals(meshed: Meshed) -> Iterator[Found]:
    """NW2713."""
    for written in meshed.policies:
        if written.value.action != "CUSTOM" or not written.rules:
            continue
        rows = [row for row in written.chosen.must if _has_rivals(meshed.server(row))]
        if rows:
            refs = meshed.scene.refs(rows)
            yield Found(
                "NW2713",
                at(written.policy, "spec", "provider"),
                f"{_name(written)} asks one of several extensions at {listed(refs)}",
                label="another policy asks another extension",
                effect="Istio takes one extension a workload: it denies all that either policy matches",
                help="name one extension in all CUSTOM policies at these pods",
                workloads=refs,
            )


def _has_rivals(server: PodClass | None) -> bool:
    return server is not None and server.rivals and not server.open and not server.unsure


def _ports_of(rule: Rule) -> set[int]:
    """The ports that a rule is about; none where it is about all."""
    found: set[int] = set()
    for one in rule.to or ():
        texts = one.operation.ports if one.operation else None
        if not texts:
            return set()
        found |= {int(text) for text in texts}
    return found


def _numbers(ports: set[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports))
