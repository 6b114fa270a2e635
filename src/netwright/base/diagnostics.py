"""Diagnostics: data about the user's input, with a code, the place, the effect and the cure."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell about the input. `line` and `column` are 1-based, 0 where there is none.

    `title` starts in lower case, has no full stop and quotes what the user wrote in backticks; `effect` says what it
    means for the answers and `help` what to do. `kind`, `namespace` and `name` are the object that it is about; without
    `name` it is about a kind, and `namespace` is then the one in which all objects of it stand; without `kind` it is
    about the text. `key` tells it from others of its code about the same: it holds no line, and no count.
    """

    code: str
    severity: Severity
    title: str
    file: str = ""
    line: int = 0
    column: int = 0
    effect: str = ""
    help: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    key: str = ""

    @property
    def where(self) -> str:
        if not self.file:
            return ""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What `explain CODE` prints. A code is for ever; a retired one is never used again."""

    code: str
    severity: Severity
    title: str
    explanation: str
    help: str


INPUT_CODES: tuple[Code, ...] = (
    Code(
        code="NW1001",
        severity="error",
        title="a document that cannot be parsed",
        explanation=(
            "The text is not valid YAML or JSON, or is not UTF-8. The other documents of the file are read. What "
            "the broken one could change is judged from its readable `kind:` and `namespace:` lines; where none "
            "is readable it could change everything, and verdicts that it could change are undecided."
        ),
        help="correct the document; `kubectl apply --dry-run=client -f FILE` shows the same error",
    ),
    Code(
        code="NW1002",
        severity="error",
        title="a document beyond the bounds of the reader",
        explanation=(
            "Nesting is bounded at 100 levels, aliases and merge keys by how much they expand to, scalars and "
            "files by size: a short text must not be able to take the machine. Manifests of the Kubernetes API "
            "stay far below."
        ),
        help="write the object without anchors, or split the file",
    ),
    Code(
        code="NW1003",
        severity="error",
        title="a template that needs rendering",
        explanation="The file holds template actions (`{{ … }}`), so it is not yet a manifest.",
        help="render it: `helm template RELEASE CHART | netwright reach -`",
    ),
    Code(
        code="NW1004",
        severity="warning",
        title="a kustomization that needs rendering",
        explanation=(
            "A kustomization changes the manifests it names (namespaces, labels, patches); reading the files "
            "beside it is not the same as what it would apply."
        ),
        help="`--kustomize` renders it with kubectl or kustomize, or: `kubectl kustomize DIR | netwright reach -`",
    ),
    Code(
        code="NW1005",
        severity="error",
        title="a file that cannot be read",
        explanation="The file exists but could not be opened, or is a link that leads round in a circle.",
        help="check its permissions, or leave it out of the sources",
    ),
    Code(
        code="NW1006",
        severity="warning",
        title="a key written twice in one mapping",
        explanation=(
            "Kubernetes' own reader takes the last value; in strict mode, which kubectl uses, it refuses the object."
        ),
        help="delete one of the two",
    ),
    Code(
        code="NW1007",
        severity="error",
        title="an object that the API server would reject",
        explanation=(
            "The object breaks a rule of its API (a bad CIDR, an `except` outside its `cidr`, an unknown field, a"
            " label value that is a number). It would not be stored, so it is reported and not evaluated. Addresses and"
            " ranges that only servers from Kubernetes 1.36 on refuse (leading zeros, IPv4 written as IPv6) may stand"
            " in a cluster, where readers differ on what they mean: what hangs on the object is undecided."
        ),
        help="correct the field that the message names",
    ),
    Code(
        code="NW1008",
        severity="warning",
        title="a network kind that is not evaluated yet",
        explanation=(
            "The object acts on the network but netwright does not evaluate its kind, or, of a primary user-defined "
            "network, who meets whom on it. Verdicts of every workload it could select are undecided rather than "
            "guessed."
        ),
        help="leave it out of the sources to see the answer without it",
    ),
    Code(
        code="NW1009",
        severity="warning",
        title="a kind that is in none of the lists",
        explanation="netwright does not know whether the kind touches the network and takes it that it does not.",
        help="look whether it does; then read the answers with that in mind",
    ),
    Code(
        code="NW1010",
        severity="warning",
        title="the same object twice",
        explanation=(
            "Two documents have the same kind, namespace and name and differ. Only one of them can be in a "
            "cluster. The one read last is evaluated, as `kubectl apply` of the files in this order would leave "
            "it. Where the two stand in folders of their own, these are often two clusters or environments, and each "
            "is a network of its own."
        ),
        help="delete one, or ask for each folder on its own: name it as the source, or `diff --split DIR`",
    ),
    Code(
        code="NW1011",
        severity="warning",
        title="a document that is not a Kubernetes object",
        explanation=(
            "The document has no `apiVersion` and `kind`: a values file, a compose file, another tool's configuration."
        ),
        help="leave the file out of the sources",
    ),
    Code(
        code="NW1012",
        severity="warning",
        title="a manifest that no kustomization names",
        explanation=(
            "With `--kustomize`, a rendered kustomization stands for its folder and all below it. A manifest there "
            "that none names is not part of what it applies, so it is not read."
        ),
        help="name it under `resources`, or give the file itself as a source",
    ),
    Code(
        code="NW1013",
        severity="warning",
        title="a text without a document",
        explanation=(
            "The file is empty, or holds nothing but comments, separators and `null`: a rendering that gave nothing, "
            "or a file that was cut."
        ),
        help="look whether it should hold objects; delete it if not",
    ),
    Code(
        code="NW1014",
        severity="info",
        title="a link that leads out of its source",
        explanation=(
            "Links are followed, as people use them; what they lead to outside of the folder that was named is read as "
            "if it stood there. Told with `-v`."
        ),
        help="replace the link by a copy if its target is not meant to be read",
    ),
    Code(
        code="NW1015",
        severity="warning",
        title="a range with bits set beyond its prefix length",
        explanation=(
            "`10.1.2.3/8` of an `ipBlock` is the whole of `10.0.0.0/8`: every implementation cuts the bits off, and so "
            "it is evaluated. Often the one address was meant. Kubernetes before 1.36 warns and takes it; since 1.36 "
            "it refuses new objects, and those stored before stay valid."
        ),
        help="write the range without them, or `/32` (IPv6: `/128`) for the one address",
    ),
    Code(
        code="NW1016",
        severity="error",
        title="a kind of a live cluster that may not be listed",
        explanation=(
            "The API server refused to list the kind (its access rules do not allow it to the user of the context), or "
            "the server of its group did not answer. All other kinds are read. Where objects of the kind can allow or "
            "deny, every verdict that one could change is undecided; where they cannot, they are missing from the "
            "answer."
        ),
        help="let the user list it: `docs/how/live.md` has a ClusterRole with all that is read",
    ),
)
"""Codes of the sources and of decoding; findings about the network itself have families of their own."""
