"""Broken inventories to be refused (invalid/), and good ones to be compiled (valid/)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.json_schema import Strict
from tests.inventory.targets import GUIDE, fixtures, renderer, write_inventory
from tests.inventory.variants import Variant, Variants


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("invalid", "valid"):
        if folder in metafunc.fixturenames:
            metafunc.parametrize(folder, fixtures(folder), ids=str)


@pytest.fixture(scope="session")
def json_schema() -> Strict:
    """The second opinion on the shape of parameters."""
    return Strict()


@pytest.fixture(scope="session")
def invalid_inventory(tmp_path_factory) -> Path:
    return write_inventory(tmp_path_factory.mktemp("invalid"), fixtures("invalid"))


@pytest.fixture(scope="session")
def rendered(invalid_inventory):
    """Name of an invalid fixture -> the arguments of load()."""
    return renderer(invalid_inventory)


@pytest.fixture(scope="session")
def variants(tmp_path_factory) -> Variants:
    """Every valid fixture by name, and the guide's own cluster beside them."""
    return Variants([*fixtures("valid"), GUIDE], tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def guide(variants) -> Variant:
    return variants[GUIDE.name]
