"""What is committed is what the inventory compiles to, byte for byte."""

from __future__ import annotations

from components.compile.fleet import PAGE
from components.compile.memory import MEMORY
from components.compile.trees import difference
from components.compile.written import NOTE
from tests.conftest import CLUSTERS, ROOT
from tests.rendered import committed, files_of, target_of


def test_compiled_is_fresh():
    assert committed().clusters == CLUSTERS
    for name in CLUSTERS:
        stale = difference(ROOT / "compiled" / name, files_of(target_of(name)))
        assert not stale, f"compiled/{name} is stale, run make compile: {stale.lines}"


def test_no_folder_without_a_cluster():
    own = (NOTE, MEMORY, PAGE)
    assert sorted(path.name for path in (ROOT / "compiled").iterdir() if path.name not in own) == CLUSTERS
