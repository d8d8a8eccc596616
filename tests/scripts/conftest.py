from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def root(monkeypatch) -> Path:
    """The repository as current folder."""
    monkeypatch.chdir(ROOT)
    return ROOT
