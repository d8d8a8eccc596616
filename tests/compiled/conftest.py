"""The committed folder of each cluster, parsed; and all of them, for a test that needs any one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest

from tests.compiled.tree import Tree, read
from tests.conftest import CLUSTERS, ROOT
from tests.inventory.targets import FULL, GUIDE, TODAY
from tests.inventory.variants import Variants
from tests.rendered import cluster_of, target_of


@lru_cache
def _tree(name: str) -> Tree:
    return read(ROOT / "compiled" / name, cluster_of(name), target_of(name).parameters)


@pytest.fixture(scope="session")
def tree(cluster) -> Tree:
    """The compiled folder of each cluster, one after the other. Not to be changed: see Tree.copy."""
    return _tree(cluster.name)


@pytest.fixture(scope="session")
def trees(tmp_path_factory) -> Callable[[], Iterator[Tree]]:
    """Every compiled folder, read as far as it is asked for; the guide's cluster on both platforms and
    one of all services come last, because a fork's own may lack what is to be broken."""
    variants = Variants([GUIDE, TODAY, FULL], tmp_path_factory.mktemp)

    def found() -> Iterator[Tree]:
        yield from map(_tree, CLUSTERS)
        yield from (variants[fixture.name].tree for fixture in (GUIDE, TODAY, FULL))

    return found
