"""What one reading gathers: objects, texts that gave none, warnings; and the words of their diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Literal

import msgspec

from netwright.base.diagnostics import INPUT_CODES, Diagnostic, Severity
from netwright.base.spans import Place, Pointer
from netwright.model.document import Document, Unread
from netwright.model.kind_lists import find
from netwright.sources import jsontext
from netwright.sources.positions import KeptTexts, Span
from netwright.sources.salvage import Said, line_column, readable

_CODES = {code.code: code for code in INPUT_CODES}
_NOTHING = ("-",)
"""The kinds of a text that is no object of any kind: it changes nothing."""

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_KUSTOMIZE_GROUP = "kustomize.config.k8s.io"


def diagnostic(
    code: str,
    title: str,
    *,
    file: str,
    line: int = 0,
    column: int = 0,
    effect: str = "",
    help_text: str = "",
    kind: str = "",
    key: str = "",
) -> Diagnostic:
    """A diagnostic with the severity and, unless given, the help of its code; about a text, or about a kind."""
    known = _CODES[code]
    severity: Severity = known.severity
    return Diagnostic(
        code=code,
        severity=severity,
        title=title,
        file=file,
        line=line,
        column=column,
        effect=effect,
        help=help_text or known.help,
        kind=kind,
        key=key,
    )


def effect_of(said: Said) -> str:
    """What a text that was not read means for the answers."""
    if said.kinds in (_NOTHING, ("Kustomization",)):
        return ""
    if not said.kinds:
        return "it could hold any kind of object: every verdict that it could change is undecided"
    kinds = ", ".join(f"`{kind}`" for kind in said.kinds[:5]) + (" …" if len(said.kinds) > 5 else "")
    where = ", ".join(f"`{name}`" for name in said.namespaces[:5]) + (" …" if len(said.namespaces) > 5 else "")
    return f"verdicts that {kinds} in {where or 'any namespace'} could change are undecided"


class Account:
    """Collects what the sources give. All methods keep the order of the calls."""

    def __init__(self) -> None:
        self.texts = KeptTexts()
        self.documents: list[Document] = []
        self.unread: list[Unread] = []
        self.warnings: list[Diagnostic] = []
        self.ours = 0
        """Documents of ours: configurations and intents, which are read where they are named, and answers."""

    def note_unread(
        self,
        code: str,
        title: str,
        *,
        file: str,
        line: int = 0,
        column: int = 0,
        said: Said | None = None,
        fate: Literal["not_understood", "unreadable"] = "unreadable",
        help_text: str = "",
        effect: str = "",
        group: str | None = None,
        besides: tuple[str, ...] = (),
        kind: str = "",
        key: str = "",
    ) -> None:
        """A text that gave no object, or a `kind` that was not read but in the namespaces `besides`. `line` and
        `column` are 1-based. Texts of one file are told apart by `key`, else by the kinds and namespaces they say."""
        said = said or Said()
        self.unread.append(
            Unread(
                diagnostic=diagnostic(
                    code,
                    title,
                    file=file,
                    line=line,
                    column=column,
                    effect=effect or effect_of(said),
                    help_text=help_text,
                    kind=kind,
                    key=key or " ".join((*said.kinds, *said.namespaces)),
                ),
                fate=fate,
                kinds=said.kinds,
                namespaces=said.namespaces,
                names=said.names,
                called=said.called,
                group=group,
                besides=besides,
            )
        )

    def diagnose_render(self, reason: str, file: str, command: Sequence[str], root: str) -> Diagnostic:
        """A kustomization that was to be rendered and could not be: part of the input is missing, which is an error."""
        more = f"`{' '.join(command)} {root}` shows the whole message"
        found = diagnostic("NW1004", reason, file=file, effect=effect_of(Said()), help_text=more)
        return msgspec.structs.replace(found, severity="error")

    def warn_left(self, files: Sequence[str]) -> None:
        """Manifests in the folders of rendered kustomizations that none of these names."""
        effect = "not read: applying the kustomization would not apply it"
        for file in files:
            title = f"no rendered kustomization names `{file}`"
            self.warnings.append(diagnostic("NW1012", title, file=file, effect=effect))

    def warn_empty(self, file: str) -> None:
        """A text that was read to its end and holds no document; of a configuration that is none missing."""
        from netwright.sources.configuration import is_named_ours

        if is_named_ours(file):
            return
        self.warnings.append(diagnostic("NW1013", "no document in it", file=file, effect="nothing is read from it"))

    def warn_repeated(self, file: str, key: str, line: int, column: int) -> None:
        """A key written twice; `line` and `column` are 1-based."""
        short = key if len(key) <= 60 else key[:57] + "..."
        self.warnings.append(
            diagnostic(
                "NW1006",
                f"key `{short}` is written twice in one mapping",
                file=file,
                line=line,
                column=column,
                effect="the last value is read",
                key=short,
            )
        )

    # --- objects ---

    def add_tree(self, tree: Any, file: str, span: Span) -> None:
        """One document as plain values; the items of `List` kinds each become a document."""
        if isinstance(tree, dict) and isinstance(tree.get("items"), list):
            span = msgspec.structs.replace(span, count=len(tree["items"]))
        number = self.texts.add(file, span)
        waiting: list[tuple[Any, Pointer, str, str]] = [(tree, (), "", "")]
        while waiting:
            value, item, api_version, kind = waiting.pop()
            if isinstance(value, dict):
                written = value.get("apiVersion"), value.get("kind")
                api_version = written[0] if isinstance(written[0], str) and written[0] else api_version
                kind = written[1] if isinstance(written[1], str) and written[1] else kind
                if kind and api_version and _is_list(kind) and isinstance(value.get("items"), list):
                    below = _item_type(api_version, kind)
                    items = value["items"]
                    waiting += [(items[i], (*item, "items", i), *below) for i in range(len(items) - 1, -1, -1)]
                    continue
                if kind and api_version and _holds_items(api_version, kind):
                    self._note_items(Place(file=file, document=number, item=item), kind, value.get("items"))
                    continue
                metadata = value.get("metadata")
                metadata = metadata if isinstance(metadata, dict) else {}
                name, namespace = _text(metadata.get("name")), _text(metadata.get("namespace"))
            else:
                api_version = kind = name = namespace = ""
            self._add(file, number, item, api_version, kind, namespace, name, value)

    def add_json(self, raw: bytes, file: str, start: int, end: int, head: jsontext.Header | None = None) -> None:
        """One JSON value of a file as its bytes; the items of `List` kinds each become a document with their own bytes.
        `head`: its header, where that is read.

        What is well-formed and cannot be decoded all the same (a number beyond every range) is noted as unread.
        """
        span = Span(json=True, start=start, end=end)
        try:
            head = head or jsontext.header(raw)
        except (msgspec.DecodeError, RecursionError):
            # A field of the header has another type than objects have: rare, so the whole tree is cheap enough.
            try:
                tree = msgspec.json.decode(raw)
            except (msgspec.DecodeError, RecursionError) as fault:
                self._note_undecoded(raw, Place(file=file, document=self.texts.add(file, span)), fault)
            else:
                self.add_tree(tree, file, span)
            return
        items = tuple(head.items or ()) if _is_list(head.kind or "") else ()
        number = self.texts.add(file, msgspec.structs.replace(span, items=items))
        waiting: list[tuple[bytes | msgspec.Raw, jsontext.Header | None, Pointer, str, str]] = [(raw, head, (), "", "")]
        while waiting:
            value, known, item, api_version, kind = waiting.pop()
            try:
                known = known or jsontext.header(value)
            except (msgspec.DecodeError, RecursionError):
                self._add_odd(value, file, number, item)
                continue
            api_version, kind = known.api_version or api_version, known.kind or kind
            may_list = kind and api_version and _is_list(kind)
            if may_list and known.items is not None:
                below = _item_type(api_version, kind)
                parts = known.items
                heads = jsontext.headers_of_items(value, len(parts))
                places = [(*item, "items", i) for i in range(len(parts))]
                listed = list(zip(parts, heads, places, repeat(below[0]), repeat(below[1]), strict=False))
                waiting += reversed(listed)
                continue
            if may_list and _holds_items(api_version, kind):
                self._note_items(Place(file=file, document=number, item=item), kind, None)
                continue
            metadata = known.metadata or jsontext.Meta()
            self._add(file, number, item, api_version, kind, metadata.namespace or "", metadata.name or "", value)

    def _add_odd(self, raw: bytes | msgspec.Raw, file: str, number: int, item: Pointer) -> None:
        """An item whose header has fields of other types than objects have."""
        try:
            tree = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError) as fault:
            self._note_undecoded(raw, Place(file=file, document=number, item=item), fault)
            return
        fields = tree if isinstance(tree, dict) else {}
        metadata = fields.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        api_version, kind = fields.get("apiVersion"), fields.get("kind")
        if isinstance(api_version, str) and isinstance(kind, str) and _holds_items(api_version, kind):
            self._note_items(Place(file=file, document=number, item=item), kind, fields.get("items"))
            return
        self._add(
            file,
            number,
            item,
            api_version if isinstance(api_version, str) else "",
            kind if isinstance(kind, str) else "",
            _text(metadata.get("namespace")),
            _text(metadata.get("name")),
            tree,
        )

    def _note_undecoded(self, raw: bytes | msgspec.Raw, place: Place, fault: Exception) -> None:
        """A JSON value that no reader can hold: nothing of it is used, and it is not dropped in silence."""
        data = bytes(raw)
        found = jsontext.too_large(data)
        if found is not None:
            offset, number = found
            title = f"`{number if len(number) <= 40 else number[:37] + '...'}` is a number beyond every range"
        else:
            offset, title = 0, f"not valid JSON: {str(fault)[:1].lower()}{str(fault)[1:]}"
        position = self.texts.position(place)
        line, column = (position.line, position.column) if position else (0, 0)
        down, right = line_column(data, offset)
        self.note_unread(
            "NW1002" if isinstance(fault, RecursionError) else "NW1001",
            title,
            file=place.file,
            line=line + down,
            column=right + (1 if down else column),
            said=readable(data.decode("utf-8", "replace")),
        )

    def _add(
        self, file: str, number: int, item: Pointer, api_version: str, kind: str, namespace: str, name: str, raw: Any
    ) -> None:
        place = Place(file=file, document=number, item=item)
        if kind and api_version:
            if kind in ("Kustomization", "Component") and api_version.startswith(f"{_KUSTOMIZE_GROUP}/"):
                self._note_at(place, "NW1004", f"a `{kind}` needs rendering", ("Kustomization",))
                return
            self.documents.append(
                Document(place=place, api_version=api_version, kind=kind, namespace=namespace, name=name, raw=raw)
            )
            return
        if not kind:
            from netwright.sources.configuration import is_ours

            if is_ours(file, raw):
                self.ours += 1
                return
        if isinstance(raw, (dict, bytes, msgspec.Raw)):
            header = (("apiVersion", api_version), ("kind", kind))
            missing = [field for field, value in header if not value]
            tree = raw if isinstance(raw, dict) else {}
            odd = [field for field in missing if tree.get(field) not in (None, "")]
            title = f"no {' and '.join(f'`{field}`' for field in missing)}"
            if odd:
                title = f"`{odd[0]}` must be text, found {_article(tree[odd[0]])}"
            self._note_at(place, "NW1011", f"{title}: not a Kubernetes object", _NOTHING)
        else:
            self._note_at(place, "NW1011", f"a {_shape(raw)} is not a Kubernetes object", _NOTHING)

    def _note_items(self, place: Place, kind: str, items: Any) -> None:
        """A list whose `items` are no list: kubectl takes it for an object of that kind, which no server knows."""
        item = kind.removesuffix("List")
        kinds = _NOTHING if items is None else (item,) if item else ()
        what = "is missing" if items is None else f"must be a list, found {_article(items)}"
        self._note_at(place, "NW1011", f"`items` of a `{kind}` {what}", kinds)
        noted = self.unread.pop()  # an error, unlike what is no object at all: there may be objects in it
        told = msgspec.structs.replace(noted.diagnostic, severity="error", help="write the objects as a list below it")
        self.unread.append(msgspec.structs.replace(noted, diagnostic=told))

    def _note_at(self, place: Place, code: str, title: str, kinds: tuple[str, ...]) -> None:
        position = self.texts.position(place)
        line, column = (position.line, position.column) if position else (0, 0)
        self.note_unread(
            code,
            title,
            file=place.file,
            line=line,
            column=column,
            said=Said(kinds=kinds),
            fate="not_understood",
            key=title,
        )


def _is_list(kind: str) -> bool:
    return kind.endswith("List")


def _holds_items(api_version: str, kind: str) -> bool:
    """Whether the kind is a list of objects, and not one whose name only ends like it."""
    if kind == "List":
        return True
    if not _is_list(kind):
        return False
    known = find(api_version.rpartition("/")[0], kind.removesuffix("List"))
    return known is not None and known.name == kind.removesuffix("List")


def _article(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "text" if isinstance(value, str) else "a single value"


def _item_type(api_version: str, kind: str) -> tuple[str, str]:
    """What the items of a typed list are where they do not say it: the API server leaves it out of its own lists."""
    return ("", "") if kind == "List" else (api_version, kind.removesuffix("List"))


def _text(value: Any) -> str:
    """A name as it is written, of another type as YAML and JSON write that."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else str(value)


def _shape(value: Any) -> str:
    return "list" if isinstance(value, list) else "null" if value is None else "single value"
