"""More mistakes of more codes, each to be planted alone."""

from __future__ import annotations

from tests.planted.planting import APP, EGRESS, INGRESS, NAMESPACE, POLICY, Edit, Mistake, edit

SERVICE = "kind: Service\n"
DNS_AGAIN = f"""    - to:
        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
"""
GRAFANA_AGAIN = f"""    - from:
        - podSelector:
            matchLabels:
              {APP}: grafana
      ports:
        - protocol: TCP
          port: 3100
  egress: []
"""
FRAUD = f"""        - podSelector:
            matchLabels:
              {APP}: fraud
"""
SAME_POLICY_AGAIN = f"""  egress: []
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: assets-from-outside
  namespace: front
spec:
  podSelector:
    matchLabels:
      {APP}: assets
  policyTypes:
    - Ingress
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: ingress-nginx
          podSelector:
            matchLabels:
              {APP}: ingress-nginx
      ports:
        - protocol: TCP
          port: 8080
"""
CLIENTS_OF_STATSD = f"""        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: orders
          podSelector:
            matchLabels:
              {APP}: cart
        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: payments
          podSelector:
            matchLabels:
              {APP}: fraud
"""
ANYBODY_AT_SFTP = """    - from:
        - ipBlock:
            cidr: 0.0.0.0/0
      ports:
        - protocol: TCP
          port: sftp
"""
TO_THE_RELAY = """    - to:
        - ipBlock:
            cidr: 10.40.3.25/32
      ports:
        - protocol: TCP
          port: 587
"""
KUBELETS = """cidr: 10.20.0.10/32
        - ipBlock:
            cidr: 10.20.0.11/32
        - ipBlock:
            cidr: 10.20.0.12/32
        - ipBlock:
            cidr: 10.20.0.13/32
"""
SANDBOX = f"""---
apiVersion: v1
kind: Namespace
metadata:
  name: sandbox
---
apiVersion: v1
kind: Pod
metadata:
  name: trial
  namespace: sandbox
  labels:
    {APP}: trial
spec:
  containers:
    - name: trial
      image: registry.example.com/sandbox/trial:latest
"""
CANARY = f"""  egress: []
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: assets-canary
  namespace: front
spec:
  selector:
    matchLabels:
      {APP}: assets
  template:
    metadata:
      labels:
        {APP}: assets
        example.com/scrape: "true"
    spec:
      containers:
        - name: assets
          image: registry.example.com/front/assets:2024.12.0-rc1
          ports:
            - name: http
              containerPort: 8080
            - name: metrics
              containerPort: 9100
"""

OTHERS = (
    Mistake(
        "NW2002",
        "the namespace misspelt: nobody deploys to it",
        "payments/settlement.yaml",
        "NetworkPolicy payment/settlement-bank",
        edit("name: settlement-bank", old="namespace: payments", new="namespace: payment"),
    ),
    Mistake(
        "NW2009",
        "a label added where one of the values in the expression is meant",
        "orders/queue.yaml",
        "NetworkPolicy orders/queue",
        edit(
            *(POLICY, INGRESS),
            old="            matchExpressions:\n",
            new=f"            matchLabels:\n              {APP}: shipping\n            matchExpressions:\n",
        ),
    ),
    Mistake(
        "NW2107",
        "the address of the DNS Service, to be on the safe side",
        "front/namespace.yaml",
        "NetworkPolicy front/allow-dns",
        edit(
            *("name: allow-dns", EGRESS),
            old="      ports:\n",
            new="        - ipBlock:\n            cidr: 10.96.0.10/32\n      ports:\n",
        ),
    ),
    Mistake(
        "NW2111",
        "a client allowed a second time",
        "monitoring/loki.yaml",
        "NetworkPolicy monitoring/loki",
        edit(POLICY, old="  egress: []\n", new=GRAFANA_AGAIN),
    ),
    Mistake(
        "NW2112",
        "DNS allowed again, though the namespace's policy does",
        "front/gateway.yaml",
        "NetworkPolicy front/gateway",
        edit(POLICY, old=EGRESS, new=EGRESS + DNS_AGAIN),
    ),
    Mistake(
        "NW2113",
        "the whole namespace admitted beside the one client",
        "monitoring/alertmanager.yaml",
        "NetworkPolicy monitoring/alertmanager",
        edit(POLICY, old="        - podSelector:\n", new="        - podSelector: {}\n        - podSelector:\n"),
    ),
    Mistake(
        "NW2114",
        "a range of ports added, the port within it left",
        "orders/queue.yaml",
        "NetworkPolicy orders/queue",
        edit(
            POLICY,
            old="          port: 25672\n",
            new="          port: 25672\n        - protocol: TCP\n          port: 25670\n          endPort: 25679\n",
        ),
    ),
    Mistake(
        "NW2115",
        "a policy copied under another name",
        "front/assets.yaml",
        "NetworkPolicy front/assets-from-outside",
        edit(POLICY, old="  egress: []\n", new=SAME_POLICY_AGAIN),
    ),
    Mistake(
        "NW2121",
        "a client admitted that its own policy does not let out",
        "payments/ledger.yaml",
        "NetworkPolicy payments/ledger",
        edit(POLICY, INGRESS, old="        - podSelector:\n", new=FRAUD + "        - podSelector:\n"),
    ),
    Mistake(
        "NW2130",
        "DNS allowed to one workload where all of the namespace are meant",
        "data/namespace.yaml",
        "NetworkPolicy data/backup",
        edit("name: allow-dns", old="podSelector: {}\n", new=f"podSelector:\n    matchLabels:\n      {APP}: redis\n"),
        "data/backup.yaml",
    ),
    Mistake(
        "NW2202",
        "policyTypes copied from a policy for ingress",
        "platform/mailer.yaml",
        "NetworkPolicy platform/mailer",
        edit(POLICY, old="    - Ingress\n    - Egress\n", new="    - Ingress\n"),
    ),
    Mistake(
        "NW2207",
        "an empty rule, taken for no rule",
        "platform/sftp.yaml",
        "NetworkPolicy platform/sftp",
        edit(POLICY, old=ANYBODY_AT_SFTP, new="    - {}\n"),
    ),
    Mistake(
        "NW2208",
        "every namespace admitted for want of a common label",
        "monitoring/statsd-exporter.yaml",
        "NetworkPolicy monitoring/statsd-exporter",
        edit(POLICY, old=CLIENTS_OF_STATSD, new="        - namespaceSelector: {}\n"),
    ),
    Mistake(
        "NW2210",
        "everything allowed while the relay moved, and left so",
        "platform/mailer.yaml",
        "NetworkPolicy platform/mailer",
        edit(POLICY, EGRESS, old=TO_THE_RELAY, new="    - {}\n"),
    ),
    Mistake(
        "NW3003",
        "a namespace for a trial, without the policies that the others have",
        "cluster/nodes.yaml",
        "Namespace sandbox",
        edit(old="---\n", new=SANDBOX + "---\n"),
    ),
    Mistake(
        "NW3103",
        "the provider's addresses taken out, the database open to everybody",
        "data/replica.yaml",
        "Service data/replica",
        edit(SERVICE, old="  loadBalancerSourceRanges:\n    - 198.51.100.64/27\n", new=""),
    ),
    Mistake(
        "NW3105",
        "node ports left to the default",
        "data/replica.yaml",
        "Service data/replica",
        edit(SERVICE, old="  allocateLoadBalancerNodePorts: false\n", new=""),
    ),
    Mistake(
        "NW3302",
        "the whole network of the machines where one of them is meant",
        "monitoring/kube-state-metrics.yaml",
        "NetworkPolicy monitoring/kube-state-metrics",
        edit(POLICY, EGRESS, old="10.20.0.10/32", new="10.20.0.0/16"),
    ),
    Mistake(
        "NW3303",
        "the company's whole network, to spare a list of nodes",
        "kube-system/metrics-server.yaml",
        "NetworkPolicy kube-system/metrics-server",
        edit(POLICY, EGRESS, old=KUBELETS, new="cidr: 10.0.0.0/8\n"),
    ),
    Mistake(
        "NW4002",
        "the name of the container's port misspelt",
        "data/redis.yaml",
        "Service data/redis",
        edit(SERVICE, old="targetPort: redis", new="targetPort: reddis"),
    ),
    Mistake(
        "NW4008",
        "a node port that the ingress controller has",
        "orders/edi.yaml",
        "Service orders/edi",
        edit(SERVICE, old="30510", new="30443"),
    ),
    Mistake(
        "NW4009",
        "a cluster address copied with the manifest",
        "orders/edi.yaml",
        "Service orders/edi",
        edit(SERVICE, old="  selector:", new="  clusterIP: 10.96.0.10\n  selector:"),
    ),
    Mistake(
        "NW4010",
        "local traffic only, for pods that stand on one node",
        "monitoring/loki.yaml",
        "Service monitoring/loki",
        edit(SERVICE, old="  selector:", new="  internalTrafficPolicy: Local\n  selector:"),
    ),
    Mistake(
        "NW4011",
        "a canary with the labels of the real one",
        "front/assets.yaml",
        "Deployment front/assets",
        edit(POLICY, old="  egress: []\n", new=CANARY),
    ),
    Mistake(
        "NW4013",
        "an address where a name belongs",
        "orders/orders.yaml",
        "Service orders/database",
        edit("ExternalName", old="postgres.data.svc.cluster.local", new="10.40.7.12"),
    ),
    Mistake(
        "NW4014",
        "the Service's name from before it was renamed",
        "orders/orders.yaml",
        "Service orders/database",
        edit("ExternalName", old="postgres.data", new="postgresql.data"),
    ),
    Mistake(
        "NW4101",
        "an Ingress for a Service that has another name",
        "front/web.yaml",
        "Ingress front/web",
        edit("kind: Ingress\n", "service:", old="name: web", new="name: website"),
    ),
    Mistake(
        "NW4103",
        "the host of the Ingress that was copied",
        "platform/auth.yaml",
        "Ingress platform/auth",
        (
            Edit(("kind: Ingress\n",), "- login.example.com", "- grafana.example.com"),
            Edit(("kind: Ingress\n",), "host: login.example.com", "host: grafana.example.com"),
        ),
    ),
    Mistake(
        "NW5002",
        "the DNS Service's address from the pods' range",
        "kube-system/coredns.yaml",
        "Service kube-system/kube-dns",
        edit(SERVICE, old="10.96.0.10", new="10.244.0.10"),
    ),
    Mistake(
        "NW5004",
        "a node given an address of the pods",
        "cluster/nodes.yaml",
        "Node worker-3",
        edit("name: worker-3", "InternalIP", old="10.20.0.13", new="10.244.0.13"),
    ),
    Mistake(
        "NW5005",
        "two nodes with the address of one",
        "cluster/nodes.yaml",
        "Node worker-3",
        edit("name: worker-3", "InternalIP", old="10.20.0.13", new="10.20.0.12"),
    ),
)
