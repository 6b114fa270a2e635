"""How a mistake is planted into the repository of `clean`, and what must be found then."""

from __future__ import annotations

import msgspec


class Edit(msgspec.Struct, frozen=True):
    """Replace `old` by `new`: its first occurrence after those of `after`, one behind the other."""

    after: tuple[str, ...]
    old: str
    new: str

    def on(self, text: str) -> str:
        at = 0
        for anchor in self.after:
            at = text.index(anchor, at) + len(anchor)
        at = text.index(self.old, at)
        return text[:at] + self.new + text[at + len(self.old) :]


class Mistake(msgspec.Struct, frozen=True):
    """What somebody did to `file`, and what must be found: the code, the object by kind and name, and its file where
    that is another one."""

    code: str
    story: str
    file: str
    object: str
    edits: tuple[Edit, ...]
    found_in: str = ""


def edit(*after: str, old: str, new: str) -> tuple[Edit, ...]:
    return (Edit(after, old, new),)


POLICY, INGRESS, EGRESS = "kind: NetworkPolicy\n", "\n  ingress:\n", "\n  egress:\n"
APP = "app.kubernetes.io/name"
NAMESPACE = "kubernetes.io/metadata.name"
