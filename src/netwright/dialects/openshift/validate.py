"""What OpenShift refuses in a Route: the bounds of its CRD and `ValidateRoute` (openshift/library-go, pkg/route)."""

from __future__ import annotations

from netwright.base.spans import Pointer
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    check_port_number,
    check_subdomain,
    quoted,
)
from netwright.dialects.openshift.objects import Route, RouteSpec, RouteTarget, RouteTLS

_NOT_DNS = "route.openshift.io/allow-non-dns-compliant-host"
_INSECURE = {"passthrough": ("None", "Redirect"), "edge": ("None", "Allow", "Redirect")}
_INSECURE["reencrypt"] = _INSECURE["edge"]


def check_route(kind: str, route: Route) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, route.metadata)
    spec = route.spec
    if spec is None:
        raise Fault(("spec",), "is missing")
    if spec.host:
        if (route.metadata.annotations or {}).get(_NOT_DNS) != "true":
            check_subdomain(spec.host, ("spec", "host"))
        elif len(spec.host) > 253:
            raise Fault(("spec", "host"), f"has {len(spec.host)} characters; 253 are the most")
    if spec.path and not spec.path.startswith("/"):
        raise Fault(("spec", "path"), f"is {quoted(spec.path)}; a path begins with `/`")
    _check_target(spec.to or RouteTarget(), ("spec", "to"))
    others = spec.alternate_backends or ()
    if len(others) > 3:
        raise Fault(("spec", "alternateBackends"), f"has {len(others)} entries; 3 are the most")
    for index, target in enumerate(others):
        _check_target(target, ("spec", "alternateBackends", index))
    _check_port(spec)
    if spec.wildcard_policy not in (None, "", "None", "Subdomain"):
        raise Fault(("spec", "wildcardPolicy"), f"is {quoted(spec.wildcard_policy)}; it is `None` or `Subdomain`")
    if spec.wildcard_policy == "Subdomain" and not spec.host:
        raise Fault(("spec", "host"), "is missing; with `wildcardPolicy: Subdomain` it says of which domain")
    if spec.tls is not None:
        _check_tls(spec.tls, spec.path or "")


def _check_target(target: RouteTarget, at: Pointer) -> None:
    if target.kind not in (None, "", "Service"):
        raise Fault((*at, "kind"), f"is {quoted(target.kind)}; a Route leads to a `Service`")
    if not target.name:
        raise Fault((*at, "name"), "is missing; it names a Service")
    if target.weight is not None and not 0 <= target.weight <= 256:
        raise Fault((*at, "weight"), f"is {target.weight}; weights are 0 to 256")


def _check_port(spec: RouteSpec) -> None:
    if spec.port is None:
        return
    port = spec.port.target_port
    at: Pointer = ("spec", "port", "targetPort")
    if port is None or port in ("", 0):
        raise Fault(at, "is missing; it is the name of the Service's port, or the number of the pods'")
    if isinstance(port, int):
        check_port_number(port, at)


def _check_tls(tls: RouteTLS, path: str) -> None:
    at: Pointer = ("spec", "tls")
    if tls.termination not in _INSECURE:
        what = f"is {quoted(tls.termination)}" if tls.termination else "is missing"
        raise Fault((*at, "termination"), f"{what}; it is `edge`, `passthrough` or `reencrypt`")
    if tls.termination == "passthrough" and path:
        raise Fault(("spec", "path"), "stands beside `termination: passthrough`; the router sees no path there")
    policy = tls.insecure_edge_termination_policy
    if policy and policy not in _INSECURE[tls.termination]:
        listed = ", ".join(f"`{one}`" for one in _INSECURE[tls.termination])
        raise Fault(
            (*at, "insecureEdgeTerminationPolicy"), f"is {quoted(policy)}; with `{tls.termination}` it is {listed}"
        )
