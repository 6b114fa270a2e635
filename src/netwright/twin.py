"""The twin: one network read from what the user has, and the questions it answers.

>>> import netwright as nw
>>> twin = nw.load("examples/shop")
>>> twin.why("shop/api", "shop/db:5432").verdict
'allow'
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from netwright.base.diagnostics import Diagnostic
from netwright.base.errors import UsageError
from netwright.base.spans import Origin, Position, named
from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.diagnosing import (
    as_unread,
    invalid,
    not_evaluated,
    repeated,
    unlisted_kind,
    with_loose_ranges,
)
from netwright.dialects.k8s.exposing import exposing, unreadable
from netwright.dialects.k8s.misnamed import misnamed
from netwright.dialects.k8s.objects import NetworkPolicy
from netwright.dialects.k8s.validate import name_of
from netwright.dialects.multus import POLICY as MULTI_POLICY
from netwright.model.account import Accounting, Provenance
from netwright.model.cluster import Cluster, UnreadRoute
from netwright.model.document import Decoded, Document, Fate, Objects, Reading, UnknownPolicy, Unread, tell_apart
from netwright.model.kind_lists import by_name, find, makes_pods
from netwright.model.kinds import Kind
from netwright.model.leaned_on import MESH_ROOT, brings_backends, is_anywhere, is_wide, leaning, perhaps_pods
from netwright.model.networks import POD
from netwright.model.snapshot import Snapshot
from netwright.version import VERSION

if TYPE_CHECKING:
    from netwright.engine.compile import Network
    from netwright.engine.inquire import Inquirer
    from netwright.model.configuration import Accepted, Intent
    from netwright.model.finding import Known
    from netwright.model.references import Directory
    from netwright.questions.check import Checked
    from netwright.questions.convert import Converted
    from netwright.questions.diff import Diffed
    from netwright.questions.eval import Evaluated
    from netwright.questions.exposed import ExposedRow
    from netwright.questions.hops import Blast
    from netwright.questions.reach import Reached
    from netwright.questions.registry import Params
    from netwright.questions.show import Shown
    from netwright.questions.why import WhyAnswer
    from netwright.sources import Part
    from netwright.store.records import Manifest

RANGES: Final = "`--pod-cidr 10.244.0.0/16`"
A = TypeVar("A")
T = TypeVar("T")


def load(
    *sources: str | Part | Sequence[str | Part],
    pod_cidr: str | Sequence[str] = (),
    cni: str = "",
    kustomize: bool = False,
    stdin: BinaryIO | None = None,
    like: Twin | None = None,
    kubeconfig: str = "",
    context: str = "",
    allow_exec: bool = False,
    store: str | None = None,
) -> Twin:
    """Read sources (files, folders, archives, `-`, `git:REV:PATH`, live clusters as `kube:CONTEXT`, `snapshot:ID`) into
    a twin.

    Raises SourceError where a source cannot be read at all, UsageError for an unknown profile or a malformed pod CIDR.
    What is wrong inside the input does not raise: it is in `Twin.diagnostics`, and verdicts it could change are
    undecided. A `Part` is what such sources were split into, and may be empty. `like`: a twin of mostly the same
    objects; what has the same text is not decoded again. `kubeconfig`, `context` and `allow_exec` are for live
    clusters: the file, the context of `kube:`, and whether programs that the file names may run. `store`: the folder
    that snapshots are kept in. What was given beside the sources when a snapshot was taken holds again where nothing
    else is given.
    """
    from netwright import sources as readers

    named = [s for given in sources for s in ([given] if isinstance(given, (str, readers.Part)) else given)]
    cidrs = pod_ranges([pod_cidr] if isinstance(pod_cidr, str) else pod_cidr)
    was_enabled = gc.isenabled()
    gc.disable()  # a collector that walks half a million new objects costs more than reading them
    try:
        started = time.process_time()
        access = readers.Access(kubeconfig=kubeconfig, context=context, allow_exec=allow_exec)
        opened: list[Manifest] = []

        def stored(name: str) -> Reading:
            from netwright.store.reading import find_source
            from netwright.store.reading import read as read_stored

            found = find_source(name, store)
            opened.append(found.manifest)
            return read_stored(found)

        reading = readers.read(named, stdin=stdin, kustomize=kustomize, access=access, stored=stored)
        if len(opened) == len(reading.inputs) == 1:
            cidrs, cni = cidrs or opened[0].pod_cidrs, cni or opened[0].cni
        read = time.process_time()
        twin = Twin(
            digest(reading, like.snapshot if like is not None else None),
            pod_cidrs=cidrs,
            cni=cni,
        )
        twin.seconds = {"reading": read - started, "decoding": time.process_time() - read}
        return twin
    finally:
        if was_enabled:
            gc.enable()


def pod_ranges(given: Sequence[str]) -> tuple[str, ...]:
    """The pods' ranges one by one. Raises UsageError for what is no CIDR, has bits beyond its prefix length, or is
    nobody's (loopback, multicast …)."""
    from netwright.base import ipset

    try:
        return ipset.pod_ranges(*given)
    except ValueError as error:
        raise UsageError(str(error), help=RANGES) from None


def digest(reading: Reading, like: Snapshot | None = None, *, before: Snapshot | None = None) -> Snapshot:
    """Sort the documents of a reading into objects, what could act unseen, and the account. What `like` has decoded
    from the same text is taken from there; what `before` has of the very same document is the same object."""
    known = like.by_text() if like is not None else {}
    held = before.by_document() if before is not None else {}
    fates: list[Fate] = []  # of every document, in order
    diagnostics: list[Diagnostic] = []
    unknown: list[UnknownPolicy] = []
    objects: dict[tuple[str, str, str], Decoded] = {}
    made_up: list[tuple[str, str, str]] = []  # the keys of those whose names the API server makes up
    unlisted: dict[tuple[str, str], list[Document]] = {}
    unread_kinds: dict[tuple[str, str], list[Document]] = {}
    routes: list[UnreadRoute | None] = []
    refused: list[Document] = []
    unevaluated: list[Document] = []
    ambiguous: list[Unread] = []  # those refused that stand in clusters all the same
    bringing: dict[str, Document] = {}  # of each namespace the first that may make pods
    kinds: dict[tuple[str, str], Kind | None] = {}
    for document in reading.documents:
        of = document.api_version, document.kind
        if of not in kinds:
            kinds[of] = find(document.group, document.kind)
        kind = kinds[of]
        wrong = misnamed(document) if kind is None else None
        if kind is None and wrong is None:
            fates.append("not_understood")
            unlisted.setdefault((document.api_version, document.kind), []).append(document)
            bringing.setdefault(document.namespace, document)
        elif (
            kind is not None
            and kind.reads == "irrelevant"
            and by_name(document.group, document.kind, document.name) is None
        ):
            fates.append("irrelevant")
        elif kind is not None and kind.reads == "unread":
            fates.append("not_understood")
            unread_kinds.setdefault((document.api_version, document.kind), []).append(document)
            routes.append(exposing(document))
            if makes_pods(document.group, document.kind):
                bringing.setdefault(document.namespace, document)
            if kind.effect != "none":
                local = kind.namespaced and not is_wide(document)
                namespaces = (document.namespace or "default",) if local else ()
                unevaluated.append(document)
                unknown.append(
                    UnknownPolicy(
                        kind=document.kind,
                        namespaces=namespaces,
                        hosts=kind.hosts,
                        effect=kind.effect,
                        reason=document.unevaluated,
                    )
                )
        else:
            found: Decoded | Invalid | None = held.get(id(document)) if held else None
            if found is None and known and isinstance(document.raw, (bytes, msgspec.Raw)):
                same = known.get(bytes(document.raw))
                found = replace(same, place=document.place) if same is not None else None
            if found is None:
                found = wrong or decode(document)
            if isinstance(found, Invalid):
                fates.append("invalid")
                refused.append(document)
                told = invalid(found, reading)
                diagnostics.append(told)
                if found.once_taken:
                    ambiguous.append(as_unread(found, document.group, told))
                continue
            fates.append("evaluated")
            if isinstance(found.value, NetworkPolicy):
                diagnostics += with_loose_ranges(found, reading)
            key = (found.kind, found.namespace, found.name)
            if not found.value.metadata.name:  # another object than any other, whatever it is called here
                made_up.append((found.kind, found.namespace, f"\0{len(made_up)}"))
                objects[made_up[-1]] = replace(found, name=name_of(found.value.metadata))
                continue
            twin = objects.get(key)
            if twin is not None and twin.value != found.value:
                diagnostics.append(repeated(found, twin, reading))
            objects[key] = found
    diagnostics += [unread.diagnostic for unread in reading.unread]
    for unread in (*reading.unread, *ambiguous):
        unknown += _unread_policies(unread, reading)
        routes.append(unreadable(unread))
    unknown += map(perhaps_pods, bringing.values())
    diagnostics += [not_evaluated(v, k, found, reading) for (v, k), found in unread_kinds.items()]
    diagnostics += [unlisted_kind(v, k, found, reading) for (v, k), found in unlisted.items()]
    tell_apart(objects, made_up)
    counts: Counter[str] = Counter(fates)
    counts.update(unread.fate for unread in reading.unread)
    return Snapshot(
        objects=Objects(objects.values()),
        unknown=tuple(unknown),
        accounting=Accounting(**counts),
        inputs=reading.inputs_with(fates),
        diagnostics=(*diagnostics, *reading.warnings),
        reading=reading,
        unread_routes=tuple(route for route in routes if route is not None),
        refused=tuple(refused),
        unevaluated=tuple(unevaluated),
        ambiguous=tuple(ambiguous),
    )


def _unread_policies(unread: Unread, reading: Reading) -> list[UnknownPolicy]:
    """What a broken document, or a kind that may not be listed, could have held: a policy of a readable kind, or, where
    none is readable, anything."""
    kinds, namespaces, reason = unread.kinds, unread.namespaces, unread.reason
    if unread.besides:
        found_in = unread.within(document.namespace or "default" for document in reading.documents)
        group = unread.group or ""
        wide = MESH_ROOT not in unread.besides if group.endswith("istio.io") else is_anywhere(group)
        if found_in is None and not wide:
            return []
        namespaces = () if wide else found_in or ()
    out = list(brings_backends(unread, reason, reading.documents))
    if not kinds:
        every = UnknownPolicy(kind="", namespaces=(), hosts=True, effect="both", reason=reason, overrides=True)
        return [every, *out]
    for name in kinds:
        if unread.group is None:
            found = [k for k in (find(group, name) for group in _GROUPS) if k is not None and k.name == name]
        else:
            found = [k for k in (find(unread.group, name),) if k is not None]
        leaned = leaning(unread, name, reading.documents)
        if leaned is not None:
            out.append(
                UnknownPolicy(
                    kind=name, namespaces=leaned, hosts=not leaned, effect="both", reason=reason, overrides=True
                )
            )
        # Of a namespace whose object is missing the labels are unknown: a text that holds it may hold more than that.
        acts = [k for k in found if k.effect != "none" or (k.name == "Namespace" and unread.group is None)]
        for kind in acts[:1]:
            everywhere = not kind.namespaced
            out.append(
                UnknownPolicy(
                    kind=name,
                    namespaces=() if everywhere else tuple(namespaces),
                    hosts=kind.hosts,
                    effect="deny" if kind.effect == "deny" else "both",
                    reason=reason,
                )
            )
    return out


_GROUPS = (
    "",
    "networking.k8s.io",
    "policy.networking.k8s.io",
    "cilium.io",
    "projectcalico.org",
    "crd.projectcalico.org",
    "security.istio.io",
    "k8s.ovn.org",
    "k8s.cni.cncf.io",
)


def under_one_profile(before: Twin, after: Twin) -> tuple[Twin, Twin]:
    """Two twins to be compared: where neither was given a profile and only one input tells one, both have that."""
    if before.cni or after.cni or before.profile is after.profile:
        return before, after
    told = before if before.profile.name != "upstream" else after
    other = after if told is before else before
    same = Twin(other.snapshot, pod_cidrs=other.pod_cidrs, cni=told.profile.name)
    return (told, same) if told is before else (same, told)


class Twin:
    """One network and its answers. What costs is worked out when first needed and kept."""

    def __init__(self, snapshot: Snapshot, *, pod_cidrs: Sequence[str] = (), cni: str = "") -> None:
        """`cni` is the name of a profile; "": the one that the objects tell. Raises UsageError for a name or an option
        that is not known."""
        from netwright.profiles.known import found_profile, profile_of

        telling: Decoded | None = None
        try:
            if cni:
                self.profile = profile_of(cni)
            else:
                self.profile, telling = found_profile(snapshot.objects)
        except ValueError as error:
            if cni:
                raise UsageError(str(error), help="`explain` lists the profiles") from None
            told = "the ConfigMap `cilium-config` of the input"
            raise UsageError(f"{told}: {error}", help="correct it, or say with `--cni` how it is") from None
        self._telling = telling
        self.snapshot = snapshot
        self.pod_cidrs = tuple(pod_cidrs)
        self.cni = cni
        self.seconds: dict[str, float] = {}
        self._like: Cluster | None = None
        self._on_network = POD
        self._views: dict[str, Twin] = {POD: self}

    # --- what was read --------------------

    @property
    def accounting(self) -> Accounting:
        return self.snapshot.accounting

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.snapshot.diagnostics

    @property
    def provenance(self) -> Provenance:
        return Provenance(
            version=VERSION,
            inputs=self.snapshot.inputs,
            documents=self.accounting,
            profile=self.cluster.profile,
            assumptions=(*self._found(), *self.cluster.assumptions, *self._streaming()),
            diagnostics=self.diagnostics,
        )

    def _found(self) -> tuple[str, ...]:
        d = self._telling
        if d is None:
            return ()
        told = f"the CNI is {self.profile.title}, for {d.kind} `{named(d.namespace, d.name)}` is in the input"
        if d.kind != "ConfigMap":
            return (f"{told} (`--cni` says otherwise)",)
        from netwright.profiles.cilium_config import not_read

        return (f"{told} (`--cni` says otherwise)", *not_read(d.value))

    def _perhaps_telling(self) -> tuple[UnknownPolicy, ...]:
        """What was not read and could tell another CNI than the one that is taken."""
        telling = self._telling
        if self.cni or not self.snapshot.reading.unread or (telling is not None and telling.kind == "ConfigMap"):
            return ()
        from netwright.profiles.known import perhaps_telling

        return tuple(perhaps_telling(self.snapshot.reading.unread, telling))

    def _streaming(self) -> tuple[str, ...]:
        return (STREAMED,) if "network" in self.__dict__ and self.network.streamed else ()

    def locate(self, origin: Origin) -> Position | None:
        """The file, line and column of an origin; None for what has no text."""
        return self.snapshot.reading.texts.position(origin.place, origin.pointer) if origin.place else None

    # --- what was made of it --------------------

    def after(self, reading: Reading) -> Twin:
        """The twin of a later reading of these sources, in which what did not change is the same document. Its answers
        are those of a twin made anew; what hangs on no change is taken from here."""
        found = Twin(digest(reading, before=self.snapshot), pod_cidrs=self.pod_cidrs, cni=self.cni)
        if found.profile == self.profile and reading.differs_by_policies(self.snapshot.reading):
            found._like = self.cluster
        return found

    @cached_property
    def cluster(self) -> Cluster:
        from netwright.profiles.compose import compose

        like, self._like = self._like, None
        started = time.process_time()
        try:
            made = compose(
                self.snapshot.objects,
                profile=self.profile,
                unknown=(*self.snapshot.unknown, *self._perhaps_telling()),
                pod_cidrs=self.pod_cidrs,
                unread_routes=self.snapshot.unread_routes,
                like=like,
            )
            made.enforcers  # noqa: B018 - lowering is part of composing, and of its time
            self.seconds["composing"] = time.process_time() - started
            return made
        except ValueError as error:
            raise UsageError(str(error), help=RANGES) from None

    @cached_property
    def network(self) -> Network:
        from netwright.engine.compile import Network

        cluster = self.cluster
        started = time.process_time()
        network = Network(cluster.columns, cluster.enforcers, cluster.families, beside=cluster.kept.get("beside"))
        self.seconds["compiling"] = time.process_time() - started
        return network

    @cached_property
    def inquirer(self) -> Inquirer:
        from netwright.engine.inquire import Inquirer

        return Inquirer(self.cluster, self.network, self.directory)

    @cached_property
    def directory(self) -> Directory:
        from netwright.model.references import Directory

        return Directory(self.cluster)

    def on(self, network: str | None) -> Twin:
        """The same twin as those see it that have an interface on a secondary network: `on("nad/shop/storage")`. None,
        or the pod network: itself. Raises UnknownReference for no network of the input."""
        if network is None or network == self._on_network:
            return self
        from netwright.profiles.secondary import found_network, on

        found = found_network(self.snapshot.objects, network)
        if found.ref == self._on_network:
            return self
        known = self._views.get(found.ref)
        if known is None:
            known = Twin(self.snapshot, pod_cidrs=self.pod_cidrs, cni=self.cni)
            known._on_network, known._views, known.seconds = found.ref, self._views, dict(self.seconds)
            if found.ref != POD:
                unread = [
                    UnknownPolicy(
                        kind=MULTI_POLICY,
                        namespaces=within,
                        hosts=False,
                        effect="both",
                        reason=u.diagnostic.title,
                    )
                    for u in self.snapshot.reading.unread
                    if MULTI_POLICY in u.kinds
                    and (within := u.within(d.namespace for d in self.snapshot.objects)) is not None
                ]
                known.__dict__["cluster"] = on(self.snapshot.objects, found, (*self.snapshot.unknown, *unread))
            self._views[found.ref] = known
        return known

    def costs(self) -> tuple[str, ...]:
        """What the twin came to in numbers, and the CPU seconds of its making: lines of text for `-v`."""
        network, cluster = self.network, self.cluster
        shape = [
            f"{cluster.columns.n} endpoints",
            f"{network.identities.count} identities",
            f"{len(network.units)} units",
        ]
        for family, tables in network.tables.items():
            classes = f"{tables.egress.count} egress and {tables.ingress.count} ingress classes"
            shape.append(f"IPv{family}: {classes}, {tables.universe.classes.count} address classes")
        lines = [", ".join(shape), ", ".join(f"{name} {seconds:.3f} s" for name, seconds in self.seconds.items())]
        if network.streamed:
            lines.append(STREAMED)
        return tuple(lines)

    # --- questions --------------------

    def ask(self, question: Params[A]) -> A:
        """The answer to a question that is told by its params: `ask(nw.Why(source="shop/web",
        destination="shop/db:5432"))`. The methods below ask the same with fewer words. Raises UsageError."""
        from netwright.questions.registry import question_of

        return question_of(question).function()(self, question)

    def eval(self, queries: Iterable[Mapping[str, Any]]) -> list[Evaluated]:
        """Verdicts of many questions, in their order, each with the rules that decide."""
        from netwright.questions.registry import Eval, Query

        return self.ask(Eval(queries=tuple(_convert(q, Query) for q in queries)))

    def why(
        self,
        source: str,
        destination: str,
        *,
        protocol: str = "TCP",
        family: Literal[4, 6] | None = None,
        changes: bool = True,
        network: str | None = None,
    ) -> WhyAnswer:
        """One question in full: `why("shop/web", "shop/db:5432")`. Without a port: the ports that the destination
        serves. `network`: between interfaces on that secondary network."""
        from netwright.questions.registry import Why

        return self.ask(
            Why(
                source=source,
                destination=destination,
                protocol=protocol,
                family=family,
                changes=changes,
                network=network,
            )
        )

    def check(
        self,
        *,
        namespaces: Sequence[str] = (),
        intents: Sequence[Intent] = (),
        baseline: Sequence[Known | str] = (),
        severities: Mapping[str, Literal["error", "warning", "info", "ignore"]] | None = None,
        accepted: Sequence[Accepted] = (),
        today: str = "",
    ) -> Checked:
        """What is wrong with the network: findings, each with its place, effect and cure; and which intents hold.
        `baseline`: findings that are known; a fingerprint alone knows its finding whatever it is about."""
        from netwright.model.finding import Known
        from netwright.questions.registry import Check

        return self.ask(
            Check(
                namespaces=tuple(namespaces),
                intents=tuple(intents),
                baseline=tuple(Known(fingerprint=one) if isinstance(one, str) else one for one in baseline),
                severities=dict(severities or {}),
                accepted=tuple(accepted),
                today=today,
            )
        )

    def holding(self) -> tuple[Intent, ...]:
        """Intents that hold on this network, each proven: what a file of intents may start from."""
        from netwright.questions.check.holding import holding

        return holding(self)

    def diff(self, before: Twin) -> Diffed:
        """What this network has otherwise than `before`: connections that opened, closed or changed, and why."""
        from netwright.questions.registry import Diff

        before, after = under_one_profile(before, self)
        return after.ask(Diff(before=before))

    def convert(
        self,
        language: Literal["cilium", "clusternetworkpolicy", "networkpolicy", "networkpolicy+clusternetworkpolicy"],
        *,
        fewest: bool = False,
        residue: Literal["keep", "narrow", "widen"] | None = None,
    ) -> Converted:
        """The policies of a language as those of another one, with the proof that they do the same. `fewest`: all
        NetworkPolicies, those of the input too, by as few as are found. `residue`: what cannot
        be said stays in Cilium's words (`keep`, as without a choice; of Calico's rules it is left out), or less is
        permitted (`narrow`), or more (`widen`)."""
        from netwright.questions.registry import Convert

        return self.ask(Convert(language=language, fewest=fewest, residue=residue))

    def show(
        self,
        noun: str,
        *,
        namespaces: Sequence[str] = (),
        references: Sequence[str] = (),
        network: str | None = None,
    ) -> Shown:
        """Rows of a noun: `show("workloads")`, narrowed by namespace or reference, or to what is on a secondary
        network. Raises UsageError for no noun."""
        from netwright.questions.registry import Show

        return self.ask(Show(noun=noun, namespaces=tuple(namespaces), references=tuple(references), network=network))

    def blast(self, source: str, *, hops: int | None = None, any_port: bool = False) -> Blast:
        """What an intruder on `source` reaches step by step, over ports that are served."""
        from netwright.questions.registry import BlastRadius

        return self.ask(BlastRadius(source=source, hops=hops, any_port=any_port))

    def exposed(self) -> list[ExposedRow]:
        """The ways from the internet into the cluster, each as a chain of verdicts."""
        from netwright.questions.registry import Exposed

        return self.ask(Exposed())

    def owner_of(self, origin: Origin) -> str:
        """Who owns the object, by CODEOWNERS or by an annotation; "" where neither says."""
        from netwright.sources.codeowners import owner_of

        if origin.place is not None and self.snapshot.reading.codeowners:
            found = owner_of(self.snapshot.reading.codeowners, origin.place.file)
            if found:
                return found
        found_object = self._objects.get((origin.kind, origin.namespace, origin.name))
        annotations = (found_object.value.metadata.annotations if found_object else None) or {}
        return next((annotations[k] or "" for k in OWNER_ANNOTATIONS if annotations.get(k)), "")

    @cached_property
    def _objects(self) -> dict[tuple[str, str, str], Decoded]:
        return {(d.kind, d.namespace, d.name): d for d in self.cluster.objects}

    def reach(
        self,
        *,
        source: str | None = None,
        destination: str | None = None,
        by: Literal["pod", "workload", "namespace", "identity"] = "workload",
        port: str | None = None,
        network: str | None = None,
    ) -> Reached:
        """Who may talk to whom; `source` and `destination` narrow it to one end, `port` (`80`, `UDP/53`) to one
        service, `network` to the interfaces on a secondary network."""
        from netwright.questions.registry import Reach

        return self.ask(Reach(source=source, destination=destination, by=by, port=port, network=network))


STREAMED = "rows are folded when asked for and not kept: all together would pass the memory cap"
OWNER_ANNOTATIONS = ("netwright.dev/owner", "app.kubernetes.io/owner", "owner", "contact", "a8r.io/owner")


def _convert(value: Any, type_: type[T], where: Callable[[], str] = lambda: "") -> T:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where()}the query is not understood: {error}") from None


__all__ = ["Snapshot", "Twin", "digest", "load"]
