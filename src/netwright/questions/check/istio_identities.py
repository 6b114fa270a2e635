"""Who Istio's policies name, and whether it can be proven: principals, mutual TLS, addresses.

After Istio 1.28: the reference pages of AuthorizationPolicy and PeerAuthentication, "Mutual TLS Migration",
`pilot/pkg/security/authn/policy_applier.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.ipset import PRIVATE
from netwright.base.spans import Pointer, named
from netwright.dialects.istio.conditions import ranges
from netwright.dialects.istio.mesh import PodClass
from netwright.dialects.istio.objects import Rule
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.istio_written import Meshed, Written, is_reached_from_outside
from netwright.questions.check.scene import Scene

_BY_PROOF = ("principals", "namespaces", "service_accounts")


def checks(scene: Scene) -> Iterator[Found]:
    """NW2708 to NW2711, NW2714, NW2718, NW2719."""
    meshed = scene.once(Meshed)
    if meshed.mesh is None:
        return
    for written in meshed.policies:
        if written.value.action != "AUDIT":
            for index, rule in enumerate(written.rules):
                yield from _principals(meshed, written, index, rule)
                yield from _addresses(meshed, written, index, rule)
            yield from _without_proof(meshed, written)
    yield from _settings(meshed)
    yield from _from_outside(meshed)


def _name(written: Written) -> str:
    return f"AuthorizationPolicy `{written.policy.namespace}/{written.policy.name}`"


# --- principals --------------------


def _principals(meshed: Meshed, written: Written, index: int, rule: Rule) -> Iterator[Found]:
    """NW2710, NW2711."""
    said: list[tuple[Sequence[str], Pointer]] = []
    for number, one in enumerate(rule.from_ or ()):
        for field, name in (("principals", "principals"), ("not_principals", "notPrincipals")):
            values = getattr(one.source, field) if one.source else None
            said.append((values or (), ("spec", "rules", index, "from", number, "source", name)))
    for number, condition in enumerate(rule.when or ()):
        if condition.key == "source.principal":
            for listed_here, name in ((condition.values, "values"), (condition.not_values, "notValues")):
                said.append((listed_here or (), ("spec", "rules", index, "when", number, name)))
    for listed_values, pointer in said:
        for place, value in enumerate(listed_values):
            if value.startswith("*") or value.endswith("*"):
                continue
            parts = value.split("/")
            origin = at(written.policy, *pointer, place)
            if len(parts) != 5 or parts[1] != "ns" or parts[3] != "sa" or not all(parts):
                yield Found(
                    "NW2711",
                    origin,
                    f"{_name(written)} names the principal `{value}`, which no client can prove to be",
                    label="no trust domain, namespace and account",
                    effect="it is compared with the whole identity, and matches nobody",
                    help=f"write `{meshed.options.trust_domain}/ns/NAMESPACE/sa/ACCOUNT`",
                    key=value,
                )
            elif _is_nobody(meshed, parts):
                yield Found(
                    "NW2710",
                    origin,
                    f"{_name(written)} names the account `{parts[2]}/{parts[4]}`, which no pod runs as",
                    label="no pod runs as this account",
                    effect="the entry matches nobody in this input",
                    help=f"pods of `{parts[2]}` run as {listed(meshed.accounts[parts[2]])}",
                    key=value,
                )


def _is_nobody(meshed: Meshed, parts: Sequence[str]) -> bool:
    if parts[0] not in ("cluster.local", meshed.options.trust_domain):
        return False
    known = meshed.accounts.get(parts[2])
    return known is not None and parts[4] not in known and (parts[2], parts[4]) not in meshed.written_accounts


# --- mutual TLS --------------------


def _without_proof(meshed: Meshed, written: Written) -> Iterator[Found]:
    """NW2708."""
    if written.value.action != "DENY":
        return
    servers = [one for one in meshed.servers(written.chosen.must) if one.state == "sidecar"]
    lax = [one for one in servers if _is_lax(one)]
    if not lax:
        return
    for index, rule in enumerate(written.rules):
        sources = [one.source for one in rule.from_ or () if one.source]
        named_by = sorted({f for source in sources for f in _BY_PROOF if getattr(source, f)})
        if not sources or not all(any(getattr(source, f) for f in _BY_PROOF) for source in sources):
            continue
        fields = [{"service_accounts": "serviceAccounts"}.get(f, f) for f in named_by]
        yield Found(
            "NW2708",
            at(written.policy, "spec", "rules", index, "from"),
            f"{_name(written)} denies by {listed(fields)}, where plaintext is taken, too",
            label="plaintext matches none of these",
            effect="who is to be denied need only speak plaintext, past the proxy: then it proves nothing, and the "
            "rule does not match",
            help="set a PeerAuthentication with `mtls: {mode: STRICT}` for these pods, or allow those that may instead",
            key=" ".join(fields),
        )


def _is_lax(server: PodClass) -> bool:
    rest = dict(server.modes).get(0, ())
    return bool(rest) and all(said.mode in ("PERMISSIVE", "DISABLE") for said in rest)


def _settings(meshed: Meshed) -> Iterator[Found]:
    """NW2718, NW2719."""
    root = meshed.options.root
    whole: dict[str, str] = {}
    for d, value in meshed.peer_authentications:
        labels = value.spec.selector.match_labels if value.spec and value.spec.selector else None
        if labels:
            if d.namespace == root:
                yield Found(
                    "NW2718",
                    at(d, "spec", "selector"),
                    f"PeerAuthentication `{named(d.namespace, d.name)}` has a selector in the root namespace",
                    label="acts at no pod of the mesh",
                    effect="it has no effect: of the root namespace only a policy without a selector is read, for all",
                    help="move it to the namespace of the pods that it means",
                )
            continue
        first = whole.setdefault(d.namespace, d.name)
        if first != d.name:
            yield Found(
                "NW2719",
                at(d, "spec"),
                f"PeerAuthentications `{d.namespace}/{first}` and `{d.namespace}/{d.name}` both are for the whole "
                + ("mesh" if d.namespace == root else "namespace"),
                label="the older one of the two holds",
                effect="only the one that was made first has an effect, and which that is no file says",
                help="keep one",
                key=first,
            )


def _from_outside(meshed: Meshed) -> Iterator[Found]:
    """NW2709."""
    told: set[tuple[str, str]] = set()
    for service in meshed.scene.cluster.services:
        if not is_reached_from_outside(service):
            continue
        for port in service.ports:
            for backend in port.backends:
                server = meshed.server(backend.row) if backend.row >= 0 and port.protocol == 6 else None
                if server is None or server.open or server.unsure:
                    continue
                said = dict(server.modes).get(backend.port, dict(server.modes).get(0, ()))
                if backend.port in server.passed or not said or not all(one.mode == "STRICT" for one in said):
                    continue
                origin = service.origin
                if (service.ref, said[0].name) in told:
                    continue
                told.add((service.ref, said[0].name))
                policy = next(
                    d
                    for d, _ in meshed.peer_authentications
                    if (d.namespace, d.name) == (said[0].namespace, said[0].name)
                )
                yield Found(
                    "NW2709",
                    origin,
                    f"`{service.ref}` leads clients from outside to pods that take mutual TLS only",
                    label=f"type {service.type}",
                    effect="clients outside have no identity of the mesh, so their connections are refused",
                    help="lead them through a gateway of the mesh, or set the port PERMISSIVE with `portLevelMtls`",
                    also=(Seen(at(policy, *said[0].pointer), "STRICT"),),
                    key=said[0].name,
                )


# --- addresses --------------------


def _addresses(meshed: Meshed, written: Written, index: int, rule: Rule) -> Iterator[Found]:
    """NW2714."""
    rows = written.chosen.must
    if not rows or not meshed.servers(rows) or set(rows) != set(written.chosen.may):
        return
    if any(meshed.server(row) is None or getattr(meshed.server(row), "open", "") for row in rows):
        return
    if any(p.host_port for row in rows for p in meshed.scene.cluster.row_ports[row]):
        return
    if not meshed.reached_from_outside.isdisjoint(rows):
        return
    for number, one in enumerate(rule.from_ or ()):
        values = one.source.ip_blocks if one.source else None
        if not values or ranges(values) & (PRIVATE | meshed.scene.cluster.pod_ranges):
            continue
        yield Found(
            "NW2714",
            at(written.policy, "spec", "rules", index, "from", number, "source", "ipBlocks"),
            f"{_name(written)} names outside addresses at pods that are reached from inside only",
            label="the source is who connects, not whom it speaks for",
            effect="clients outside come through a gateway, and its address is the source: the entry matches nobody",
            help="write `remoteIpBlocks`, with the number of trusted proxies in the mesh's configuration, or move the "
            "policy to the gateway",
            key=" ".join(values),
        )
