"""Mistakes from which much follows: the cause is told, and nothing that follows from it."""

from __future__ import annotations

from tests.planted.planting import APP, EGRESS, INGRESS, NAMESPACE, POLICY, Mistake, edit

SERVICE = "kind: Service\n"
OUT_TO_GRAFANA = f"""        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: monitoring
          podSelector:
            matchLabels:
              {APP}: grafana
      ports:
        - protocol: TCP
          port: 3000
    - to:
"""
FROM_THE_CONTROLLER = f"""        - namespaceSelector:
            matchLabels:
              {NAMESPACE}: ingress-nginx
          podSelector:
"""
DNS_PORTS = """        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
"""

CAUSES = (
    Mistake(
        "NW2001",
        "the label of a database misspelt: nobody is admitted to it",
        "data/redis.yaml",
        "NetworkPolicy data/redis",
        edit(POLICY, "podSelector:", old=f"{APP}: redis", new=f"{APP}: reddis"),
    ),
    Mistake(
        "NW2001",
        "the label of a job misspelt: it is let out to nobody",
        "orders/expire-carts.yaml",
        "NetworkPolicy orders/expire-carts",
        edit(POLICY, "podSelector:", old=f"{APP}: expire-carts", new=f"{APP}: expire-cart"),
    ),
    Mistake(
        "NW2001",
        "the label of what an Ingress leads to misspelt",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, "podSelector:", old=f"{APP}: grafana", new=f"{APP}: graphana"),
    ),
    Mistake(
        "NW2001",
        "the words of a label turned round: the ingress controller is let out to nobody",
        "ingress-nginx/controller.yaml",
        "NetworkPolicy ingress-nginx/controller",
        edit(POLICY, "podSelector:", old=f"{APP}: ingress-nginx", new=f"{APP}: nginx-ingress"),
    ),
    Mistake(
        "NW2001",
        "a label of another scheme, in a policy that has the name of its workload",
        "data/redis.yaml",
        "NetworkPolicy data/redis",
        edit(POLICY, "podSelector:", old=f"{APP}: redis", new="tier: cache"),
    ),
    Mistake(
        "NW2002",
        "the namespace of a policy forgotten",
        "platform/mailer.yaml",
        "NetworkPolicy default/mailer",
        edit(POLICY, old="  namespace: platform\n", new=""),
    ),
    Mistake(
        "NW2005",
        "the words of a label turned round: the ingress controller is not admitted",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, INGRESS, old=f"{APP}: ingress-nginx", new=f"{APP}: nginx-ingress"),
    ),
    Mistake(
        "NW2006",
        "the namespace of the ingress controller forgotten",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, INGRESS, old=FROM_THE_CONTROLLER, new="        - podSelector:\n"),
    ),
    Mistake(
        "NW2008",
        "the namespace of the ingress controller by a label that it does not have",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, INGRESS, old=f"{NAMESPACE}: ingress-nginx", new="name: ingress-nginx"),
    ),
    Mistake(
        "NW2101",
        "digits turned round in a port that one client has right",
        "orders/namespace.yaml",
        "NetworkPolicy orders/allow-scraping",
        edit("name: allow-scraping", old="9100", new="9010"),
    ),
    Mistake(
        "NW2101",
        "the port of another DNS server, twice",
        "data/namespace.yaml",
        "NetworkPolicy data/allow-dns",
        edit("name: allow-dns", old=DNS_PORTS, new=DNS_PORTS.replace("53", "5353")),
    ),
    Mistake(
        "NW2102",
        "the port of the Service, at the rule that lets a client out, another rule at the same number being ingress",
        "payments/payments.yaml",
        "NetworkPolicy payments/payments",
        edit(POLICY, EGRESS, f"{APP}: fraud", old="port: 8181", new="port: 80"),
    ),
    Mistake(
        "NW2102",
        "the port of the Service, where other pods have the right number",
        "front/gateway.yaml",
        "NetworkPolicy front/gateway",
        edit(POLICY, EGRESS, f"{APP}: orders", old="port: 8080", new="port: 80"),
    ),
    Mistake(
        "NW2102",
        "the port of the Service, where an Ingress leads to the pods",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, INGRESS, old="port: 3000", new="port: 80"),
    ),
    Mistake(
        "NW2105",
        "the name of the DNS port, without its protocol",
        "front/namespace.yaml",
        "NetworkPolicy front/allow-dns",
        edit("name: allow-dns", old="        - protocol: UDP\n          port: 53\n", new="        - port: dns\n"),
    ),
    Mistake(
        "NW2201",
        "policyTypes without Ingress: a client in the namespace is refused",
        "monitoring/kube-state-metrics.yaml",
        "NetworkPolicy monitoring/kube-state-metrics",
        edit(POLICY, old="    - Ingress\n", new=""),
    ),
    Mistake(
        "NW2201",
        "policyTypes without Ingress: clients elsewhere are refused",
        "data/redis.yaml",
        "NetworkPolicy data/redis",
        edit(POLICY, old="    - Ingress\n", new=""),
    ),
    Mistake(
        "NW2201",
        "policyTypes without Ingress, where an Ingress leads to the pods",
        "monitoring/grafana.yaml",
        "NetworkPolicy monitoring/grafana",
        edit(POLICY, old="    - Ingress\n", new=""),
    ),
    Mistake(
        "NW2202",
        "policyTypes with the wrong one of the two: a server elsewhere waits in vain",
        "orders/worker.yaml",
        "NetworkPolicy orders/worker",
        edit(POLICY, old="    - Egress\n", new="    - Ingress\n"),
    ),
    Mistake(
        "NW2202",
        "policyTypes with the wrong one of the two, at the policy that allows DNS",
        "data/namespace.yaml",
        "NetworkPolicy data/allow-dns",
        edit("name: allow-dns", old="    - Egress\n", new="    - Ingress\n"),
    ),
    Mistake(
        "NW4003",
        "digits turned round in the target port of a Service that policy opens",
        "payments/fraud.yaml",
        "Service payments/fraud",
        edit(SERVICE, old="targetPort: 8181", new="targetPort: 8118"),
    ),
    Mistake(
        "NW4003",
        "a target port from before, where an Ingress leads to the pods",
        "monitoring/grafana.yaml",
        "Service monitoring/grafana",
        edit(SERVICE, old="targetPort: http", new="targetPort: 3001"),
    ),
    Mistake(
        "NW4006",
        "a digit wrong in the port of a headless Service",
        "orders/queue.yaml",
        "Service orders/queue-nodes",
        edit(SERVICE, "name: queue-nodes", old="port: 25672", new="port: 15672"),
    ),
    Mistake(
        "NW4007",
        "clients admitted to the port for metrics, not to the one that the Service leads to",
        "platform/webhooks.yaml",
        "Service platform/webhooks",
        edit(POLICY, INGRESS, old="port: 8080", new="port: metrics"),
    ),
    Mistake(
        "NW4104",
        "the ingress controller's own policy not opened for a new host",
        "ingress-nginx/controller.yaml",
        "Ingress monitoring/grafana",
        edit(POLICY, EGRESS, old=OUT_TO_GRAFANA, new=""),
        "monitoring/grafana.yaml",
    ),
)
