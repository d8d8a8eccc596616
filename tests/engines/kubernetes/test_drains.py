"""Drains, through the real eviction API: what the cluster's page says about them is what happens."""

from __future__ import annotations

from collections import Counter

import pytest

from components.cluster.placement import shares
from components.page import drains
from components.page.markdown import row
from tests.engines.kubernetes.placement import NOWHERE, OTHER, misplaced, settled
from tests.engines.kubernetes.sync import waiting
from tests.platforms import each_platform

pytestmark = each_platform

_OPTIONS = ("--ignore-daemonsets", "--delete-emptydir-data")


def test_the_page_shows_these_figures(running, compiled):
    """What the tests below compare with is what the committed page was made from."""
    rows = "\n".join(row(*cells) for cells in drains.rows(running.tree.cluster))
    assert rows in (compiled / "README.md").read_text("utf-8")


@pytest.mark.parametrize("kind", ["brokers", "argocd"])
def test_a_drained_node(running, kind):
    """Budgets let its pods go; those wait that the page says, until it is back; then all is as before."""
    tree, plane, cluster = running.tree, running.plane, running.tree.cluster
    group = cluster.groups[cluster.platform.argocd.group if kind == "argocd" else _brokers(cluster).group]
    node, *others = group.nodes
    before = settled(plane, tree)
    try:
        done = plane.kubectl("drain", node.name, *_OPTIONS, "--timeout=60s", check=False)
        assert done.returncode == 0, f"{node.name} cannot be drained:\n{done.stderr}"
        after = settled(plane, tree)
        said = Counter(
            {
                share.service.name: share.pods
                for share in shares(cluster, node)
                if share.exact and share.service.name not in _everywhere(cluster)
            }
        )
        real = after.get(NOWHERE, Counter())
        if len(cluster.workers) == 1:
            # What the operator makes may stand anywhere; here there is no other place.
            real.pop(OTHER, None)
        assert +real == said, (
            f"{node.name} drained: the page says that {dict(said)} wait, but {dict(real)} do\n{waiting(plane)}"
        )
        left = {name: pods for name, pods in after.get(node.name, {}).items() if name not in _everywhere(cluster)}
        assert not left, f"{node.name} drained, and still has {left}"
        for other in cluster.nodes:
            if other not in group.nodes:
                assert _ours(after, other.name) == _ours(before, other.name), (
                    f"the drain of {node.name} moved pods of {other.name}"
                )
        if kind == "brokers" and others:
            _refused(plane, others[0].name)
    finally:
        for one in group.nodes:
            plane.kubectl("uncordon", one.name)
        back = settled(plane, tree, all_run=True)
    assert not misplaced(tree, back), "\n".join(misplaced(tree, back))


def _everywhere(cluster) -> set[str]:
    """Services that have a pod on every node; a drain leaves them alone."""
    return {service.name for service in cluster.services if service.kind == "DaemonSet"}


def _brokers(cluster):
    found = next((service for service in cluster.services if service.kind == "VerneMQ"), None)
    return found or pytest.skip("this cluster has no brokers")


def _ours(found, node: str) -> dict[str, int]:
    return {service: number for service, number in found.get(node, {}).items() if service != OTHER}


def _refused(plane, node: str) -> None:
    """With one broker's node away, the budgets let no second one go."""
    done = plane.kubectl("drain", node, *_OPTIONS, "--timeout=2s", check=False)
    assert done.returncode and "disruption budget" in done.stderr, (
        f"{node} could be drained as well:\n{done.stdout}{done.stderr}"
    )
