"""A container may open as many files as a broker needs: the compiled step, containerd, runc, a process of it."""

from __future__ import annotations

import re

import pytest

from components.cluster.brokers import broker_open_files
from tests.bootstrap.conftest import states
from tests.engines.bootstrap.containers import Containers
from tests.engines.bootstrap.site import SCRIPT
from tests.platforms import each_platform

pytestmark = each_platform
DROP_IN = "/etc/systemd/system/containerd.service.d/90-dojot.conf"


@pytest.fixture(scope="module")
def node(site, ready, cluster):
    """A node of brokers as the step has left it, with real programs in place of the packages' and no drop-in yet."""
    if cluster.platform.runtime.open_files is None:
        pytest.skip("the packages of this runtime bring a limit")
    brokers = cluster.brokers
    member = cluster.groups[brokers.group].nodes[0] if brokers else cluster.workers[-1]
    with site.host(member.name, member.address, on=ready.host) as host:
        containers = Containers(host, cluster.platform.runtime.sandbox_image)
        _as_packaged(host)
        containers.load()
        yield host, containers


def _as_packaged(host) -> None:
    host.run("rm", DROP_IN)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "containerd")


def _possible(host) -> int:
    """What the host's systemd may open itself: machines of tests have less than real ones."""
    return int(host.run("awk", "/^Max open files/ { print $5 }", "/proc/1/limits").stdout)


def _given(host, cluster) -> int:
    return min(cluster.platform.runtime.open_files, _possible(host))


def _restarts(said: str) -> int:
    return said.count("done: restart service containerd: containers may open ")


def test_a_container_gets_what_a_broker_needs(node, cluster):
    host, containers = node
    given = _given(host, cluster)
    old = containers.start()
    assert containers.open_files(old)[0] == 1024, "the package would do without our drop-in"

    done = host.step("node")
    assert (done.returncode, _restarts(done.stdout)) == (0, 1), done.stdout + done.stderr
    assert containers.open_files(old)[0] == 1024, "the container has been made again"
    new = containers.start()
    assert containers.open_files(new) == (given, given)
    if cluster.brokers:
        assert given >= min(broker_open_files(cluster), _possible(host))

    # `verify` runs this in the broker's container.
    (program,) = re.findall(
        r"OPEN_FILES_OF_ERLANG <<'END_OF_SCRIPT' \|\| true\n(.*?)END_OF_SCRIPT\n", host.read(SCRIPT), re.DOTALL
    )
    said = [containers.crictl("exec", container, "sh", "-c", program) for container in (old, new)]
    assert said == ["1024\n", f"{given}\n"]

    again = host.step("node")
    assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout + again.stderr


@pytest.mark.parametrize("after", ["write /etc/systemd", "read the unit files again"])
def test_a_step_that_was_killed_in_between_is_finished(node, cluster, after):
    host, containers = node
    _as_packaged(host)
    assert host.step_until("node", says=f"^done: {after}").killed
    done = host.step("node")
    assert (done.returncode, _restarts(done.stdout)) == (0, 1), done.stdout + done.stderr
    assert containers.open_files(containers.start())[0] == _given(host, cluster)
    assert states(host.step("node").stdout) == {"skipped"}
