"""What a review says of each change in tests/changes/edits.yml; the engine tests ask real programs whether it is so."""

import pytest

from components.review.compare import reviewed
from components.review.side import Compiled
from components.review.types import ClusterReview, Level
from tests.changes.compiled import CLUSTERS, Edit, edits, tree

# Where both platforms are alike, today's is enough here: the engine tests look at each.
PAIRS = [pytest.param(edit.clusters[-1], edit, id=str(edit)) for edit in edits()]

# Rules that say what the API server refuses.
REFUSED = {"immutable-field", "nodeport-taken"}


def side(cluster: str, edit=None) -> Compiled:
    found = tree(cluster, edit)
    return Compiled({path: text.encode() for path, text in found.files.items()}, found.cluster)


@pytest.fixture(scope="session")
def before():
    return {cluster: side(cluster) for cluster in CLUSTERS}


def review(before: Compiled, cluster: str, edit: Edit) -> ClusterReview:
    return reviewed(cluster, before, side(cluster, edit.edit))


@pytest.mark.parametrize(("cluster", "edit"), PAIRS)
def test_a_review_says_what_the_change_does(before, cluster, edit):
    found = review(before[cluster], cluster, edit)
    refused = {_object(verdict.subject) for verdict in found.verdicts if verdict.rule in REFUSED}
    assert refused == set(edit.refused)
    assert {verdict.rule for verdict in found.verdicts} - REFUSED == set(edit.says)
    again = {restart.service for restart in found.restarts if restart.how not in ("removed", "fewer")}
    assert again == set(edit.restarts)
    # Every fact about a change is one: both sides are told, and they are not alike.
    assert all(fact.before != fact.after for fact in found.facts)
    assert all(verdict.sentence and verdict.subject for verdict in found.verdicts)
    # What is refused has a way out, and so has all that is dangerous and can be helped.
    assert all(verdict.runbook for verdict in found.verdicts if verdict.rule in REFUSED)


def _object(subject: str) -> str:
    kind, name = subject.split("/")
    # The operator's set is called after the resource, and it is that set that cannot change.
    return f"StatefulSet vernemq-{name}" if kind == "VerneMQ" else f"{kind} {name}"


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_change_is_no_change(before, cluster):
    found = reviewed(cluster, before[cluster], side(cluster))
    assert (found.objects, found.files, found.verdicts, found.restarts, found.facts) == ((), (), (), (), ())
    assert found.level == Level.ROUTINE


@pytest.mark.parametrize("cluster", CLUSTERS[-1:])
def test_the_way_back_is_as_grave_where_something_is_refused(before, cluster):
    """What cannot be changed cannot be changed back."""
    for edit in edits():
        if edit.refused and cluster in edit.clusters:
            back = reviewed(cluster, side(cluster, edit.edit), before[cluster])
            assert back.level == Level.DANGER, edit
