"""OpenShift's Route: a host name that its router leads to Services."""

from typing import Final

KINDS: Final = ("Route",)
