"""From Cilium's policies to those of Kubernetes."""
