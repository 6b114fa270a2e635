"""From lists to documents: what is there, what may not be seen, and what is left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from netwright.base.spans import Place
from netwright.model.document import OVN_OVERLAY, Document, Input
from netwright.model.kind_lists import find
from netwright.model.leaned_on import is_leaned_on
from netwright.model.live_kinds import asked_for
from netwright.sources.account import Account, diagnostic
from netwright.sources.jsontext import HEADER, Meta
from netwright.sources.kube import PREFIX, Access
from netwright.sources.kube.connection import Server
from netwright.sources.kube.discovery import Resource, Served, discover
from netwright.sources.kube.kubeconfig import choose
from netwright.sources.kube.lists import Listed, wanted
from netwright.sources.kube.visible import list_visible
from netwright.sources.salvage import Said


def read_cluster(source: str, access: Access, account: Account) -> Input:
    """Read the cluster that `source` names into `account`. Raises SourceError where it cannot be read at all: the
    server is not there, does not know us, or fails before all is told."""
    chosen = choose(source, access)
    server = Server(chosen, allow_exec=access.allow_exec)
    try:
        served = discover(server)
        listed = list_visible(server, wanted(served), chosen.namespace)
    finally:
        server.close()
    shown = f"{PREFIX}{server.name}"
    first = len(account.documents)
    add(account, shown, listed)
    note_served(account, shown, served)
    digest = digest_of(d.raw for d in account.documents[first:])
    versions = {one.resource.shown: one.resource_version for one in listed if one.resource_version}
    return Input(source=shown, digest=digest, files=max(1, sum(not one.refused for one in listed)), versions=versions)


def add(account: Account, shown: str, listed: Sequence[Listed]) -> None:
    """The objects as documents. They have a place that tells them apart, and no line in it."""
    number = 0
    for one in listed:
        resource = one.resource
        if one.refused:
            note_refused(account, shown, one, listed)
        found = [document(resource, item, shown, number + i) for i, item in enumerate(one.items)]
        account.documents += sorted(found, key=in_order)
        number += len(found)


def document(resource: Resource, item: bytes | msgspec.Raw, shown: str, number: int) -> Document:
    """An object of a list as it is by itself: the server leaves out what all objects of a list have in common."""
    header = HEADER.decode(item)
    metadata = header.metadata or Meta()
    of = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
    return Document(
        place=Place(file=shown, document=number),
        api_version=resource.api_version,
        kind=resource.kind,
        namespace=metadata.namespace or "",
        name=metadata.name or "",
        raw=bytes(item) if header.kind else of + bytes(item)[1:],
    )


def note_refused(account: Account, shown: str, one: Listed, beside: Sequence[Listed] = ()) -> None:
    """What of a kind was not read, and what that leaves open. `beside`: all that was asked for, kinds of a CNI's own
    among it where that is."""
    resource = one.resource
    groups = {other.resource.group for other in beside}
    names: tuple[str, ...] = ()
    if resource.name and "cilium.io" in groups:
        names = (resource.name,)
    elif resource.kind == "NetworkAttachmentDefinition" and "k8s.ovn.org" in groups:
        names = (OVN_OVERLAY,)
    name = resource.shown
    resources = name.removesuffix(f"/{resource.name}")
    where = f"in {_shortened(one.seen)} only" if one.seen else ""
    if one.refused == 403:
        why = f"may be listed {where} (403 elsewhere)" if where else "may not be listed (403)"
        help_text = f"a ClusterRole with `list` on {resources}: `docs/how/live.md` has it"
    else:
        why, help_text = f"could not be listed ({one.refused})", "ask again; the server's own log says why"
    known = find(resource.group, resource.kind)
    if resource.name == "cilium-config":
        is_open = "so that every verdict is undecided: `--cni` says it"
        effect = f"how Cilium is set up is not known, {is_open}" if names else "nothing: no kind of Cilium's is there"
    elif resource.name:
        effect = "what it says is missing from the answer"
    elif known is not None and (known.effect != "none" or is_leaned_on(known.group, known.name)):
        others = "other namespaces" if where else "any namespace"
        effect = f"verdicts that `{resource.kind}` in {others} could change are undecided"
    else:
        effect = f"what there is of the kind {'in other namespaces ' if where else ''}is missing from the answer"
    account.note_unread(
        "NW1016",
        f"{name} {why}",
        file=shown,
        said=Said(kinds=(resource.kind,), names=names),
        help_text=help_text,
        effect=effect,
        group=resource.group,
        besides=one.seen,
        kind=resource.kind,
        key=name,
    )


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def note_served(account: Account, shown: str, served: Served) -> None:
    for group in served.silent:
        title = f"the server of the group {group} does not answer"
        account.note_unread("NW1016", title, file=shown, said=Said(), key=group)
    unlisted = [r for r in served.resources if asked_for(r.group, r.kind) == "unlisted"]
    if unlisted:
        names = ", ".join(f"`{r.plural}.{r.group}`" for r in unlisted[:5]) + (" …" if len(unlisted) > 5 else "")
        found = diagnostic(
            "NW1009",
            f"{len(unlisted)} kinds that are served are in none of the lists of kinds, and not read: {names}"
            if len(unlisted) > 1
            else f"a kind that is served is in none of the lists of kinds, and not read: {names}",
            file=shown,
            effect="taken as not touching the network",
        )
        account.warnings.append(msgspec.structs.replace(found, severity="info"))


def in_order(found: Document) -> str:
    """Objects of a kind stand in this order, whatever the server's: as etcd has them, by the path of their keys."""
    return f"{found.namespace}/{found.name}"


def digest_of(items: Iterable[bytes | msgspec.Raw]) -> str:
    """Of the objects, whatever the order in which they are listed."""
    return combined(sorted(hashlib.sha256(raw).digest() for raw in items))


def combined(digests: Iterable[bytes]) -> str:
    """The digest of all objects from that of each, sorted."""
    return f"sha256:{hashlib.sha256(b''.join(digests)).hexdigest()}"
