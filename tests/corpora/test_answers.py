"""Answers about applications that others wrote, derived by reading their manifests with the text of the API at hand.

A row is `FROM TO[:PORT] PROTOCOL VERDICT`. 203.0.113.9 stands for an address outside the cluster.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright


def ask(sources: list[Path], table: str) -> None:
    """Every row of the table has its verdict; all that have not are shown together."""
    rows = [line.split("#")[0].split() for line in table.splitlines() if line.split("#")[0].strip()]
    queries: list[dict[str, object]] = []
    for source, target, protocol, _ in rows:
        to, _, port = target.partition(":")
        queries.append({"from": source, "to": to, "protocol": protocol} | ({"port": int(port)} if port else {}))
    answers = netwright.load([str(source) for source in sources]).eval(queries)
    assert len(answers) == len(rows)
    wrong = [
        f"{' '.join(row)}, but the answer is {answer.verdict}"
        for row, answer in zip(rows, answers, strict=True)
        if answer.verdict != row[3]
    ]
    assert not wrong, "\n".join(wrong)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def pods(*rows: str) -> str:
    """Manifests of pods from rows `NAMESPACE/NAME LABEL=VALUE,…`, each with a port 80."""
    documents = []
    for row in rows:
        reference, _, labels = row.partition(" ")
        namespace, _, name = reference.partition("/")
        listed = ", ".join(
            f"{key}: {value}" for key, _, value in (one.partition("=") for one in labels.split(",") if one)
        )
        documents.append(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{{listed}}}}}\n"
            "spec: {containers: [{name: c, image: example/c:1, ports: [{containerPort: 80}]}]}\n"
        )
    return "---\n".join(documents)


def namespaces(*rows: str) -> str:
    """Manifests of namespaces from rows `NAME LABEL=VALUE`."""
    documents = []
    for row in rows:
        name, _, label = row.partition(" ")
        key, _, value = label.partition("=")
        listed = f"{key}: {value}" if label else ""
        documents.append(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{listed}}}}}\n")
    return "---\n" + "---\n".join(documents)


# --- online-boutique --------------------------------------------------------------------------------------------------
# Every service has a policy of its own for ingress and allows all egress; `deny-all` isolates everything in the
# namespace, both ways, and decides alone for pods that no other policy selects.

BOUTIQUE = """
default/frontend              default/adservice:9555              TCP  allow
default/frontend              svc/default/adservice:9555          TCP  allow
default/frontend              default/adservice:9556              TCP  deny
default/frontend              default/adservice:9555              UDP  deny
default/frontend              default/adservice:9555              SCTP deny
default/frontend              default/adservice                   ICMP undecided  # ports are given: ICMP is left open
default/checkoutservice       default/adservice:9555              TCP  deny
default/frontend              default/cartservice:7070            TCP  allow
default/checkoutservice       default/cartservice:7070            TCP  allow
default/recommendationservice default/cartservice:7070            TCP  deny
default/cartservice           default/redis-cart:6379             TCP  allow
default/cartservice           svc/default/redis-cart:6379         TCP  allow
default/frontend              default/redis-cart:6379             TCP  deny
default/frontend              svc/default/redis-cart:6379         TCP  deny
default/redis-cart            default/cartservice:7070            TCP  deny
default/frontend              default/checkoutservice:5050        TCP  allow
default/loadgenerator         default/checkoutservice:5050        TCP  deny
default/frontend              default/currencyservice:7000        TCP  allow
default/checkoutservice       default/currencyservice:7000        TCP  allow
default/adservice             default/currencyservice:7000        TCP  deny
default/checkoutservice       svc/default/emailservice:5000       TCP  allow  # the policy sees the target port, 8080
default/checkoutservice       default/emailservice:8080           TCP  allow
default/checkoutservice       default/emailservice:5000           TCP  deny
default/frontend              svc/default/emailservice:5000       TCP  deny
default/checkoutservice       default/paymentservice:50051        TCP  allow
default/frontend              default/paymentservice:50051        TCP  deny
default/frontend              default/shippingservice:50051       TCP  allow
default/checkoutservice       default/shippingservice:50051       TCP  allow
default/cartservice           default/shippingservice:50051       TCP  deny
default/recommendationservice default/productcatalogservice:3550  TCP  allow
default/adservice             default/productcatalogservice:3550  TCP  deny
default/checkoutservice       default/recommendationservice:8080  TCP  deny
default/loadgenerator         default/frontend:8080               TCP  allow
default/loadgenerator         svc/default/frontend:80             TCP  allow
default/redis-cart            default/frontend:9999               UDP  allow  # `ingress: [{}]` and `egress: [{}]`
default/frontend              default/loadgenerator:80            TCP  deny   # only `deny-all` speaks of its ingress
203.0.113.9                   default/frontend:8080               TCP  allow
203.0.113.9                   svc/default/frontend-external:80    TCP  allow
203.0.113.9                   default/adservice:9555              TCP  deny
203.0.113.9                   default/loadgenerator:80            TCP  deny
default/loadgenerator         203.0.113.9:443                     TCP  allow
default/frontend              198.51.100.53:53                    UDP  allow
default/cartservice           10.96.0.10:53                       UDP  allow
default/debug                 default/frontend:8080               TCP  deny   # isolated by `deny-all` on its own side
default/debug                 198.51.100.53:53                    UDP  deny
default/debug                 203.0.113.9:443                     TCP  deny
default/frontend              default/debug:80                    TCP  deny
other/client                  default/frontend:8080               TCP  allow
other/client                  svc/default/frontend:80             TCP  allow
other/client                  default/adservice:9555              TCP  deny   # a `frontend`, but of another namespace
default/cartservice           other/client:80                     TCP  allow
"""


def test_online_boutique(corpora: Path, tmp_path: Path) -> None:
    extra = written(tmp_path, "pods.yaml", pods("default/debug app=debug", "other/client app=frontend"))
    folder = corpora / "online-boutique"
    ask([folder / "release", folder / "kustomize" / "components" / "network-policies", extra], BOUTIQUE)


# --- bookinfo ---------------------------------------------------------------------------------------------------------
# It comes without policies: nothing is isolated. Its Gateways and routes only expose.

BOOKINFO = """
default/productpage-v1  default/details-v1:9080     TCP  allow
default/productpage-v1  svc/default/details:9080    TCP  allow
default/productpage-v1  svc/default/reviews:9080    TCP  allow
default/reviews-v1      default/ratings-v1:9080     TCP  allow
default/reviews-v3      svc/default/ratings:9080    TCP  allow
default/ratings-v1      default/productpage-v1:9080 TCP  allow
default/details-v1      default/reviews-v2:9999     UDP  allow
default/ratings-v1      default/details-v1          ICMP allow
203.0.113.9             default/productpage-v1:9080 TCP  allow
default/details-v1      203.0.113.9:443             TCP  allow
default/details-v1      198.51.100.53:53            UDP  allow
"""

BOOKINFO_POLICIES = """
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: dns}
spec:
  podSelector: {matchExpressions: [{key: version, operator: Exists}]}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: productpage}
spec:
  podSelector: {matchLabels: {app: productpage}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}]
      ports: [{port: 9080}]
  egress:
    - to: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [details, reviews]}]}}]
      ports: [{port: 9080}]
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: details}
spec:
  podSelector: {matchLabels: {app: details}}
  ingress: [{from: [{podSelector: {matchLabels: {app: productpage}}}], ports: [{port: 9080}]}]
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: reviews}
spec:
  podSelector: {matchLabels: {app: reviews}}
  ingress: [{from: [{podSelector: {matchLabels: {app: productpage}}}], ports: [{port: 9000, endPort: 9100}]}]
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: reviews-to-ratings}
spec:
  podSelector:
    matchExpressions: [{key: app, operator: In, values: [reviews]}, {key: version, operator: NotIn, values: [v1]}]
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app: ratings}}}]}]
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: ratings}
spec:
  podSelector: {matchLabels: {app: ratings}}
  ingress: [{from: [{podSelector: {matchLabels: {app: reviews}}}]}]
"""

BOOKINFO_ISOLATED = """
default/productpage-v1  default/details-v1:9080     TCP  allow
default/productpage-v1  svc/default/details:9080    TCP  allow
default/productpage-v1  default/details-v1:9081     TCP  deny
default/productpage-v1  default/reviews-v1:9080     TCP  allow
default/productpage-v1  default/reviews-v2:9080     TCP  allow
default/productpage-v1  svc/default/reviews:9080    TCP  allow
default/productpage-v1  default/reviews-v3:9100     TCP  deny   # in the range of `reviews`, but egress opens 9080 only
default/productpage-v1  default/ratings-v1:9080     TCP  deny
default/reviews-v1      default/ratings-v1:9080     TCP  deny   # no egress for v1
default/reviews-v2      default/ratings-v1:9080     TCP  allow
default/reviews-v3      default/ratings-v1:9080     TCP  allow
default/reviews-v3      svc/default/ratings:9080    TCP  allow
default/reviews-v1      svc/default/ratings:9080    TCP  deny
default/reviews-v2      default/ratings-v1:5000     UDP  allow  # no ports on either side
default/details-v1      default/ratings-v1:9080     TCP  deny
default/ratings-v1      default/reviews-v2:9080     TCP  deny   # replies need no rule, new connections do
default/reviews-v2      default/reviews-v3:9080     TCP  deny
default/details-v1      default/productpage-v1:9080 TCP  deny
203.0.113.9             default/productpage-v1:9080 TCP  allow
203.0.113.127           default/productpage-v1:9080 TCP  allow
203.0.113.128           default/productpage-v1:9080 TCP  deny   # in `except`
198.51.100.7            default/productpage-v1:9080 TCP  deny
203.0.113.9             default/productpage-v1:80   TCP  deny
203.0.113.9             default/details-v1:9080     TCP  deny
default/details-v1      198.51.100.53:53            UDP  allow
default/details-v1      198.51.100.53:53            TCP  allow
default/details-v1      198.51.100.53:853           TCP  deny
default/ratings-v1      203.0.113.9:53              UDP  deny
default/productpage-v1  203.0.113.9:443             TCP  deny   # it may answer there, not begin
default/reviews-v2      203.0.113.9:443             TCP  deny
"""


def test_bookinfo(corpora: Path) -> None:
    ask([corpora / "bookinfo"], BOOKINFO)


def test_bookinfo_with_policies(corpora: Path, tmp_path: Path) -> None:
    policies = written(tmp_path, "policies.yaml", BOOKINFO_POLICIES)
    ask([corpora / "bookinfo" / "samples" / "bookinfo" / "platform", policies], BOOKINFO_ISOLATED)


# --- sock-shop --------------------------------------------------------------------------------------------------------
# `cortex-access` selects every pod (`matchLabels` is null), so all are isolated for ingress and none for egress. The
# policy for the cart service selects `name: cart`; the pods are called `carts`, so nothing reaches them, and the policy
# of their database lets in `name: cart` only. `session-db` and `queue-master` have no policy of their own.

SOCKS = """
sock-shop/front-end      sock-shop/catalogue:80        TCP  allow
sock-shop/front-end      svc/sock-shop/catalogue:80    TCP  allow
sock-shop/front-end      sock-shop/catalogue:80        SCTP deny
sock-shop/front-end      sock-shop/catalogue:81        TCP  deny
sock-shop/orders         sock-shop/catalogue:80        TCP  deny
sock-shop/front-end      sock-shop/carts:80            TCP  deny   # the policy means pods that are not there
sock-shop/front-end      svc/sock-shop/carts:80        TCP  deny
sock-shop/orders         sock-shop/carts:80            TCP  deny
sock-shop/carts          sock-shop/carts-db:27017      TCP  deny
sock-shop/carts          svc/sock-shop/carts-db:27017  TCP  deny
sock-shop/catalogue      sock-shop/catalogue-db:3306   TCP  allow
sock-shop/catalogue      svc/sock-shop/catalogue-db:3306 TCP allow
sock-shop/front-end      sock-shop/catalogue-db:3306   TCP  deny
sock-shop/front-end      sock-shop/orders:80           TCP  allow
sock-shop/orders         sock-shop/orders-db:27017     TCP  allow
sock-shop/user           sock-shop/orders-db:27017     TCP  deny
sock-shop/orders         sock-shop/payment:80          TCP  allow
sock-shop/front-end      sock-shop/payment:80          TCP  deny
sock-shop/orders         sock-shop/shipping:80         TCP  allow
sock-shop/front-end      sock-shop/shipping:80         TCP  deny
sock-shop/shipping       sock-shop/rabbitmq:5672       TCP  allow
sock-shop/queue-master   sock-shop/rabbitmq:5672       TCP  allow
sock-shop/shipping       svc/sock-shop/rabbitmq:5672   TCP  allow
sock-shop/shipping       svc/sock-shop/rabbitmq:9090   TCP  deny   # its target is the named port `exporter`
sock-shop/shipping       sock-shop/rabbitmq:15672      TCP  deny
sock-shop/orders         sock-shop/rabbitmq:5672       TCP  deny
sock-shop/front-end      sock-shop/user:80             TCP  allow
sock-shop/orders         sock-shop/user:80             TCP  allow
sock-shop/carts          sock-shop/user:80             TCP  deny
sock-shop/user           sock-shop/user-db:27017       TCP  allow
sock-shop/user           sock-shop/user-db:27017       UDP  deny
sock-shop/front-end      sock-shop/session-db:6379     TCP  deny
sock-shop/shipping       sock-shop/queue-master:80     TCP  deny
sock-shop/orders         sock-shop/front-end:8079      TCP  allow
sock-shop/orders         svc/sock-shop/front-end:80    TCP  allow  # the service's 80 is the pod's 8079
sock-shop/orders         sock-shop/front-end:80        TCP  deny
203.0.113.9              sock-shop/front-end:8079      TCP  allow
203.0.113.9              sock-shop/front-end:80        TCP  deny
203.0.113.9              sock-shop/catalogue:80        TCP  deny
203.0.113.9              sock-shop/rabbitmq:5672       TCP  deny
sock-shop/carts          203.0.113.9:443               TCP  allow
sock-shop/session-db     198.51.100.53:53              UDP  allow
sock-shop/catalogue-db   10.96.0.10:53                 UDP  allow
other/front-end          sock-shop/catalogue:80        TCP  deny   # the same labels, another namespace
other/front-end          sock-shop/front-end:8079      TCP  allow
sock-shop/catalogue      other/front-end:80            TCP  allow
"""

# With pods of the names that the policies wait for.
SOCKS_COMPLETED = """
sock-shop/front-end      sock-shop/cart:80             TCP  allow
sock-shop/orders         sock-shop/cart:80             TCP  allow
sock-shop/user           sock-shop/cart:80             TCP  deny
sock-shop/front-end      sock-shop/cart:81             TCP  deny
sock-shop/cart           sock-shop/carts-db:27017      TCP  allow
sock-shop/carts          sock-shop/carts-db:27017      TCP  deny
sock-shop/cortex         sock-shop/carts:80            TCP  allow
sock-shop/cortex         sock-shop/session-db:6379     TCP  allow
sock-shop/cortex         sock-shop/rabbitmq:9090       TCP  allow
sock-shop/cortex         sock-shop/rabbitmq:9          UDP  allow  # `cortex-access` has no ports
sock-shop/carts          sock-shop/cortex:80           TCP  deny
other/cortex             sock-shop/carts:80            TCP  deny
"""


def test_sock_shop(corpora: Path, tmp_path: Path) -> None:
    extra = written(tmp_path, "pods.yaml", pods("other/front-end name=front-end"))
    ask([corpora / "sock-shop", extra], SOCKS)


def test_sock_shop_with_the_pods_its_policies_mean(corpora: Path, tmp_path: Path) -> None:
    text = pods("sock-shop/cart name=cart", "sock-shop/cortex name=cortex", "other/cortex name=cortex")
    ask([corpora / "sock-shop", written(tmp_path, "pods.yaml", text)], SOCKS_COMPLETED)


# --- policy-recipes ---------------------------------------------------------------------------------------------------

RECIPE_CLUSTER = pods(
    "default/web app=web",
    "default/client app=client",
    "default/api app=bookstore,role=api",
    "default/front app=bookstore,role=frontend",
    "default/search app=bookstore,role=search",
    "default/db app=bookstore,role=db",
    "default/inventory app=inventory,role=web",
    "default/apiserver app=apiserver",
    "default/monitor role=monitoring",
    "default/foo app=foo",
    "prod/client app=client",
    "dev/client app=client",
    "dev/book app=bookstore,role=api",
    "dev/monitor type=monitoring,role=monitoring",
    "ops/monitor type=monitoring",
    "ops/other type=backup",
    "kube-system/dns k8s-app=kube-dns",
    "kube-system/other k8s-app=metrics",
) + namespaces("default", "prod purpose=production", "dev purpose=testing", "ops team=operations", "kube-system")

RECIPES: dict[tuple[str, ...], str] = {
    ("01-deny-all-traffic-to-an-application",): """
        default/client  default/web:80     TCP  deny
        default/client  default/web:80     UDP  deny
        prod/client     default/web:80     TCP  deny
        203.0.113.9     default/web:80     TCP  deny
        default/web     default/client:80  TCP  allow
        default/web     203.0.113.9:443    TCP  allow
        default/client  default/api:80     TCP  allow
    """,
    ("02-limit-traffic-to-an-application",): """
        default/front   default/api:80     TCP  allow
        default/db      default/api:8080   UDP  allow
        default/client  default/api:80     TCP  deny
        dev/book        default/api:80     TCP  deny   # a peer without namespaceSelector is of the policy's namespace
        203.0.113.9     default/api:80     TCP  deny
        default/client  default/front:80   TCP  allow
        default/api     default/client:80  TCP  allow
    """,
    ("02a-allow-all-traffic-to-an-application",): """
        default/client  default/web:80     TCP  allow
        dev/client      default/web:9      UDP  allow
        203.0.113.9     default/web:80     TCP  allow
    """,
    ("01-deny-all-traffic-to-an-application", "02a-allow-all-traffic-to-an-application"): """
        default/client  default/web:80     TCP  allow  # policies add up
        203.0.113.9     default/web:80     TCP  allow
    """,
    ("03-deny-all-non-whitelisted-traffic-in-the-namespace",): """
        default/client  default/web:80     TCP  deny
        dev/client      default/api:80     TCP  deny
        203.0.113.9     default/foo:80     TCP  deny
        default/client  dev/client:80      TCP  allow
        default/client  203.0.113.9:443    TCP  allow
        prod/client     dev/client:80      TCP  allow
    """,
    ("03-deny-all-non-whitelisted-traffic-in-the-namespace", "02a-allow-all-traffic-to-an-application"): """
        default/client  default/web:80     TCP  allow
        default/client  default/api:80     TCP  deny
    """,
    ("04-deny-traffic-from-other-namespaces",): """
        default/client  default/web:80     TCP  allow
        default/foo     default/api:80     SCTP allow
        dev/client      default/web:80     TCP  deny
        prod/client     default/foo:80     TCP  deny
        203.0.113.9     default/web:80     TCP  deny
        default/web     dev/client:80      TCP  allow
    """,
    ("05-allow-traffic-from-all-namespaces",): """
        default/client  default/web:80     TCP  allow
        dev/client      default/web:80     TCP  allow
        kube-system/dns default/web:80     UDP  allow
        203.0.113.9     default/web:80     TCP  deny   # all namespaces are not all addresses
        203.0.113.9     default/api:80     TCP  allow
    """,
    ("06-allow-traffic-from-a-namespace",): """
        prod/client     default/web:80     TCP  allow
        dev/client      default/web:80     TCP  deny
        default/client  default/web:80     TCP  deny
        203.0.113.9     default/web:80     TCP  deny
    """,
    ("07-allow-traffic-from-some-pods-in-another-namespace",): """
        ops/monitor     default/web:80     TCP  allow
        ops/other       default/web:80     TCP  deny
        dev/monitor     default/web:80     TCP  deny   # one entry: namespace and pod, not one of them
        default/monitor default/web:80     TCP  deny
        203.0.113.9     default/web:80     TCP  deny
    """,
    ("08-allow-external-traffic",): """
        203.0.113.9     default/web:80     TCP  allow
        203.0.113.9     default/web:53     UDP  allow
        dev/client      default/web:80     TCP  allow
    """,
    ("09-allow-traffic-only-to-a-port",): """
        default/monitor default/apiserver:5000 TCP  allow
        default/monitor default/apiserver:5000 UDP  deny  # a port without protocol is TCP
        default/monitor default/apiserver:8000 TCP  deny
        default/client  default/apiserver:5000 TCP  deny
        dev/monitor     default/apiserver:5000 TCP  deny
        203.0.113.9     default/apiserver:5000 TCP  deny
    """,
    ("10-allowing-traffic-with-multiple-selectors",): """
        default/search    default/db:6379  TCP  allow
        default/api       default/db:6379  TCP  allow
        default/inventory default/db:6379  TCP  allow
        default/front     default/db:6379  TCP  deny
        default/client    default/db:6379  TCP  deny
        dev/book          default/db:6379  TCP  deny
        203.0.113.9       default/db:6379  TCP  deny
    """,
    # Two policies of one name: the second replaces the first, as `kubectl apply` of the file does.
    ("11-deny-egress-traffic-from-an-application",): """
        default/foo     kube-system/dns:53   UDP  allow
        default/foo     kube-system/dns:53   TCP  allow
        default/foo     kube-system/dns:80   TCP  deny
        default/foo     kube-system/other:53 UDP  deny
        default/foo     default/client:80    TCP  deny
        default/foo     203.0.113.9:443      TCP  deny
        default/foo     198.51.100.53:53     UDP  deny
        default/client  default/foo:80       TCP  allow
        default/client  203.0.113.9:443      TCP  allow
    """,
    ("12-deny-all-non-whitelisted-traffic-from-the-namespace",): """
        default/client  default/web:80       TCP  deny
        default/client  203.0.113.9:443      TCP  deny
        default/client  kube-system/dns:53   UDP  deny
        dev/client      default/web:80       TCP  allow
        203.0.113.9     default/web:80       TCP  allow
    """,
    ("14-deny-external-egress-traffic",): """
        default/foo     kube-system/dns:53   UDP  allow
        default/foo     kube-system/dns:53   TCP  allow
        default/foo     kube-system/dns:53   SCTP deny
        default/foo     203.0.113.9:443      TCP  deny
        default/foo     default/client:80    TCP  deny
        default/client  203.0.113.9:443      TCP  allow
        203.0.113.9     default/foo:80       TCP  allow
    """,
}


@pytest.mark.parametrize("recipes", RECIPES, ids="+".join)
def test_recipe(corpora: Path, tmp_path: Path, recipes: tuple[str, ...]) -> None:
    cluster = written(tmp_path, "cluster.yaml", RECIPE_CLUSTER)
    ask([*(corpora / "policy-recipes" / f"{recipe}.yaml" for recipe in recipes), cluster], RECIPES[recipes])


def test_every_recipe_is_asked(corpora: Path) -> None:
    asked = {recipe for recipes in RECIPES for recipe in recipes}
    assert {path.stem for path in (corpora / "policy-recipes").iterdir()} == asked


# --- network-policy-api: the user stories -----------------------------------------------------------------------------
# Stories 1, 2, 3 and 5 of the documentation, a policy each; the manifests of story 4 are no YAML. A policy isolates
# nothing, and Accept of egress says nothing of the ingress at the destination.

STORY_CLUSTER = pods(
    "sensitive-ns/vault app=vault",
    "monitoring-ns/prometheus app=prometheus",
    "kube-system/dns app=kube-dns",
    "kube-system/other app=other",
    "bar-ns-1/pub app=svc-pub",
    "bar-ns-1/private app=private",
    "foo-ns/web app=web",
    "shut-ns/web app=web",
    "open-ns/web app=web",
) + namespaces(
    *("sensitive-ns", "monitoring-ns", "kube-system", "bar-ns-1", "foo-ns", "shut-ns", "open-ns"),
)
STORY_POLICIES = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nothing, namespace: shut-ns}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: everything, namespace: open-ns}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: everything, namespace: sensitive-ns}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
"""
STORIES = {
    # Nobody in the cluster reaches the sensitive namespace, whatever NetworkPolicies admit.
    "1": """
        foo-ns/web           sensitive-ns/vault:80  TCP  deny
        foo-ns/web           sensitive-ns/vault     ICMP deny
        monitoring-ns/prometheus sensitive-ns/vault:80 TCP deny
        sensitive-ns/vault   foo-ns/web:80          TCP  allow  # only ingress is denied
        sensitive-ns/vault   sensitive-ns/vault:80  TCP  allow  # itself
        203.0.113.9          sensitive-ns/vault:80  TCP  allow  # no pod: the NetworkPolicy admits it
        foo-ns/web           open-ns/web:80         TCP  allow
        foo-ns/web           shut-ns/web:80         TCP  deny
    """,
    # Monitoring reaches everybody, and everybody reaches DNS, whatever NetworkPolicies isolate.
    "2": """
        monitoring-ns/prometheus shut-ns/web:9090   TCP  allow
        monitoring-ns/prometheus foo-ns/web:9090    TCP  allow
        foo-ns/web               shut-ns/web:9090   TCP  deny
        shut-ns/web              kube-system/dns:53 UDP  allow
        shut-ns/web              kube-system/dns:53 TCP  allow
        shut-ns/web              kube-system/other:53 UDP deny
        shut-ns/web              monitoring-ns/prometheus:80 TCP deny
        shut-ns/web              203.0.113.9:443    TCP  deny
        203.0.113.9              shut-ns/web:80     TCP  deny
        foo-ns/web               sensitive-ns/vault:80 TCP allow
    """,
    # The public service is left to the NetworkPolicies of whoever connects.
    "3": """
        shut-ns/web   bar-ns-1/pub:8080      TCP  deny
        open-ns/web   bar-ns-1/pub:8080      TCP  allow
        foo-ns/web    bar-ns-1/pub:8080      TCP  allow
        foo-ns/web    bar-ns-1/pub:53        UDP  allow
        foo-ns/web    bar-ns-1/private:8080  TCP  allow
        shut-ns/web   bar-ns-1/private:8080  TCP  deny
    """,
    # Between pods all is denied that no NetworkPolicy speaks of.
    "5": """
        foo-ns/web    bar-ns-1/pub:80        TCP  deny
        foo-ns/web    bar-ns-1/pub           ICMP deny
        foo-ns/web    open-ns/web:80         TCP  allow  # its NetworkPolicy admits
        foo-ns/web    sensitive-ns/vault:80  TCP  allow
        foo-ns/web    shut-ns/web:80         TCP  deny
        open-ns/web   foo-ns/web:80          TCP  deny   # its own NetworkPolicy is for its own end
        foo-ns/web    kube-system/dns:53     UDP  deny
        203.0.113.9   foo-ns/web:80          TCP  allow
        foo-ns/web    203.0.113.9:443        TCP  allow
    """,
}


@pytest.mark.parametrize("story", STORIES)
def test_user_story(corpora: Path, tmp_path: Path, story: str) -> None:
    cluster = written(tmp_path, "cluster.yaml", STORY_CLUSTER)
    policies = written(tmp_path, "policies.yaml", STORY_POLICIES)
    folder = corpora / "network-policy-api" / "site-src" / "user-story-examples"
    ask([folder / f"user-story-{story}.yaml", cluster, policies], STORIES[story])


def test_every_user_story_that_is_yaml_is_asked(corpora: Path) -> None:
    folder = corpora / "network-policy-api" / "site-src" / "user-story-examples"
    read = {
        path.stem.removeprefix("user-story-")
        for path in folder.iterdir()
        if not netwright.load(str(path)).accounting.unreadable
    }
    assert read == set(STORIES)


# --- network-policy-api: the demonstrations ---------------------------------------------------------------------------
# anp1 (1) allows TCP 80, anp2 (2) passes, anp3 (3) denies TCP 81; a NetworkPolicy isolates `a`; the baseline denies.

KUBECON = """
    demo/b        demo/a:80   TCP  allow  # anp1, before the NetworkPolicy
    demo/b        demo/a:81   TCP  deny   # passed on to the NetworkPolicy, which isolates
    demo/b        demo/a:80   UDP  deny   # no admin policy: isolated
    demo/a        demo/b:80   TCP  allow  # anp1
    demo/a        demo/b:81   TCP  deny   # passed on past anp3, not isolated: the baseline
    demo/a        demo/b:82   TCP  deny
    other/c       demo/b:80   TCP  allow
    other/c       demo/b:81   TCP  deny
    demo/b        other/c:81  TCP  allow  # no subject
    203.0.113.9   demo/b:81   TCP  allow  # the peers are pods
    203.0.113.9   demo/a:80   TCP  deny   # isolated
"""
WALKTHROUGH = """
    demo/b        demo/a:80   TCP  allow  # anp1
    dev/d         demo/a:80   TCP  allow
    dev/d         demo/a:81   TCP  deny   # passed on, isolated by the NetworkPolicy
    demo/b        demo/a:81   TCP  deny
    dev/d         demo/b:81   TCP  deny   # passed on, not isolated: the baseline
    demo/a        demo/b:80   TCP  allow
    demo/a        demo/b:81   TCP  deny   # the baseline
    demo/a        other/c:80  TCP  allow
    demo/a        other/c:81  TCP  deny   # every namespace is a subject
    203.0.113.9   demo/b:81   TCP  allow
"""


@pytest.mark.parametrize(("demo", "table"), [("kubecon-eu-2024", KUBECON), ("walkthrough", WALKTHROUGH)])
def test_demonstration(corpora: Path, tmp_path: Path, demo: str, table: str) -> None:
    folder = corpora / "network-policy-api" / "cmd" / "policy-assistant" / "examples" / "demos"
    extra = written(
        tmp_path,
        "more.yaml",
        pods("other/c pod=c", "dev/d pod=d") + namespaces('dev development="true"', "other", "demo"),
    )
    workloads = [folder / "walkthrough" / f"demo-{name}.yaml" for name in ("deployment-a", "pod-b")]
    ask([folder / demo / "policies", *workloads, extra], table)
