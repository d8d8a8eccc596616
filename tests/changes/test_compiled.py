"""The list of changes is what it says: each has a name of its own, compiles, and changes something."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.changes.compiled import CLUSTERS, compiled, edits, tree


@pytest.fixture(scope="module")
def before():
    return {cluster: compiled(cluster) for cluster in CLUSTERS}


def test_names_are_distinct():
    assert set(Counter(edit.name for edit in edits()).values()) == {1}


@pytest.mark.parametrize("edit", edits(), ids=str)
def test_it_compiles_into_something_else(edit, before):
    for cluster in edit.clusters:
        assert compiled(cluster, edit.edit) != before[cluster], cluster


def test_what_is_taken_out_has_to_be_there():
    with pytest.raises(KeyError, match="verne-9"):
        tree("guide", {"cluster.nodes.verne-9": None})
    assert "verne-3" not in tree("guide", {"cluster.nodes.verne-3": None}).parameters["cluster"]["nodes"]
