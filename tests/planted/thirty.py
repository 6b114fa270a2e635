"""Thirty mistakes that people make, chosen so that they do not meet: planted all at once they give these findings.

What is expected is read from the API's documents and from what `netwright explain CODE` promises, not from an answer.
"""

from __future__ import annotations

from tests.planted.planting import APP, EGRESS, INGRESS, NAMESPACE, POLICY, Mistake, edit

THIRTY = (
    Mistake(
        "NW2001",
        "the label of the policy's pods misspelt",
        "payments/settlement.yaml",
        "NetworkPolicy payments/settlement-bank",
        edit("name: settlement-bank", "podSelector:", old=f"{APP}: settlement", new=f"{APP}: settlment"),
    ),
    Mistake(
        "NW2003",
        "a client by the name that it has in talk, not by its label",
        "payments/ledger.yaml",
        "NetworkPolicy payments/ledger",
        edit(POLICY, INGRESS, old=f"{APP}: payments", new=f"{APP}: payment-service"),
    ),
    Mistake(
        "NW2004",
        "the team's label misspelt",
        "data/postgres.yaml",
        "NetworkPolicy data/postgres",
        edit(POLICY, INGRESS, old="example.com/team: checkout", new="example.com/team: chekout"),
    ),
    Mistake(
        "NW2005",
        "a label that pods of the other namespace do not have",
        "data/redis.yaml",
        "NetworkPolicy data/redis",
        edit(POLICY, INGRESS, old=f"{APP}: fraud", new=f"{APP}: fraud-detector"),
    ),
    Mistake(
        "NW2006",
        "the namespace of a client forgotten",
        "platform/mailer.yaml",
        "NetworkPolicy platform/mailer",
        edit(
            *(POLICY, INGRESS),
            old=f"""        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: orders
          podSelector:
""",
            new="        - podSelector:\n",
        ),
    ),
    Mistake(
        "NW2007",
        "a dash too many: two peers out of one",
        "platform/auth.yaml",
        "NetworkPolicy platform/auth",
        edit(
            *(POLICY, INGRESS, f"{NAMESPACE}: front\n"),
            old="          podSelector:\n            matchLabels:\n              app.kubernetes.io/name: gateway",
            new="        - podSelector:\n            matchLabels:\n              app.kubernetes.io/name: gateway",
        ),
    ),
    Mistake(
        "NW2008",
        "a namespace selected by `name`, a label that it does not have",
        "payments/payments.yaml",
        "NetworkPolicy payments/payments",
        edit(POLICY, INGRESS, old=f"{NAMESPACE}: front", new="name: front"),
    ),
    Mistake(
        "NW2101",
        "the port of a former version left beside the new one",
        "payments/ledger.yaml",
        "NetworkPolicy payments/ledger",
        edit(
            *(POLICY, INGRESS),
            old="          port: 9000\n",
            new="          port: 9000\n        - protocol: TCP\n          port: 9001\n",
        ),
    ),
    Mistake(
        "NW2102",
        "the Service's port where policy sees the container's",
        "orders/orders.yaml",
        "NetworkPolicy orders/orders",
        edit(POLICY, EGRESS, old="port: 8443", new="port: 443"),
    ),
    Mistake(
        "NW2104",
        "the port's name misspelt",
        "monitoring/alertmanager.yaml",
        "NetworkPolicy monitoring/alertmanager",
        edit(POLICY, EGRESS, old="port: smtp", new="port: smpt"),
    ),
    Mistake(
        "NW2105",
        "the protocol of a UDP port forgotten",
        "orders/cart.yaml",
        "NetworkPolicy orders/cart",
        edit(POLICY, EGRESS, old="- protocol: UDP\n          port: statsd", new="- port: statsd"),
    ),
    Mistake(
        "NW2106",
        "the pods' range where the hypervisors' is meant",
        "monitoring/prometheus.yaml",
        "NetworkPolicy monitoring/prometheus",
        edit(POLICY, EGRESS, old="cidr: 10.30.0.0/24", new="cidr: 10.244.1.0/24"),
    ),
    Mistake(
        "NW2108",
        "the other half excepted too, in place of the first",
        "data/backup.yaml",
        "NetworkPolicy data/backup",
        edit(
            *(POLICY, EGRESS),
            old="              - 203.0.113.64/27\n",
            new="              - 203.0.113.64/27\n              - 203.0.113.96/27\n",
        ),
    ),
    Mistake(
        "NW2110",
        "a line deleted that looked like a default",
        "orders/edi.yaml",
        "NetworkPolicy orders/edi",
        edit("kind: Service\n", old="  externalTrafficPolicy: Local\n", new=""),
    ),
    Mistake(
        "NW2120",
        "a new client, and the server's policy not thought of",
        "front/web.yaml",
        "NetworkPolicy front/web",
        edit(
            POLICY,
            old=EGRESS,
            new=f"""{EGRESS}    - to:
        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: orders
          podSelector:
            matchLabels:
              {APP}: cart
      ports:
        - protocol: TCP
          port: 8080
""",
        ),
    ),
    Mistake(
        "NW2131",
        "DNS is UDP, isn't it",
        "platform/namespace.yaml",
        "NetworkPolicy platform/allow-dns",
        edit("name: allow-dns", old="        - protocol: TCP\n          port: 53\n", new=""),
    ),
    Mistake(
        "NW2201",
        "policyTypes copied from a policy for egress",
        "kube-system/metrics-server.yaml",
        "NetworkPolicy kube-system/metrics-server",
        edit(POLICY, old="    - Ingress\n    - Egress\n", new="    - Egress\n"),
    ),
    Mistake(
        "NW2204",
        "policyTypes forgotten, the empty egress section taken for a denial",
        "monitoring/loki.yaml",
        "NetworkPolicy monitoring/loki",
        edit(POLICY, old="  policyTypes:\n    - Ingress\n    - Egress\n", new=""),
    ),
    Mistake(
        "NW2206",
        "the last entry of a list deleted, the list left",
        "front/assets.yaml",
        "NetworkPolicy front/assets",
        edit(
            POLICY,
            old=f"""    - from:
        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: ingress-nginx
          podSelector:
            matchLabels:
              {APP}: ingress-nginx
""",
            new="    - from: []\n",
        ),
    ),
    Mistake(
        "NW3001",
        "the default deny denies one direction only, and one workload counted on it",
        "data/namespace.yaml",
        "Namespace data",
        edit("name: default-deny", old="    - Ingress\n    - Egress\n", new="    - Egress\n"),
    ),
    Mistake(
        "NW3102",
        "an address outside given to a Service by hand",
        "front/gateway.yaml",
        "Service front/gateway",
        edit("kind: Service\n", old="  selector:\n", new="  externalIPs:\n    - 203.0.113.200\n  selector:\n"),
    ),
    Mistake(
        "NW3106",
        "the suppliers' addresses taken out for a test, and not put back",
        "platform/sftp.yaml",
        "Service platform/sftp",
        edit(
            "kind: Service\n",
            old="  loadBalancerSourceRanges:\n    - 192.0.2.0/25\n    - 198.51.100.96/27\n",
            new="",
        ),
    ),
    Mistake(
        "NW3202",
        "a port of the node opened beside the Service",
        "monitoring/statsd-exporter.yaml",
        "Deployment monitoring/statsd-exporter",
        edit(old="containerPort: 8125\n", new="containerPort: 8125\n              hostPort: 8125\n"),
    ),
    Mistake(
        "NW3301",
        "the private ranges excepted, the link-local one forgotten",
        "platform/webhooks.yaml",
        "NetworkPolicy platform/webhooks",
        edit(POLICY, EGRESS, old="              - 169.254.0.0/16\n", new=""),
    ),
    Mistake(
        "NW4001",
        "the label in the Service's selector misspelt",
        "payments/ledger.yaml",
        "Service payments/ledger",
        edit("kind: Service\n", old=f"{APP}: ledger", new=f"{APP}: leger"),
    ),
    Mistake(
        "NW4004",
        "the protocol of a UDP port forgotten in the Service",
        "monitoring/statsd-exporter.yaml",
        "Service monitoring/statsd-exporter",
        edit("kind: Service\n", old="      protocol: UDP\n", new=""),
    ),
    Mistake(
        "NW4012",
        "a label of the selector left out: the replica and the jobs answer too",
        "data/postgres.yaml",
        "Service data/postgres",
        edit("kind: Service\n", old="    app.kubernetes.io/component: server\n", new=""),
    ),
    Mistake(
        "NW4102",
        "the container's port where the Service's is meant",
        "front/web.yaml",
        "Ingress front/web",
        edit("kind: Ingress\n", old="number: 80", new="number: 8080"),
    ),
    Mistake(
        "NW4104",
        "the pages' entry written over that of the ingress controller",
        "front/gateway.yaml",
        "Ingress front/gateway",
        edit(
            *(POLICY, INGRESS),
            old=f"""        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: ingress-nginx
          podSelector:
            matchLabels:
              {APP}: ingress-nginx
""",
            new="",
        ),
    ),
    Mistake(
        "NW5001",
        "a node's range copied from its neighbour",
        "cluster/nodes.yaml",
        "Node worker-3",
        edit(
            "name: worker-3",
            old="podCIDR: 10.244.3.0/24\n  podCIDRs:\n    - 10.244.3.0/24",
            new="podCIDR: 10.244.2.0/24\n  podCIDRs:\n    - 10.244.2.0/24",
        ),
    ),
)
