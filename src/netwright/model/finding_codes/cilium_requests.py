"""NW2530 to NW2536: names and requests in Cilium's policies."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.cilium_selectors import cilium, from_pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

TO_NAME: Final = "egress: {toFQDNs: [{matchName: api.example.com}]}"


def dns(*names: str) -> str:
    """An entry for DNS with rules for names."""
    return (
        'egress: {toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}], '
        f'toPorts: [{{ports: [{{port: "53", protocol: ANY}}], rules: {{dns: [{", ".join(names)}]}}}}]}}'
    )


def http(request: str) -> str:
    return (
        f"ingress: {{{from_pods('app: db')}, "
        f'toPorts: [{{ports: [{{port: "8080", protocol: TCP}}], rules: {{http: [{request}]}}}}]}}'
    )


TO_DB: Final = "egress: {toEndpoints: [{matchLabels: {app: db}}]}"
EVERY_NAME: Final = dns("{matchPattern: '*'}")

CILIUM_REQUESTS: Final = (
    FindingCode(
        code="NW2530",
        severity="error",
        title="names that Cilium never learns the addresses of",
        explanation=(
            "`toFQDNs` matches the addresses that Cilium saw in answers to DNS queries of the pods, and it sees "
            "those only that a rule with `rules: {dns: …}` sends through its proxy. No rule for these pods has any, "
            "so that the entry matches nothing."
        ),
        help="allow port 53 to the DNS servers with `rules: {dns: [{matchPattern: …}]}` for these pods",
        fails=manifest(WEB, DB, DENY, cilium(TO_NAME)),
        passes=manifest(WEB, DB, DENY, cilium(TO_NAME, EVERY_NAME)),
    ),
    FindingCode(
        code="NW2531",
        severity="error",
        title="a name that may be reached and not be looked up",
        explanation=(
            "The pods may connect to the name, and no rule for their DNS queries matches it: the proxy refuses the "
            "query, and Cilium learns no address of it."
        ),
        help="add the name to the `dns` rules of these pods",
        fails=manifest(WEB, DB, DENY, cilium(TO_NAME, dns("{matchPattern: '*.cluster.local'}"))),
        passes=manifest(WEB, DB, DENY, cilium(TO_NAME, dns("{matchPattern: '*.example.com'}"))),
    ),
    FindingCode(
        code="NW2532",
        severity="warning",
        title="toFQDNs with every name",
        explanation=(
            "The pattern `*` alone is every name. Whatever the pods ask DNS for they may connect to, so that the entry "
            "keeps them from bare addresses at most."
        ),
        help="name the domains that are needed",
        fails=manifest(WEB, DB, DENY, cilium("egress: {toFQDNs: [{matchPattern: '*'}]}", EVERY_NAME)),
        passes=manifest(WEB, DB, DENY, cilium("egress: {toFQDNs: [{matchPattern: '*.example.com'}]}", EVERY_NAME)),
    ),
    FindingCode(
        code="NW2533",
        severity="warning",
        title="a pattern of names that matches other domains",
        explanation=(
            "`*` stands for any letters within one label of a name. Beside letters of the domain itself it matches "
            "domains of others: `*example.com` matches `badexample.com`, which anybody can register."
        ),
        help="put a dot behind `*`: `*.example.com`",
        fails=manifest(WEB, DB, DENY, cilium("egress: {toFQDNs: [{matchPattern: '*example.com'}]}", EVERY_NAME)),
        passes=manifest(WEB, DB, DENY, cilium("egress: {toFQDNs: [{matchPattern: '*.example.com'}]}", EVERY_NAME)),
    ),
    FindingCode(
        code="NW2534",
        severity="warning",
        title="rules for requests that another entry opens",
        explanation=(
            "An entry for the same peers, as they are written, allows the ports of this one without rules for "
            "requests, for all of its pods. Cilium lets every request pass then, so that the rules limit nothing."
        ),
        help="delete the plain entry, or the rules",
        fails=manifest(
            WEB, DB, DENY, cilium(http("{method: GET, path: /health}"), f"ingress: {{{from_pods('app: db')}}}")
        ),
        passes=manifest(WEB, DB, DENY, cilium(http("{method: GET, path: /health}"))),
    ),
    FindingCode(
        code="NW2535",
        severity="warning",
        title="a path that is written as with wildcards",
        explanation=(
            "`path` is a regular expression that has to match all of the path. In one `*` repeats what stands before "
            "it: `/api/*` matches `/api` with any number of slashes, and not `/api/users`."
        ),
        help="write `/api/.*`",
        fails=manifest(WEB, DB, DENY, cilium(http("{method: GET, path: /api/*}"))),
        passes=manifest(WEB, DB, DENY, cilium(http("{method: GET, path: /api/.*}"))),
    ),
    FindingCode(
        code="NW2536",
        severity="warning",
        title="a method of HTTP in lower case",
        explanation=(
            "`method` is a regular expression for the method as it is sent, and methods are upper case (RFC 9110, "
            "section 9.1: they are case-sensitive). `get` matches no request of a usual client."
        ),
        help="write it in upper case",
        fails=manifest(WEB, DB, DENY, cilium(http("{method: get, path: /health}"))),
        passes=manifest(WEB, DB, DENY, cilium(http("{method: GET, path: /health}"))),
    ),
    FindingCode(
        code="NW2537",
        severity="warning",
        title="pods that Cilium's policies let connect and not ask for names",
        explanation=(
            "These pods are isolated for egress, a policy of Cilium lets them connect to pods, and no policy allows "
            "UDP to a port of DNS servers. Names of Services do not resolve for them. What other policies allow counts."
        ),
        help="allow port 53 to the DNS servers",
        fails=manifest(WEB, DB, DENY, cilium(TO_DB)),
        passes=manifest(WEB, DB, DENY, cilium(TO_DB, EVERY_NAME)),
    ),
)
