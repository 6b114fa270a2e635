"""Cilium's own policies and the address groups that they name: cilium.io/v2."""
