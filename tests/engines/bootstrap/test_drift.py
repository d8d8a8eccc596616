"""What somebody changes on a node by hand, as systemd, apt, nft and the kernel have it then: the step says so."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from components.desk import hosts
from components.desk.ssh import Ended
from components.desk.verify import steps
from components.desk.verify.tell import line
from tests.platforms import one_platform
from tests.rehearsal.drift.hosts import NODE

pytestmark = one_platform


@pytest.fixture(scope="module")
def node(site, ready):
    with site.host(ready.host.name, ready.host.address, on=ready.host) as host:
        yield host


def _found(node, cluster):
    done = node.step("node", "--dry-run")
    place = hosts.Host(node.name, node.address, frozenset())
    said = steps.of_dry_run(Ended(done.returncode, done.stdout, done.stderr), "node", place, cluster.name)
    return [line(each) for each in said]


@pytest.mark.parametrize("one", NODE, ids=lambda one: one.name)
def test_it_is_found_and_nothing_else(node, cluster, one):
    made = SimpleNamespace(workers=[node])
    assert _found(node, cluster) == []
    try:
        one.breaks(made, None)
        said = _found(node, cluster)
    finally:
        one.mends(made, None)
    for words in one.found:
        assert any(re.search(words, each) for each in said), said
    for each in said:
        assert any(re.search(words, each) for words in (*one.found, *one.also)), each
    assert _found(node, cluster) == []
