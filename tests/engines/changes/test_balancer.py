"""What a review says that an edit does to HAProxy, beside what the step load-balancer does to one with sessions open.

HAProxy runs as before each edit of tests/changes/edits.yml, with a session of a device on each broker and listener; the
step is that of the cluster after the edit. Argo CD has not synced: brokers and gateway are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.cluster.types import Cluster, Frontend
from components.kubeadm.steps import read
from components.review.compare import reviewed
from components.review.types import ClusterReview
from tests.changes.compiled import edits, side_of, tree
from tests.compiled.tree import Tree
from tests.engines.haproxy import adapted
from tests.engines.haproxy.laboratory import Laboratory
from tests.engines.haproxy.operator import Operator
from tests.engines.processes import until
from tests.haproxy.configuration import CONFIG, SYSCTL

CLUSTER = "today"
STEP = "load-balancer"
#: In the words of the parts' heads: HAProxy is reloaded; the step refuses this host.
RELOADS, REFUSES = (
    {effect.words for body in read().bodies for effect in body.effects if wanted(effect)}
    for wanted in (lambda effect: effect.what == "reload", lambda effect: "address" in effect.subjects)
)


@dataclass(frozen=True)
class Outcome:
    """What the step does: says that it is the wrong host, gives HAProxy its configuration, asks for a restart.

    `lost` is how many of the sessions that were open have ended, `closed` at which ports of before nobody listens,
    `unanswered` which listeners for people lead to no answer.
    """

    wrong_host: bool = False
    reloaded: bool = False
    wants_restart: bool = False
    lost: int = 0
    closed: frozenset[int] = frozenset()
    unanswered: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory) -> Iterator[Laboratory]:
    """With the configuration of before, to which every test returns."""
    found = tree(CLUSTER)
    kernel = adapted.kernel_settings(found.files[f"haproxy/{SYSCTL}"])
    with Laboratory(found.cluster, _config(found), kernel, tmp_path_factory.mktemp("balancer")) as laboratory:
        # As the step leaves it, so that it has nothing to do.
        _back(laboratory, tmp_path_factory.mktemp("first") / "before")
        yield laboratory


@pytest.mark.parametrize("edit", [edit for edit in edits() if CLUSTER in edit.clusters], ids=str)
def test_haproxy_does_what_the_review_says(laboratory, edit, tmp_path):
    before, after = tree(CLUSTER), tree(CLUSTER, edit.edit)
    said = reviewed(CLUSTER, side_of(before), side_of(after))
    with ExitStack() as stack:
        devices = [
            stack.enter_context(laboratory.connect(frontend, f"{frontend.name}-{number}"))
            for frontend in laboratory.device_frontends
            for number in range(len(frontend.servers))
        ]
        operator = Operator(laboratory, tmp_path / "after", after.cluster, _limit(before.cluster, after.cluster))
        worker, config = laboratory.balancer.worker, laboratory.balancer.config.read_text("utf-8")
        done = operator.step(_config(after))
        try:
            seen = Outcome(
                wrong_host="this host is no load balancer of" in done.stderr,
                reloaded=laboratory.balancer.worker != worker,
                wants_restart=f"a restart would drop {len(devices)} sessions" in done.stderr,
                lost=sum(not device.alive() for device in devices),
                closed=frozenset(_closed(laboratory)),
                unanswered=frozenset(_unanswered(laboratory, after.cluster)),
            )
            assert seen == _predicted(said, laboratory.cluster, after.cluster), done.stdout + done.stderr
            assert (done.returncode == 0) == (not seen.wrong_host and not seen.wants_restart)
            if seen.reloaded:
                _holds_the_new_limits(laboratory, after.cluster)
            else:
                assert laboratory.balancer.config.read_text("utf-8") == config
            if seen.wants_restart:
                stack.close()
                # Nobody is connected any more.
                assert "done: restart haproxy" in operator.step(_config(after)).stdout
        finally:
            stack.close()
            if laboratory.balancer.worker != worker:
                _back(laboratory, tmp_path / "before")


def _config(found: Tree) -> str:
    return adapted.on_this_machine(found.files[f"haproxy/{CONFIG}"])


def _limit(before: Cluster, after: Cluster) -> dict[str, int]:
    """HAProxy runs here with as many files as a process may have: as if that were what the cluster of before needs."""
    more = after.load_balancer.open_files - before.load_balancer.open_files
    return {"LOAD_BALANCER_OPEN_FILES": adapted.files_of_a_process() + more}


def _predicted(said: ClusterReview, before: Cluster, after: Cluster) -> Outcome:
    """In the review's words, and by its verdicts; of sessions that end at the load balancer it knows none."""
    effects = {effect for step in said.steps if step.step == STEP for effect in step.effects}
    if effects & REFUSES:
        return Outcome(wrong_host=True)
    gone = {each.subject.removeprefix("Listener/") for each in said.verdicts if each.rule == "listener-changed"}
    # Of these two both ends have to change at once, and one has.
    half = {each.subject.removeprefix("Listener/") for each in said.verdicts if each.rule == "proxy-protocol-changed"}
    return Outcome(
        reloaded=bool(effects & RELOADS),
        # This one may not raise its limit: see tests/engines/virtual_machine/test_open_files.py.
        wants_restart=any(each.rule == "balancer-open-files" for each in said.verdicts),
        closed=frozenset(one.listen for one in before.load_balancer.frontends if one.name in gone),
        unanswered=frozenset(half),
    )


def _closed(laboratory: Laboratory) -> Iterator[int]:
    """Ports of before at which nobody listens."""
    wanted = {one.listen for one in laboratory.frontends}
    return iter(wanted - {port for _, port in laboratory.host.listening()})


def _unanswered(laboratory: Laboratory, after: Cluster) -> Iterator[str]:
    """Listeners for people that lead to the same NodePorts as before, and to no answer."""
    there = {(one.name, one.listen, one.node_port) for one in after.load_balancer.frontends}
    for one in laboratory.frontends:
        same = not one.devices and (one.name, one.listen, one.node_port) in there
        if same and not _answers(laboratory, one):
            yield one.name


def _answers(laboratory: Laboratory, frontend: Frontend) -> bool:
    with suppress(OSError):
        status, _ = laboratory.ask(frontend, "/")
        return status == 200
    return False


def _holds_the_new_limits(laboratory: Laboratory, after: Cluster) -> None:
    """Of each listener and broker, by HAProxy's own table; a new session has a source port of the new range."""
    limits = laboratory.balancer.limits()
    assert {one.name: limits[one.name] for one in after.load_balancer.frontends} == {
        one.name: one.maxconn for one in after.load_balancer.frontends
    }
    low, high = after.load_balancer.source_ports
    for one in laboratory.device_frontends:
        then = next((each for each in after.load_balancer.frontends if each.listen == one.listen), None)
        # A broker that is yet to come answers nobody.
        if then and set(then.servers) <= set(one.servers):
            old = _source_ports(laboratory, one)
            with laboratory.connect(one, "new"):
                new = {port for _, port in _source_ports(laboratory, one) - old}
                # A check's port is outside of the range.
                assert [port for port in new if low <= port <= high], f"{one.name}: {new} are not of the range"


def _source_ports(laboratory: Laboratory, frontend: Frontend) -> set[tuple[str, int]]:
    """Broker and source port of each connection that the listener has led on."""
    return {
        (server.name, port)
        for server in frontend.servers
        for _, port in laboratory.network.hosts[server.name].established(server.port)
    }


def _back(laboratory: Laboratory, folder: Path) -> None:
    operator = Operator(laboratory, folder)
    done = operator.takes(_config(tree(CLUSTER)), force=True)
    assert done.returncode == 0, done.stderr
    assert until(lambda: len(laboratory.balancer.workers()) == 1, 60), "an old process stays without sessions"
    for one in laboratory.frontends:
        assert laboratory.balancer.becomes(one.name, {server.name: "UP" for server in one.servers})
