"""Fixtures of the tests in a virtual machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.virtual_machine import archives
from tests.engines.virtual_machine.archives import KeyServer


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Iterator[KeyServer]:
    with archives.key_server(tmp_path_factory.mktemp("keys")) as server:
        yield server
