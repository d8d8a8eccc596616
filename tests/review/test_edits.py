"""What a review says of each change in tests/changes/edits.yml; the engine tests ask real programs whether it is so."""

import re

import pytest

from components.review.compare import reviewed
from components.review.side import Compiled
from components.review.types import ClusterReview, Level
from tests.changes.compiled import CLUSTERS, FULL, Edit, edits, side
from tests.changes.every import REFUSED, refused_object
from tests.conftest import ROOT

# Where both platforms are alike, today's is enough here: the engine tests look at each.
PAIRS = [pytest.param(edit.clusters[-1], edit, id=str(edit)) for edit in edits()]


@pytest.fixture(scope="session")
def before():
    return {cluster: side(cluster) for cluster in CLUSTERS}


def review(before: Compiled, cluster: str, edit: Edit) -> ClusterReview:
    return reviewed(cluster, before, side(cluster, edit.edit))


@pytest.mark.parametrize(("cluster", "edit"), PAIRS)
def test_a_review_says_what_the_change_does(before, cluster, edit):
    found = review(before[cluster], cluster, edit)
    refused = {refused_object(verdict.subject) for verdict in found.verdicts if verdict.rule in REFUSED}
    assert refused == set(edit.refused)
    assert {verdict.rule for verdict in found.verdicts} - REFUSED == set(edit.says)
    again = {restart.service for restart in found.restarts if restart.how not in ("removed", "fewer")}
    assert again == set(edit.restarts)
    # Every fact about a change is one: both sides are told, and they are not alike.
    assert all(fact.before != fact.after for fact in found.facts)
    assert all(verdict.sentence and verdict.subject for verdict in found.verdicts)
    # What is refused has a way out, and so has all that is dangerous and can be helped.
    assert all(verdict.runbook for verdict in found.verdicts if verdict.rule in REFUSED)


# docs/FILE.md, 'Title': where a runbook leads.
_LED = re.compile(r"((?:docs|bootstrap)/[\w-]+\.md)(?:, '([^']+)')?")


def test_runbooks_lead_somewhere():
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "components" / "review").rglob("*.py"))]
    # A text of Python may go on in its next line.
    found = {match for text in texts for match in _LED.findall(re.sub(r'"\s*\n\s*f?"', "", text))}
    assert len(found) >= 3
    for file, title in found:
        text = (ROOT / file).read_text("utf-8")
        assert not title or f" {title}\n" in text or f"**{title}.**" in text, (file, title)


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


def test_devices_that_call_the_nodes_are_told_another_port():
    """LwM2M is UDP, which HAProxy does not carry: nothing stands between these devices and the NodePort."""
    found = reviewed(FULL, side(FULL), side(FULL, {"nodeports.lwm2m.coap": 30033}))
    (verdict,) = (one for one in found.verdicts if one.rule == "nodeport-changed")
    assert (verdict.level, verdict.subject) == (Level.DANGER, "NodePort/iotagent-lwm2m coap")
