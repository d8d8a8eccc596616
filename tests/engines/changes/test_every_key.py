"""Of every key that an operator may write: an edit of it on real API servers is refused where a review says so.

tests/changes/outcomes.yml has the edits, and what a review of each says. Many are tried together: of one object one
version at a time, all for trial, so that each is compared with the object of before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from components.inventory.finding import InvalidInventory
from components.inventory.refused import Refused
from tests.changes.compiled import CLUSTERS, FULL, changed_objects, tree
from tests.changes.every import outcome_of
from tests.changes.outcomes import Outcome, outcomes
from tests.compiled.tree import Object, name_of
from tests.engines.changes.trial import namespaces, tried


@dataclass(frozen=True)
class Tried:
    """An edit in a cluster: what a review says of it, and the objects that it changes, as texts."""

    said: Outcome
    objects: tuple[str, ...]


@pytest.mark.parametrize("before", [*CLUSTERS, FULL], indirect=True, scope="session")
def test_what_a_review_says_is_what_happens(before, request):
    cluster = request.node.callspec.params["before"]
    edits = list(_tried_in(cluster))
    assert edits
    versions = {text: json.loads(text) for text in dict.fromkeys(text for edit in edits for text in edit.objects)}
    refused, others = set(), []
    with namespaces(before, list(versions.values())):
        for batch in _batches(versions):
            names, said = tried(before, [versions[text] for text in batch])
            refused |= {text for text in batch if name_of(versions[text]) in names}
            others += said
    wrong = {
        edit.said.key: f"a review says {sorted(edit.said.refused)}, the server {sorted(found)}"
        for edit in edits
        if (found := {name_of(versions[text]) for text in edit.objects if text in refused}) != set(edit.said.refused)
    }
    assert (wrong, others) == ({}, [])


def _tried_in(cluster: str) -> Iterator[Tried]:
    """The edits that this cluster takes; those made for it say what outcomes.yml has."""
    for one in outcomes():
        # What is in the others as well has been tried there.
        if cluster == FULL and one.cluster != FULL:
            continue
        given = one.given or {}
        try:
            old, new = tree(cluster, given), tree(cluster, {**given, **one.edit})
        except (InvalidInventory, Refused, KeyError):
            assert cluster != one.cluster, f"{one}: outcomes.yml is stale: python -m tests.changes"
            continue
        said = outcome_of(one, cluster, old, new)
        assert said == one or cluster != one.cluster, f"{one}: outcomes.yml is stale: python -m tests.changes"
        yield Tried(said, tuple(json.dumps(found, sort_keys=True) for found in changed_objects(old, new)))


def _batches(versions: Mapping[str, Object]) -> list[list[str]]:
    """Each object once in each."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for text, found in versions.items():
        by_name[name_of(found)].append(text)
    most = max(map(len, by_name.values()), default=0)
    return [[texts[number] for texts in by_name.values() if number < len(texts)] for number in range(most)]
