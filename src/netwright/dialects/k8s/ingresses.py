"""Ingresses: which Service each of their paths leads to, and through whom."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.base.spans import Origin
from netwright.dialects.k8s.ingress_classes import proxies
from netwright.dialects.k8s.objects import Ingress, IngressBackend
from netwright.model.cluster import IngressRoute
from netwright.model.columns import Columns
from netwright.model.document import Decoded, of_kinds


def lower_ingresses(
    objects: Sequence[Decoded], columns: Columns, row_objects: Sequence[Decoded]
) -> tuple[IngressRoute, ...]:
    """Every path of every Ingress, the default backend included. `row_objects` are the objects behind the rows."""
    out: list[IngressRoute] = []
    ingresses = of_kinds(objects, "Ingress")
    if not ingresses:
        return ()
    proxy_of = proxies(objects, columns, row_objects)
    for d in ingresses:
        if not isinstance(d.value, Ingress) or d.value.spec is None:
            continue
        spec = d.value.spec
        class_name, proxy = proxy_of(d.namespace, d.value)
        found: list[tuple[str, str, IngressBackend | None, tuple[str | int, ...]]] = []
        if spec.default_backend:
            found.append(("", "", spec.default_backend, ("spec", "defaultBackend")))
        for i, rule in enumerate(spec.rules or ()):
            for j, path in enumerate((rule.http.paths if rule.http else None) or ()):
                found.append(
                    (rule.host or "", path.path or "/", path.backend, ("spec", "rules", i, "http", "paths", j))
                )
        for host, path_text, backend, pointer in found:
            if backend is None or backend.service is None:
                continue
            port = backend.service.port
            out.append(
                IngressRoute(
                    namespace=d.namespace,
                    name=d.name,
                    class_name=class_name,
                    host=host,
                    path=path_text,
                    service=backend.service.name,
                    port=(port.name or str(port.number or "")) if port else "",
                    origin=Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place),
                    proxy=proxy,
                )
            )
    return tuple(out)
