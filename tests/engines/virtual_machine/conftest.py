"""Fixtures of the tests in a virtual machine."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.conftest import CLUSTERS, ROOT
from tests.engines.virtual_machine import archives
from tests.engines.virtual_machine.archives import KeyServer


def balancers() -> list[str]:
    """Clusters whose load balancers differ, the last of equal ones: each costs minutes here."""
    found = {}
    for name in CLUSTERS:
        text = (ROOT / "compiled" / name / "haproxy" / "haproxy.cfg").read_text("utf-8")
        found["\n".join(line for line in text.splitlines() if not line.startswith("#"))] = name
    return list(found.values())


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Iterator[KeyServer]:
    with archives.key_server(tmp_path_factory.mktemp("keys")) as server:
        yield server
