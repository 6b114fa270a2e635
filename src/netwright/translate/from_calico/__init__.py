"""Calico's policies as Cilium's."""
