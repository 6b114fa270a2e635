"""A running kube-apiserver for the tests of this folder, one for all of them in a worker, and ended with the last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import definitions
from tests.cluster.server import ApiServer, unavailable


@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The server, which serves every kind that is read, with the objects that tests write; skipped with the reason
    where it cannot be had."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    server = ApiServer(tmp_path_factory.mktemp("apiserver"))
    try:
        own = definitions.own()
        server.define([*own, *map(definitions.minimal, definitions.lacking(own))])
        yield server
    finally:
        server.close()
