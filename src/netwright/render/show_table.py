"""`show` as tables: the columns of every noun, and the lines around the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from netwright.questions.show.rows import Shown
from netwright.render.escape import plain
from netwright.render.show_counts import counts_text
from netwright.render.styles import Style, heading, marked
from netwright.render.table import Column, Laid, below_row, csv_table, markdown_table, text_table
from netwright.render.words import Words

WHAT: Final = {"not_understood": "not understood"}
EXPOSED_SIGN: Final = {"allow": "! OPEN", "some": "! SOME", "undecided": "? OPEN", "deny": "closed"}


def _place(row: Any) -> str:
    return f"{row.file}:{row.line}" if row.file and row.line else row.file


def _short(ref: str) -> str:
    """A reference without its namespace, where a column beside it says that: `deploy/web`."""
    kind, _, rest = ref.partition("/")
    return f"{kind}/{rest.partition('/')[2]}" if "/" in rest else ref


def _name(ref: str) -> str:
    """The name alone, where columns beside it say the rest."""
    return ref.rpartition("/")[2]


def _attached(row: Any) -> str:
    return row.network or f"? {row.attached_to}".strip()


def _vlan(row: Any) -> str:
    return "?" if row.vlan is None else str(row.vlan or "-")


def _via(row: Any) -> str:
    """`NodePort 30080`, `LoadBalancer`, `Ingress shop.example.org/`: without what holds for all of its kind."""
    via = row.via.replace("every node:", "").replace("its node:", "")
    for kind, unknown in (("LoadBalancer", "the address that"), ("NodePort", "a port that")):
        via = kind if via.startswith(f"{kind} {unknown}") else str(via)
    return f"private {via}" if row.private else via


def _pods(row: Any) -> str:
    if row.per_node:
        return f"{row.pods} + {row.per_node}/node" if row.pods else f"{row.per_node}/node"
    return str(row.pods)


def _served(ports: tuple[str, ...]) -> list[str]:
    """`8080 http` for TCP, which nearly all are; `UDP 53 dns`."""
    return [p.removeprefix("TCP ") for p in ports]


def _service_port(text: str) -> str:
    return text.removeprefix("TCP ").replace(" to ", "→").replace(" node ", " node:")


def _isolated(row: Any) -> str:
    if row.network == "host":
        return "host"
    if row.isolated_in == row.isolated_out:
        return {"yes": "both", "no": "none"}.get(str(row.isolated_in), str(row.isolated_in))
    sides = [
        f"{side}{_MARK[state]}" for side, state in (("in", row.isolated_in), ("out", row.isolated_out)) if state != "no"
    ]
    return ",".join(sides)


_MARK = {"yes": "", "some": " some", "perhaps": "?"}


def _addresses(row: Any) -> list[str]:
    return list(row.addresses) or ["unknown"]


def _policies(row: Any) -> list[str]:
    return [*row.policies, *(f"?{kind}" for kind in row.unread)]


def _policy(row: Any) -> str:
    """Its name, with the kind where that is another than NetworkPolicy."""
    name: str = row.ref.rpartition("/")[2]
    return name if row.kind == "NetworkPolicy" else f"{row.kind} {name}"


def _entries(row: Any) -> str:
    """The number; one that is not exact with a sign that says so."""
    return str(row.entries) if row.exact else f"~{row.entries}"


def _subnets(row: Any) -> tuple[str, ...]:
    if row.subnets or row.ipam == "none":
        return tuple(row.subnets)
    return ("unknown",) if row.ref in ("pod", "host", "service") else ("?",)


def _tags(row: Any) -> str:
    """The VLAN; `trunk` where interfaces tag by themselves."""
    if row.trunk:
        return "trunk"
    return _vlan(row) if row.kind or row.vlan is not None else ""


def _mtu(row: Any) -> str:
    """The number of bytes; one that is not written with a sign that says so."""
    if row.mtu_bytes is None:
        return "?" if row.mtu_why else ""
    return f"~{row.mtu_bytes}" if row.mtu_why else str(row.mtu_bytes)


def _wires(row: Any) -> str:
    """The ways out of the nodes: `n1, n2: br1 > bond0, VLAN 100-199, MTU 9000`."""
    return "; ".join(_wire(wire) for wire in row.wires)


def _wire(wire: Any) -> str:
    at = ", ".join(wire.at[:3]) + (f" and {len(wire.at) - 3} more" if len(wire.at) > 3 else "")
    if wire.lacks:
        return f"{at}: none, {wire.lacks}"
    way = " > ".join(part for part in (wire.bridge, ", ".join(wire.uplinks) or "?") if part)
    told = [way]
    if wire.vlans is not None:
        told.append(f"VLAN {', '.join(wire.vlans)}")
    if wire.mtu_bytes is not None:
        told.append(f"MTU {wire.mtu_bytes} ({wire.mtu_of})")
    return f"{at}: {', '.join(told)}"


def _subnet_vlan(row: Any) -> str:
    return "" if row.vlan is None else str(row.vlan or "-")


def _counted(field: str) -> Callable[[Any], str]:
    """A number, nothing where it is not known."""
    return lambda row: "" if getattr(row, field) is None else str(getattr(row, field))


_HURTS = {"yes": "!", "perhaps": "?", "no": ""}


def _overlaps(row: Any) -> tuple[str, ...]:
    """What a range overlaps, with a sign before what hurts, or may."""
    return tuple(dict.fromkeys(f"{_HURTS.get(o.hurts, '')}{o.ref}" for o in row.overlaps))


def _because(row: Any) -> str:
    words = {"yes": "hurts", "no": "does not hurt", "perhaps": "may hurt"}
    return "; ".join(f"{o.ref} {o.range} {words.get(o.hurts, o.hurts)}: {o.why}" for o in row.overlaps)


def _ipam(row: Any) -> str:
    return f"{row.ipam} {row.lifecycle}".strip()


def _namespaces(row: Any) -> tuple[str, ...]:
    if row.namespaces is None:
        return () if row.part or row.ref != "pod" else ("all",)
    return (*row.namespaces, *(f"?{name}" for name in row.perhaps))


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _backends(row: Any) -> list[str]:
    return [_name(b) for b in row.backends] or [row.lacks]


NAMESPACE = Column(
    title="NAMESPACE",
    key="namespace",
    value=lambda r: r.namespace,
    shown=lambda r: r.namespace or "-",
    names=True,
    least=22,
)
WHERE = Column(title="WHERE", key="where", value=_place, cut="front", least=20, goes=2)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "workloads": (
        NAMESPACE,
        Column(title="WORKLOAD", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _short(r.ref), least=34),
        Column(
            title="PODS",
            key="pods",
            value=lambda r: r.pods,
            shown=lambda r: "1/node" if r.pods is None else str(r.pods),
            cut="never",
            right=True,
        ),
        Column(title="ISOLATED", key="isolated", value=_isolated, cut="never"),
        Column(title="POLICIES", key="policies", value=_policies, cut="list", least=10),
        Column(
            title="SERVES",
            key="serves",
            value=lambda r: r.serves,
            shown=lambda r: _served(r.serves),
            cut="list",
            least=9,
        ),
        Column(title="SERVICES", key="services", value=lambda r: r.services, cut="list", goes=3),
        WHERE,
        Column(title="IN", key="isolated_in", value=lambda r: r.isolated_in, only_wide=True),
        Column(title="OUT", key="isolated_out", value=lambda r: r.isolated_out, only_wide=True),
        Column(title="NETWORK", key="network", value=lambda r: r.network, only_wide=True),
    ),
    "endpoints": (
        NAMESPACE,
        Column(title="ENDPOINT", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _short(r.ref), least=34),
        Column(
            title="PODS",
            key="pods",
            value=lambda r: r.pods,
            shown=lambda r: "" if r.ref.startswith("node/") else "1/node" if r.pods is None else str(r.pods),
            cut="never",
            goes=1,
            right=True,
        ),
        Column(title="ADDRESSES", key="addresses", value=lambda r: r.addresses, shown=_addresses, cut="list", least=13),
        Column(title="NODE", key="node", value=lambda r: r.node, shown=lambda r: r.node or "unknown", least=7, goes=2),
        Column(title="NETWORK", key="network", value=lambda r: r.network, cut="never", goes=3),
        Column(title="ID", key="identity", value=lambda r: r.identity, cut="never", right=True),
        Column(
            title="NAMED PORTS",
            key="named_ports",
            value=lambda r: r.named_ports,
            shown=lambda r: _served(r.named_ports),
            cut="list",
            least=11,
        ),
        Column(title="MAY HAVE ONE OF", key="may_have", value=lambda r: r.may_have, cut="list", only_wide=True),
    ),
    "services": (
        NAMESPACE,
        Column(title="SERVICE", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _name(r.ref), least=34),
        Column(title="TYPE", key="type", value=lambda r: r.type, least=12),
        Column(title="ADDRESSES", key="addresses", value=lambda r: r.addresses, cut="list", least=11, goes=1),
        Column(
            title="PORTS",
            key="ports",
            value=lambda r: r.ports,
            shown=lambda r: [_service_port(p) for p in r.ports],
            cut="list",
            least=10,
        ),
        Column(title="LEADS TO", key="backends", value=lambda r: r.backends, shown=_backends, cut="list", least=20),
        Column(
            title="PODS",
            key="pods",
            value=lambda r: r.pods,
            shown=lambda r: "1/node" if r.pods is None else str(r.pods),
            cut="never",
            right=True,
        ),
        Column(title="LACKS", key="lacks", value=lambda r: r.lacks, only_wide=True),
        WHERE,
    ),
    "policies": (
        NAMESPACE,
        Column(title="POLICY", key="ref", value=lambda r: r.ref, names=True, shown=_policy, least=34),
        Column(title="KIND", key="kind", value=lambda r: r.kind, least=10, goes=4, only_wide=True),
        Column(
            title="SELECTS",
            key="selects",
            value=lambda r: r.selects,
            shown=lambda r: "not read" if not r.evaluated else str(r.selects) if r.selects else "! 0",
            cut="never",
            right=True,
        ),
        Column(
            title="IN",
            key="rules_in",
            value=lambda r: r.rules_in,
            shown=lambda r: "" if not r.evaluated else "-" if r.rules_in is None else str(r.rules_in),
            cut="never",
            right=True,
        ),
        Column(
            title="OUT",
            key="rules_out",
            value=lambda r: r.rules_out,
            shown=lambda r: "" if not r.evaluated else "-" if r.rules_out is None else str(r.rules_out),
            cut="never",
            right=True,
        ),
        Column(
            title="WORKLOADS",
            key="workloads",
            value=lambda r: r.workloads,
            shown=lambda r: [_name(w) for w in r.workloads],
            cut="list",
            least=12,
            goes=3,
        ),
        WHERE,
        Column(title="PODS", key="pods", value=lambda r: r.pods, only_wide=True, right=True),
        Column(title="ACTS", key="directions", value=lambda r: r.directions, only_wide=True),
    ),
    "networks": (
        Column(title="REF", key="ref", value=lambda r: r.ref, names=True, least=18),
        Column(title="PART", key="part", value=lambda r: r.part, names=True, least=12),
        Column(title="KIND", key="kind", value=lambda r: r.kind, least=16, goes=6),
        Column(title="TOPOLOGY", key="topology", value=lambda r: r.topology, least=8),
        Column(title="ROLE", key="role", value=lambda r: r.role, cut="never", goes=4),
        Column(title="SUBNETS", key="subnets", value=lambda r: r.subnets, shown=_subnets, cut="list", least=16),
        Column(title="VLAN", key="vlan", value=lambda r: r.vlan, shown=_tags, least=5),
        Column(title="MTU", key="mtu_bytes", value=lambda r: r.mtu_bytes, shown=_mtu, cut="never", right=True),
        Column(title="IPAM", key="ipam", value=_ipam, least=8, goes=3),
        Column(
            title="NAMESPACES",
            key="namespaces",
            value=lambda r: r.namespaces,
            shown=_namespaces,
            cut="list",
            least=12,
            goes=2,
        ),
        Column(title="TRUNK", key="trunk", value=lambda r: r.trunk, cut="list", only_wide=True),
        Column(title="ON", key="physical", value=lambda r: r.physical, only_wide=True),
        Column(title="FAMILIES", key="families", value=lambda r: r.families, only_wide=True),
        Column(title="ENDPOINTS", key="endpoints", value=lambda r: r.endpoints, only_wide=True, right=True),
        Column(title="KNOWN FROM", key="known_from", value=lambda r: r.known_from, only_wide=True),
        Column(title="WHERE", key="where", value=_place, cut="front", only_wide=True),
        Column(title="WIRES", key="wires", value=_wires, only_wide=True, below=True),
        Column(title="MTU FROM", key="mtu_why", value=lambda r: r.mtu_why, only_wide=True, below=True),
        Column(title="NOT GIVEN", key="excluded", value=lambda r: ", ".join(r.excluded), only_wide=True, below=True),
        Column(title="GATEWAYS", key="gateways", value=lambda r: ", ".join(r.gateways), only_wide=True, below=True),
        Column(
            title="ATTACHED BY", key="attachments", value=lambda r: ", ".join(r.attachments), only_wide=True, below=True
        ),
        Column(title="NOTES", key="notes", value=lambda r: r.notes, only_wide=True, below=True),
    ),
    "subnets": (
        Column(title="REF", key="ref", value=lambda r: r.ref, names=True, least=18),
        Column(title="PART", key="part", value=lambda r: r.part, names=True, least=8),
        Column(title="USE", key="use", value=lambda r: r.use, cut="never", goes=3),
        Column(title="RANGE", key="range", value=lambda r: r.range, names=True, least=18),
        Column(title="VLAN", key="vlan", value=lambda r: r.vlan, shown=_subnet_vlan, least=4, goes=4),
        Column(
            title="SIZE", key="size", value=lambda r: r.size, shown=_counted("size"), cut="never", right=True, goes=5
        ),
        Column(title="USED", key="used", value=lambda r: r.used, shown=_counted("used"), cut="never", right=True),
        Column(title="FREE", key="free", value=lambda r: r.free, shown=_counted("free"), cut="never", right=True),
        Column(title="OVERLAPS", key="overlaps", value=_overlaps, shown=_overlaps, cut="list", least=10, goes=2),
        Column(title="KEPT", key="kept", value=lambda r: r.kept, shown=_counted("kept"), only_wide=True, right=True),
        Column(title="KNOWN FROM", key="known_from", value=lambda r: r.known_from, only_wide=True),
        Column(title="WHERE", key="where", value=_place, cut="front", only_wide=True),
        Column(title="BECAUSE", key="because", value=_because, only_wide=True, below=True),
    ),
    "exposed": (
        Column(
            title="IS",
            key="verdict",
            value=lambda r: r.verdict,
            shown=lambda r: EXPOSED_SIGN.get(r.verdict, r.verdict),
            cut="never",
        ),
        Column(
            title="SERVICE",
            key="service",
            value=lambda r: r.service,
            shown=lambda r: r.service.removeprefix("svc/"),
            names=True,
            least=30,
        ),
        Column(title="PORT", key="port", value=lambda r: r.port, shown=lambda r: r.port.removeprefix("TCP "), least=10),
        Column(title="VIA", key="via", value=lambda r: r.via, shown=_via, least=18),
        Column(
            title="ENDS AT",
            key="workload",
            value=lambda r: r.workload,
            shown=lambda r: r.workload or "-",
            least=26,
            below=True,
        ),
        Column(title="WHERE", key="where", value=lambda r: r.where, cut="front", least=20, goes=1, below=True),
        Column(title="PRIVATE", key="private", value=lambda r: r.private, only_wide=True, below=True),
        Column(title="CHAIN", key="chain", value=lambda r: r.chain, only_wide=True, below=True),
    ),
    "isolation": (
        Column(
            title="NAMESPACE",
            key="namespace",
            value=lambda r: r.namespace,
            shown=lambda r: r.namespace or "total",
            names=True,
            least=22,
        ),
        Column(title="WORKLOADS", key="workloads", value=lambda r: r.workloads, cut="never", right=True),
        Column(title="BOTH", key="both", value=lambda r: r.both, cut="never", right=True),
        Column(title="IN ONLY", key="only_in", value=lambda r: r.only_in, cut="never", right=True, goes=2),
        Column(title="OUT ONLY", key="only_out", value=lambda r: r.only_out, cut="never", right=True, goes=3),
        Column(title="NEITHER", key="neither", value=lambda r: r.neither, cut="never", right=True, goes=1),
        Column(title="OPEN", key="open", value=lambda r: r.open, cut="never", right=True, goes=4),
        Column(title="HOST", key="host", value=lambda r: r.host, cut="never", right=True, goes=5),
        Column(
            title="COVERED",
            key="percent",
            value=lambda r: r.percent,
            shown=lambda r: "-" if r.percent is None else f"{r.percent:>3} %",
            cut="never",
            right=True,
        ),
    ),
    "namespaces": (
        NAMESPACE,
        Column(title="WORKLOADS", key="workloads", value=lambda r: r.workloads, cut="never", right=True),
        Column(title="PODS", key="pods", value=lambda r: r.pods, shown=_pods, cut="never", right=True),
        Column(title="PER NODE", key="per_node", value=lambda r: r.per_node, only_wide=True, right=True),
        Column(title="SERVICES", key="services", value=lambda r: r.services, cut="never", right=True),
        Column(title="POLICIES", key="policies", value=lambda r: r.policies, cut="never", right=True),
        Column(
            title="LABELS",
            key="labels",
            value=lambda r: r.labels,
            shown=lambda r: [t for t in r.labels if not t.startswith("kubernetes.io/metadata.name=")],
            cut="list",
            least=10,
        ),
        Column(
            title="WHERE",
            key="where",
            value=_place,
            shown=lambda r: _place(r) if r.declared else "not in the input",
            cut="front",
            least=20,
            goes=2,
        ),
    ),
    "policymaps": (
        NAMESPACE,
        Column(title="WORKLOAD", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _short(r.ref), least=30),
        Column(title="ENTRIES", key="entries", value=lambda r: r.entries, shown=_entries, cut="never", right=True),
        Column(title="IN", key="entries_in", value=lambda r: r.entries_in, cut="never", right=True),
        Column(title="OUT", key="entries_out", value=lambda r: r.entries_out, cut="never", right=True),
        Column(
            title="LIMIT%",
            key="percent",
            value=lambda r: r.percent,
            shown=lambda r: f"! {r.percent}" if r.percent > 100 else str(r.percent),
            cut="never",
            right=True,
        ),
        Column(title="PEERS", key="peers", value=lambda r: r.peers, cut="never", right=True),
        Column(title="MOST BY", key="largest", value=lambda r: r.largest, cut="list", least=14, goes=2),
        Column(title="ID", key="identity", value=lambda r: r.identity, only_wide=True, right=True),
        Column(title="EXACT", key="exact", value=lambda r: r.exact, shown=lambda r: _yes(r.exact), only_wide=True),
        Column(title="NOT EXACT FOR", key="why_not", value=lambda r: r.why_not, cut="list", only_wide=True, below=True),
    ),
    "vms": (
        NAMESPACE,
        Column(title="VM", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _short(r.ref), least=20),
        Column(title="STATE", key="state", value=lambda r: r.state, shown=lambda r: r.state or "?", least=9),
        Column(title="NODE", key="node", value=lambda r: r.node, shown=lambda r: r.node or "-", least=10, goes=3),
        Column(title="NETWORKS", key="networks", value=lambda r: r.networks, cut="list", least=10),
        Column(title="IPS", key="addresses", value=lambda r: r.addresses, cut="list", least=14, goes=4),
        Column(title="MIGRATES", key="live_migratable", value=lambda r: r.live_migratable, cut="never"),
        Column(title="IP KEPT", key="ip_kept", value=lambda r: r.ip_kept.brief, cut="never"),
        Column(title="MAC KEPT", key="mac_kept", value=lambda r: r.mac_kept.brief, cut="never", goes=1),
        Column(title="NAME KEPT", key="name_kept", value=lambda r: r.name_kept.brief, cut="never", goes=2),
        Column(title="NICS", key="nics", value=lambda r: r.nics, only_wide=True, right=True),
        Column(title="WHERE", key="where", value=_place, cut="front", least=20, goes=5),
        Column(title="HINDERED BY", key="hindered_by", value=lambda r: r.hindered_by, only_wide=True, below=True),
        Column(title="IP", key="ip_why", value=lambda r: r.ip_kept.why, only_wide=True, below=True),
        Column(title="MAC", key="mac_why", value=lambda r: r.mac_kept.why, only_wide=True, below=True),
        Column(title="NAME", key="name_why", value=lambda r: r.name_kept.why, only_wide=True, below=True),
    ),
    "nics": (
        NAMESPACE,
        Column(title="VM", key="ref", value=lambda r: r.ref, names=True, shown=lambda r: _short(r.ref), least=18),
        Column(title="NIC", key="nic", value=lambda r: r.nic, names=True, least=8),
        Column(title="NETWORK", key="network", value=lambda r: r.network, shown=_attached, least=16),
        Column(title="BINDING", key="binding", value=lambda r: r.binding, least=10),
        Column(title="VLAN", key="vlan", value=lambda r: r.vlan, shown=_vlan, cut="never", right=True),
        Column(
            title="MTU",
            key="mtu_bytes",
            value=lambda r: r.mtu_bytes,
            shown=lambda r: "?" if r.mtu_bytes is None else str(r.mtu_bytes),
            cut="never",
            right=True,
        ),
        Column(title="MAC", key="mac", value=lambda r: r.mac, shown=lambda r: r.mac or "-", least=17, goes=4),
        Column(title="IPS", key="addresses", value=lambda r: r.addresses, cut="list", least=14, goes=3),
        Column(title="IP KEPT", key="ip_kept", value=lambda r: r.ip_kept.brief, cut="never"),
        Column(title="MAC KEPT", key="mac_kept", value=lambda r: r.mac_kept.brief, cut="never", goes=1),
        Column(title="NAME KEPT", key="name_kept", value=lambda r: r.name_kept.brief, cut="never", goes=2),
        Column(title="MODEL", key="model", value=lambda r: r.model, only_wide=True),
        Column(title="PORTS", key="ports", value=lambda r: r.ports, cut="list", only_wide=True),
        Column(title="WRITTEN", key="attached_to", value=lambda r: r.attached_to, only_wide=True),
        Column(title="WHERE", key="where", value=_place, cut="front", least=20, goes=5),
        Column(title="IP", key="ip_why", value=lambda r: r.ip_kept.why, only_wide=True, below=True),
        Column(title="MAC", key="mac_why", value=lambda r: r.mac_kept.why, only_wide=True, below=True),
        Column(title="NAME", key="name_why", value=lambda r: r.name_kept.why, only_wide=True, below=True),
    ),
    "kinds": (
        Column(
            title="BECAME", key="fate", value=lambda r: r.fate, shown=lambda r: WHAT.get(r.fate, r.fate), cut="never"
        ),
        Column(title="KIND", key="kind", value=lambda r: r.kind, names=True, least=28),
        Column(title="VERSION", key="api_version", value=lambda r: r.api_version, least=20),
        Column(title="DOCS", key="documents", value=lambda r: r.documents, cut="never", right=True),
        Column(
            title="WHAT FOLLOWS",
            key="does",
            value=lambda r: r.does,
            shown=lambda r: "" if r.fate == "irrelevant" else r.does,
            least=24,
        ),
        Column(title="FIRST AT", key="where", value=_place, cut="front", least=14, goes=1),
        Column(title="NAMES", key="names", value=lambda r: r.names, cut="list", only_wide=True),
    ),
}
SIGNS: Final[tuple[tuple[str, Style], ...]] = (
    ("! OPEN", "danger"),
    ("! SOME", "danger"),
    ("! 0", "danger"),
    ("? OPEN", "undecided"),
    ("not read", "undecided"),
)
LEGENDS: Final = {
    "isolation": "covered: isolated directions of all; open: some pods only, or a kind not read could isolate; "
    "host: no NetworkPolicy acts there",
    "policymaps": "entries: of the endpoint's policy map, ~ where the number is not exact; peers: identities that they "
    "are about",
    "vms": "migrates: by its network, disks aside; kept: through a restart, and behind a stroke through a live "
    "migration where that differs",
    "nics": "kept: through a restart, and behind a stroke through a live migration where that differs",
    "exposed": "`why internet SERVICE:PORT` explains one",
    "subnets": "!: an overlap that hurts, ?: one that may; used: as far as the input knows",
    "networks": "~: an MTU that is not written, ?: not known",
    "policies": "in, out: rules in that direction, 0 admits nothing, - does not act in it; "
    "! 0: it selects nothing, so it does nothing",
}
WIDE: Final = {
    "vms": "says why",
    "nics": "says why",
    "exposed": "shows each chain of verdicts",
    "subnets": "says why",
    "networks": "says what an MTU depends on",
}
"""What wide text has beside columns that did not fit."""


def show_text(shown: Shown, words: Words, *, wide: bool, last: str) -> Iterator[str]:
    """The table, its notes, the counts. `wide` shows every column in full."""
    columns = COLUMNS[shown.noun]
    laid = text_table(columns, shown.rows, room=None if wide else words.width, sign=words.sign)
    if shown.rows:
        yield heading(laid.lines[0])
        for line, row in zip(laid.lines[1:], shown.rows, strict=True):
            yield marked(line, *SIGNS)
            for text in below_row(columns, row) if wide else ():
                yield from words.fold(text, " " * 10, " " * 8)
    for note in shown.notes:
        yield from words.fold(plain(note), "  ", "")
    if shown.rows and shown.noun in LEGENDS:
        yield from words.fold(LEGENDS[shown.noun], "  ", "")
    more = list(_wide_has(shown.noun, laid)) if shown.rows and not wide else []
    if more:
        told = " and ".join(([", ".join(more[:-1])] if more[1:] else []) + more[-1:])
        yield from words.fold(f"-o wide {told}", "  ", "")
    yield from words.fold(f"{counts_text(shown)} {words['dot']} {last}", "", "")


def _wide_has(noun: str, laid: Laid) -> Iterator[str]:
    if laid.left_out:
        yield f"adds {', '.join(laid.left_out)}"
    if noun in WIDE:
        yield WIDE[noun]
    if laid.is_shortened:
        yield "cuts nothing short"


def show_csv(shown: Shown) -> Iterator[str]:
    return csv_table(COLUMNS[shown.noun], shown.rows)


def show_markdown(shown: Shown) -> Iterator[str]:
    yield from markdown_table(COLUMNS[shown.noun], shown.rows)
    yield ""
    yield f"{counts_text(shown)}"
