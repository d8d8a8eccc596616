"""The committed folder of each cluster, parsed; and one of them to break."""

from __future__ import annotations

import pytest
from kapitan.resources import get_inventory

from tests.compiled.tree import Tree, read


@pytest.fixture(scope="session")
def tree(cluster, compiled) -> Tree:
    """The compiled folder of each cluster, one after the other. Not to be changed: see Tree.copy."""
    target = get_inventory("inventory").targets[cluster.name]
    parameters = target.parameters.model_dump(by_alias=True)
    return read(compiled, cluster, parameters)
