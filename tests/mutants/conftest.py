"""One compiled folder: what a change is does not depend on the cluster."""

import pytest

from tests.compiled.conftest import _tree
from tests.conftest import CLUSTERS


@pytest.fixture(scope="session")
def tree():
    return _tree(CLUSTERS[0])
