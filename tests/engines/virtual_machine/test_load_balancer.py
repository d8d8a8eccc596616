"""The script makes a host the load balancer, for real: a virtual machine with systemd, packages from
an archive, a running HAProxy with sessions. The steps of one host's life, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.haproxy.files import files
from tests.bootstrap.conftest import states
from tests.engines.clusters import balancers
from tests.engines.processes import until
from tests.engines.virtual_machine.balancer import EXCHANGED, BalancerHost, values
from tests.engines.virtual_machine.devices import Devices
from tests.haproxy.configuration import CONFIG, LIMITS, SYSCTL, settings

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="module")
SESSIONS = 300
MEMORY = 1 << 30


@pytest.fixture(scope="module")
def host(cluster, keys, tmp_path_factory) -> Iterator[BalancerHost]:
    with BalancerHost(cluster, tmp_path_factory.mktemp("host"), keys, MEMORY) as found:
        yield found


@pytest.fixture(scope="module")
def first(host):
    """The step on a host that has nothing yet."""
    return host.step()


def test_only_the_distribution_is_exchanged(host):
    compiled, used = (
        values(text) for text in ((host.compiled / "bootstrap/bootstrap.sh").read_text("utf-8"), host.script)
    )
    assert {name for name in compiled.keys() | used.keys() if compiled.get(name) != used.get(name)} == EXCHANGED
    for name, text in files(host.cluster).items():
        assert (host.compiled / "haproxy" / name).read_text("utf-8") == text, f"{name} is not what was compiled"


def test_the_first_run_makes_a_load_balancer(host, first, figures):
    balancer, haproxy = host.cluster.load_balancer, host.cluster.platform.haproxy
    assert states(first.out) <= {"done", "skipped"}, first.out
    for what in ("install the signing key", "install packages: ca-certificates", "hold packages", "apply "):
        assert f"done: {what}" in first.out, f"the step did not {what}:\n{first.out}"
    assert host.sh("hostname").out.strip() == balancer.hosts[0].name
    assert host.sh(f"getent hosts {balancer.hosts[0].name}").out.split()[0] == balancer.address

    # The kernel has what the file says; the unit what its own file says; HAProxy its configuration.
    wanted = settings(files(host.cluster)[SYSCTL])
    found = host.sh(f"sysctl {' '.join(wanted)}").out.replace("\t", " ")
    assert settings(found) == wanted
    limit = settings(files(host.cluster)[LIMITS])["LimitNOFILE"]
    assert host.sh("systemctl show --property=LimitNOFILE --value haproxy").out.strip() == limit
    for pid in host.workers():
        line = host.sh(f"grep '^Max open files' /proc/{pid}/limits").out.split()
        assert int(line[3]) >= balancer.open_files, f"worker {pid}: {' '.join(line)}"
        assert host.sh(f"cat /proc/{pid}/oom_score_adj").out.strip() != "0"
    assert host.sh(f"stat -c %a {haproxy.paths.config}").out.strip() == "640"
    assert host.sh(f"cat {haproxy.paths.config}").out == (host.compiled / "haproxy" / CONFIG).read_text("utf-8")
    assert host.sh("systemctl is-enabled haproxy; systemctl is-active haproxy").out.split() == ["enabled", "active"]
    assert haproxy.package.name in host.sh("apt-mark showhold").out.split()
    figures("packages, limits, unit and configuration", host.sh("haproxy -v | head -1").out.strip())


def test_sessions_outlive_a_second_run_and_a_reload(host, first):
    host.start_brokers()
    devices = Devices(host, SESSIONS)
    assert devices.order(f"ramp sessions={SESSIONS}")["open"] == SESSIONS
    (before,) = host.workers()

    again = host.step()
    assert states(again.out) == {"skipped"}, again.out
    assert host.workers() == [before]

    # Another configuration is checked, kept beside the former one, and taken over by a new worker.
    balancer = host.cluster.load_balancer
    longer = replace(host.cluster, load_balancer=replace(balancer, session_timeout=balancer.session_timeout + 60))
    host.compile(files(longer))
    changed = host.step()
    assert (
        "done: reload haproxy" in changed.out
        and "restart service" not in changed.out
        and "restart haproxy" not in changed.out
    ), changed.out
    config = host.cluster.platform.haproxy.paths.config
    assert host.sh(f"cat {config}.previous").out == files(host.cluster)[CONFIG]
    assert until(lambda: len(host.workers()) == 2, 30), f"workers after the reload: {host.workers()}"
    assert before in host.workers(), "the reload has ended the process with the sessions"
    answer = devices.order("ping")
    assert (answer["answered"], answer["lost"]) == (SESSIONS, 0), answer
    more = devices.order(f"ramp sessions={SESSIONS}")
    assert (more["open"], more["refused"], more["lost"]) == (2 * SESSIONS, 0, 0), more
    answer = devices.order("publish")
    assert (answer["answered"], answer["lost"]) == (2 * SESSIONS, 0), answer
    assert states(host.step().out) == {"skipped"}

    # The old process ends when its sessions have; each session is in the log.
    devices.leave()
    assert until(lambda: before not in host.workers(), 60), "the old process stays without sessions"
    assert until(lambda: f" {host.mqtt.name}/" in host.sh("cat /var/log/haproxy.log", check=False).out, 30), (
        "no session came to the log"
    )


def test_a_configuration_that_haproxy_refuses_changes_nothing(host, first):
    config = host.cluster.platform.haproxy.paths.config
    before, workers = host.sh(f"sha256sum {config}").out, host.workers()
    broken = files(host.cluster)
    broken[CONFIG] = broken[CONFIG].replace("mode tcp", "mode tpc", 1)
    host.compile(broken)
    done = host.step(check=False)
    assert done.code == 1 and "the running configuration stays" in done.err, done.out + done.err
    assert host.sh(f"sha256sum {config}").out == before and host.workers() == workers
