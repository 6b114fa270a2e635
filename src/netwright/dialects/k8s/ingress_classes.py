"""Which ingress controllers serve an Ingress: its class, the IngressClass of that name, and the flags of controllers.

After `networking.k8s.io/v1` IngressClass (`spec.controller`, `ingressclass.kubernetes.io/is-default-class`), the
admission plugin DefaultIngressClass, the annotation `kubernetes.io/ingress.class`, which controllers compare with a
name of their own, and ingress-nginx (`GetIngressClass`, flags): by default it serves the classes of
`k8s.io/ingress-nginx`, the annotation `nginx`, and no Ingress without a class, in every namespace. Of other controllers
no flags are read: where one project has several, which of them serves a class is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from netwright.dialects.k8s.objects import CommandContainer, Ingress, IngressClass, Pod, Workload
from netwright.model.cluster import INGRESS_CONTROLLER, Proxy
from netwright.model.columns import Columns
from netwright.model.document import Decoded, of_kinds
from netwright.model.ingress_controllers import PROJECTS, by_custom, project_of, projects_of

ANNOTATION: Final = "kubernetes.io/ingress.class"
DEFAULT: Final = "ingressclass.kubernetes.io/is-default-class"
CONTROLLER_CLASS: Final = "--controller-class"
INGRESS_CLASS: Final = "--ingress-class"
WITHOUT_CLASS: Final = "--watch-ingress-without-class"
BY_NAME: Final = "--ingress-class-by-name"
WATCHED: Final = "--watch-namespace"
WATCHED_BY_LABELS: Final = "--watch-namespace-selector"
FLAGS: Final = (CONTROLLER_CLASS, INGRESS_CLASS, WITHOUT_CLASS, BY_NAME, WATCHED, WATCHED_BY_LABELS)
"""What is read of the command line of ingress-nginx."""
Answer = Literal["yes", "no", "perhaps"]


class Class(NamedTuple):
    """The class of an Ingress: its name as the field or the annotation has it ("" for none), and the IngressClasses
    that it is, of which there are several where which of these is the default one is not known."""

    name: str
    by_annotation: bool
    objects: tuple[Decoded, ...]

    @property
    def controllers(self) -> frozenset[str]:
        """The controllers that the IngressClasses name."""
        return frozenset(controller_of(d) for d in self.objects)


class Controller(NamedTuple):
    """An ingress controller of the input: the rows of its workload, the projects of one of which it is, its flags."""

    rows: tuple[int, ...]
    projects: tuple[str, ...]
    flags: dict[str, str]
    is_only: bool
    """Whether no other workload is of its project."""

    def flag(self, name: str, default: str) -> str | None:
        """The value of a flag; None where it holds a variable."""
        value = self.flags.get(name, default)
        return None if "$(" in value else value


def controller_of(d: Decoded) -> str:
    """The `spec.controller` of an IngressClass."""
    value: IngressClass = d.value
    return (value.spec.controller if value.spec else None) or ""


class Classes:
    """The IngressClasses of an input."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self.by_name = {d.name: d for d in of_kinds(objects, "IngressClass") if isinstance(d.value, IngressClass)}

    def of(self, ingress: Ingress) -> Class:
        """The class of an Ingress. One without a class that is not stored yet gets the default one; several of these
        older API servers refuse, and newer take the one that was made last."""
        noted = ingress.metadata.annotations or {}
        name = ingress.spec.ingress_class_name if ingress.spec else None
        if name:
            return Class(name, False, (self.by_name[name],) if name in self.by_name else ())
        annotated = noted.get(ANNOTATION) or ""
        if annotated:
            return Class(annotated, True, (self.by_name[annotated],) if annotated in self.by_name else ())
        if ANNOTATION in noted or ingress.metadata.uid is not None:
            return Class("", False, ())
        defaults = [d for d in self.by_name.values() if (d.value.metadata.annotations or {}).get(DEFAULT) == "true"]
        return Class(defaults[0].name if len(defaults) == 1 else "", False, tuple(defaults))


# --- who serves a class --------------------


def proxies(
    objects: Sequence[Decoded], columns: Columns, row_objects: Sequence[Decoded]
) -> Callable[[str, Ingress], tuple[str, Proxy]]:
    """For an Ingress of a namespace the name of its class and the controllers that serve it."""
    classes = Classes(objects)
    controllers = _controllers(columns, row_objects)
    known: dict[tuple[Class, tuple[Answer, ...]], Proxy] = {}

    def proxy_of(namespace: str, ingress: Ingress) -> tuple[str, Proxy]:
        its = classes.of(ingress)
        watching = tuple(watches(one, namespace) for one in controllers)
        if (its, watching) not in known:
            known[its, watching] = _proxy(its, controllers, watching, bool(classes.by_name))
        return its.name, known[its, watching]

    return proxy_of


def _proxy(its: Class, controllers: Sequence[Controller], watching: Sequence[Answer], has_classes: bool) -> Proxy:
    """`watching`: whether each of the controllers watches the namespace."""
    if not controllers:
        return _narrowed((), frozenset(), _absent(its))
    served = [serves(one, its, has_classes) for one in controllers]
    answers = [(one, _both(*each)) for one, *each in zip(controllers, served, watching, strict=True)]
    rows = tuple(sorted(row for one, answer in answers if answer != "no" for row in one.rows))
    unsure = frozenset(row for one, answer in answers if answer == "perhaps" for row in one.rows)
    if not unsure and all(answer == "yes" for _, answer in answers):
        return INGRESS_CONTROLLER
    if unsure:
        is_by_class = any(a == "perhaps" and w != "no" for a, w in zip(served, watching, strict=True))
        return _narrowed(rows, unsure, _why(its) if is_by_class else f"{_WATCHING} its namespace is not in the input")
    is_elsewhere = not rows and any(answer != "no" for answer in served)
    return _narrowed(rows, unsure, "" if rows else _ELSEWHERE if is_elsewhere else _absent(its))


_WATCHING = f"whether the controller (`{WATCHED}`) watches"
_ELSEWHERE = f"the controllers of its class in the input watch other namespaces (`{WATCHED}`)"


def _both(one: Answer, other: Answer) -> Answer:
    return "no" if "no" in (one, other) else "perhaps" if "perhaps" in (one, other) else "yes"


def watches(one: Controller, namespace: str) -> Answer:
    """Whether a controller watches a namespace: ingress-nginx one that it names, or those of a selector, else all."""
    named = one.flag(WATCHED, "")
    if "ingress-nginx" not in one.projects:
        return "yes"
    if named is None or one.flag(WATCHED_BY_LABELS, "") != "":
        return "perhaps"
    if named in ("", namespace):
        return "yes"
    return "no" if one.projects == ("ingress-nginx",) else "perhaps"


def _narrowed(rows: tuple[int, ...], unsure: frozenset[int], why: str) -> Proxy:
    return Proxy(name=INGRESS_CONTROLLER.name, of_ingresses=True, rows=rows, unsure=unsure, why=why)


def _absent(its: Class) -> str:
    """Why no controller of the input serves a class; "" where there is no more to say than that none is there."""
    if not its.objects:
        projects = by_custom(its.name)
        away = next((PROJECTS[p].away for p in projects if PROJECTS[p].away), "")
        return f"class `{its.name}` is by custom that of a controller {away}: not evaluated" if away else ""
    told = _classes(its)
    away = next((PROJECTS[p].away for c in its.controllers if (p := project_of(c)) and PROJECTS[p].away), "")
    return f"{told}, {away}: not evaluated" if away else f"{told}, and such a controller is not in the input"


def _classes(its: Class) -> str:
    listed = " and ".join(f"`{controller}`" for controller in sorted(its.controllers))
    names = " or ".join(f"`{d.name}`" for d in its.objects)
    return f"IngressClass {names} is that of {listed}"


def _why(its: Class) -> str:
    """Why it is not known whether a controller serves a class."""
    if len(its.objects) > 1:
        return f"which default IngressClass it gets is not in the input: {_classes(its)}"
    if its.objects:
        return f"whether the controller serves it is not in the input: {_classes(its)}"
    if its.name and not its.by_annotation:
        return f"IngressClass `{its.name}`, which says whose it is, is not in the input"
    if its.name:
        return f"whether the controller takes the annotation `{ANNOTATION}: {its.name}` is not in the input"
    return "it has no class, and whether the controller takes such is not in the input"


def serves(controller: Controller, its: Class, has_classes: bool) -> Answer:
    """Whether a controller serves a class. `has_classes`: the input has IngressClasses, so that one which is missing
    says something."""
    found = {
        _serves(controller, project, its.name, its.by_annotation, which, has_classes)
        for project in controller.projects
        for which in (its.objects or (None,))
    }
    return found.pop() if len(found) == 1 else "perhaps"


def _serves(
    one: Controller, project: str, name: str, by_annotation: bool, which: Decoded | None, has_classes: bool
) -> Answer:
    if by_annotation:
        return _takes_annotation(one, project, name, which)
    if which is not None:
        return _serves_class(one, project, which.name, controller_of(which))
    if name:
        if has_classes or (project == "ingress-nginx" and CONTROLLER_CLASS in one.flags):
            return "perhaps"
        customary = by_custom(name)
        return "yes" if not customary or project in customary or one.flags.get(INGRESS_CLASS) == name else "no"
    if project in ("ingress-nginx", "nginx") and one.flag(WITHOUT_CLASS, "false") != "true":
        return "perhaps" if has_classes else "yes"
    return "yes"


def _serves_class(one: Controller, project: str, name: str, controller: str) -> Answer:
    """By `spec.controller` of the IngressClass."""
    if project == "ingress-nginx":
        watched = one.flag(CONTROLLER_CLASS, PROJECTS[project].controllers[0])
        if watched is None:
            return "perhaps"
        by_name = one.flag(BY_NAME, "false") != "false" and name == one.flag(INGRESS_CLASS, "nginx")
        return "yes" if controller == watched or by_name else "no"
    meant = project_of(controller)
    if meant == project:
        is_its_own = controller in PROJECTS[project].controllers or project == "contour"
        return "yes" if is_its_own and one.is_only else "perhaps"
    if project == "traefik" and meant == "ingress-nginx":
        return "perhaps"  # its provider for Ingresses of ingress-nginx, where that is switched on
    # Contour goes by the name of the class
    return "perhaps" if project == "contour" and not meant else "no"


def _takes_annotation(one: Controller, project: str, name: str, which: Decoded | None) -> Answer:
    if project == "ingress-nginx":
        taken = one.flag(INGRESS_CLASS, "nginx")
        return "perhaps" if taken is None else "yes" if name == taken else "no"
    projects = by_custom(name) or ((project_of(controller_of(which)),) if which is not None else ())
    if project in projects:
        return "yes" if one.is_only else "perhaps"
    return "no" if any(projects) else "yes"


# --- the controllers of the input --------------------


def _controllers(columns: Columns, row_objects: Sequence[Decoded]) -> list[Controller]:
    """By the labels of their pods, those of one workload with the same flags together."""
    found: dict[tuple[int, tuple[str, ...], tuple[tuple[str, str], ...]], list[int]] = {}
    for row in range(columns.n):
        projects = projects_of(columns.labels_of(row))
        if projects:
            flags = flags_of(row_objects[row])
            found.setdefault((int(columns.workload[row]), projects, tuple(sorted(flags.items()))), []).append(row)
    return [
        Controller(
            tuple(rows),
            projects,
            dict(flags),
            all(number == other or set(projects).isdisjoint(others) for other, others, _ in found),
        )
        for (number, projects, flags), rows in found.items()
    ]


def flags_of(d: Decoded) -> dict[str, str]:
    """The flags of ingress-nginx on the command line of a pod, or of a workload's template."""
    value = d.value
    template = value.spec.template if isinstance(value, Workload) and value.spec else None
    spec = template.spec if template else value.spec if isinstance(value, Pod) else None
    flags: dict[str, str] = {}
    for container in (spec.containers if spec else None) or ():
        if isinstance(container, CommandContainer):
            for words in (container.command or (), container.args or ()):
                flags.update((name, value) for name, value, _ in flagged(words))
    return flags


def flagged(words: Sequence[object]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """The flags of a command line, in either way of writing them: name, value, the indexes of their words.

    >>> list(flagged(["--ingress-class", "inner", "--watch-ingress-without-class"]))
    [('--ingress-class', 'inner', (0, 1)), ('--watch-ingress-without-class', 'true', (2,))]
    """
    for index, word in enumerate(words):
        name, is_set, value = word.partition("=") if isinstance(word, str) else ("", "", "")
        if name not in FLAGS:
            continue
        if is_set:
            yield name, value, (index,)
        elif name in (WITHOUT_CLASS, BY_NAME):
            yield name, "true", (index,)
        elif index + 1 < len(words) and isinstance(words[index + 1], str):
            yield name, str(words[index + 1]), (index, index + 1)


def class_flags_of(words: Sequence[object]) -> list[object]:
    """Of a command line these flags alone, where they stood; "" in the place of every other word.

    >>> class_flags_of(["--v=2", "--ingress-class=inner"])
    ['', '--ingress-class=inner']
    """
    kept = {at for _, _, indexes in flagged(words) for at in indexes}
    return [word if at in kept else "" for at, word in enumerate(words)]
