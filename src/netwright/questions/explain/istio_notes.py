"""What `explain` says of Istio's kinds, after its reference at 1.28."""

from __future__ import annotations

from typing import Final

_SECURITY: Final = "security.istio.io"
ISTIO_NOTES: Final[dict[tuple[str, str], str]] = {
    (_SECURITY, "AuthorizationPolicy"): (
        "Which connections and requests the mesh lets in to the selected pods, beside what the CNI does: each of the "
        "two must permit. Only pods in the mesh enforce it, and only for TCP."
    ),
    (_SECURITY, "PeerAuthentication"): (
        "Whether pods in the mesh take mutual TLS only (STRICT), plaintext too (PERMISSIVE), or plaintext (DISABLE)."
    ),
    (_SECURITY, "RequestAuthentication"): (
        "Which tokens of requests are valid. Requests with another one are refused, those without one pass: it decides "
        "nothing of a connection by itself."
    ),
    ("networking.istio.io", "DestinationRule"): (
        "Read as far as it sets the TLS that clients speak to a Service: where it may, what needs mutual TLS is "
        "undecided."
    ),
}
ISTIO_RULES_OF_THUMB: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (_SECURITY, "AuthorizationPolicy"): (
        "CUSTOM is read first, then DENY, then ALLOW. Where an ALLOW policy acts, what none matches is denied.",
        "`spec: {}` allows nothing; `rules: [{}]` allows everything, or with `action: DENY` denies everything.",
        "Within a source or an operation all fields must hold; of a list one entry is enough.",
        "`principals` and `namespaces` need mutual TLS. Plaintext matches none of them, and all of `notPrincipals`.",
        "`ports` are the pod's, not the Service's.",
        "Methods, paths and hosts are not read on TCP ports: an ALLOW rule with them never matches there, a DENY rule "
        "matches as if they were not there.",
        "In ambient mode without a waypoint nothing of HTTP is read, and CUSTOM does nothing.",
        "One in the root namespace (istio-system) is for all namespaces.",
    ),
    (_SECURITY, "PeerAuthentication"): (
        "The narrowest one holds: of the port, the workload, the namespace, the mesh. Without any it is PERMISSIVE.",
        "Ports have modes of their own only beside a selector, and are the pod's.",
        "In the root namespace one without a selector is for the whole mesh; one with a selector has no effect.",
        "Under STRICT clients outside the mesh are refused, those that a NodePort leads in too.",
    ),
}
