"""What is committed is what the inventory compiles to, byte for byte."""

from __future__ import annotations

import pytest

from scripts import in_process
from scripts.in_process import Kapitan
from scripts.trees import difference
from scripts.written import NOTE
from tests.conftest import CLUSTERS, ROOT


@pytest.fixture
def forgetful(monkeypatch):
    """Kapitan remembers nothing of this test afterwards."""
    monkeypatch.setattr(in_process.cached, "args", in_process.cached.args)
    yield
    in_process.forget()


def test_compiled_is_fresh(forgetful, tmp_path, monkeypatch):
    kapitan = Kapitan.read(ROOT.joinpath("inventory").relative_to(ROOT))
    assert kapitan.clusters == CLUSTERS
    for name in CLUSTERS:
        kapitan.compile(name, tmp_path)
        stale = difference(ROOT / "compiled" / name, tmp_path / name)
        assert not stale, f"compiled/{name} is stale, run make compile: {stale.lines}"


def test_no_folder_without_a_cluster():
    assert sorted(path.name for path in (ROOT / "compiled").iterdir() if path.name != NOTE) == CLUSTERS
