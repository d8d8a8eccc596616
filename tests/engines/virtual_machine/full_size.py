"""Every device of a cluster through one HAProxy process: `make engines-100k`, twenty minutes.

The load balancer's host has the memory of the inventory; the script has made it what it is, so
HAProxy runs with every compiled file as it stands. Brokers and devices are in the same virtual
machine, but behind a network of their own. Not collected by `make engines` (its name does not
begin with test_).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.clusters import balancers
from tests.engines.processes import until
from tests.engines.virtual_machine import usage
from tests.engines.virtual_machine.balancer import BalancerHost
from tests.engines.virtual_machine.devices import Devices
from tests.engines.virtual_machine.wall import LAST, PARTS, Ramp

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True)
HOLD = 60  # seconds
MORE = 200  # devices that come after the reload


def say(text: str) -> None:
    """Progress, past pytest's capture: one line takes minutes."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.__stderr__, flush=True)


@pytest.fixture
def host(cluster, keys, tmp_path) -> Iterator[BalancerHost]:
    memory = cluster.load_balancer.hosts[0].hardware.memory
    say(f"{cluster.name}: a virtual machine with {memory / 2**30:.1f} GiB")
    with BalancerHost(cluster, tmp_path, keys, memory) as found:
        found.step(seconds=1200)
        say("the script has made it a load balancer")
        yield found


def ramp(host: BalancerHost, devices: Devices, sessions: int) -> Ramp:
    """Open so many sessions, in parts."""
    found, worker = Ramp(), host.workers()[-1]
    before = usage.processor(host, worker)
    for part in range(PARTS):
        size = sessions * (part + 1) // PARTS - sessions * part // PARTS
        answer = devices.order(f"ramp sessions={size}", seconds=1800)
        assert answer["unanswered"] == 0 and answer["refused"] == 0, f"not every device was let in: {answer}"
        after = usage.processor(host, worker)
        user, system = ((now - then) / size for now, then in zip(after, before, strict=False))
        found.add(answer, user, system)
        if part % LAST == LAST - 1 or part >= PARTS - LAST:
            say(
                f"{answer['open']:7,} sessions, {answer['per_second']:6.1f} connects/s, "
                f"{1e6 * user:6.0f} + {1e6 * system:6.0f} µs of HAProxy's user and system time each"
            )
        before = after
    return found


def all_answer(devices: Devices, order: str, sessions: int) -> dict[str, Any]:
    """Every session answers, and none was lost since the last order."""
    answer = devices.order(order, seconds=1800)
    say(f"{order}: {answer}")
    assert answer["lost"] == 0, f"{answer['lost']} sessions were lost before or during `{order}`: {answer}"
    assert answer["answered"] == sessions, (
        f"`{order}`: {sessions - answer['answered']} sessions do not answer: {answer}"
    )
    return answer


@pytest.mark.parametrize("lost", [0, 1], ids=["every broker", "one broker lost"])
def test_every_device_connects_and_outlives_a_reload(host, lost, figures):
    balancer, sessions = host.cluster.load_balancer, host.cluster.scale.devices
    names = [server.name for server in host.mqtt.servers]
    host.start_brokers()
    for name in names[:lost]:
        host.stop_broker(name)
    expected = {name: "DOWN" if name in names[:lost] else "UP" for name in names}
    assert until(lambda: host.states() == expected, 60), f"HAProxy sees its brokers as {host.states()}"
    devices = Devices(host, sessions)
    devices.order("state")
    worker = host.workers()[-1]
    before = usage.Memory.of(host, worker)

    found = ramp(host, devices, sessions)
    after = usage.Memory.of(host, worker)
    resident, kernel = (after.resident - before.resident) / sessions, (after.sockets - before.sockets) / 2 / sessions
    figures("sessions", sessions)
    for what, value in found.figures().items():
        figures(what, value)
    figures("HAProxy's resident memory a session, bytes", resident)
    figures("kernel memory of its two sockets, bytes", kernel)
    figures("HAProxy's resident memory, MiB", after.resident / 2**20)
    figures("memory left in the machine, brokers and devices included, MiB", after.available / 2**20)
    say(str(found.figures()))
    say(f"a session: {resident:.0f} B resident, {kernel:.0f} B of kernel memory; {after}")

    publish = all_answer(devices, "publish", sessions)
    figures("PUBACK, p50 and p99, ms", f"{publish['ms']['p50']} and {publish['ms']['p99']}")
    all_answer(devices, "ping", sessions)
    devices.order(f"hold seconds={HOLD}", seconds=HOLD + 120)
    all_answer(devices, "ping", sessions)

    host.sh("systemctl reload haproxy")
    assert until(lambda: worker in host.workers() and len(host.workers()) == 2, 120), (
        f"after the reload the workers are {host.workers()}, before it was {worker}"
    )
    all_answer(devices, "ping", sessions)
    # New devices meet source ports that the old process still holds: a few attempts fail, and
    # are repeated, until those are passed (platform.haproxy.source_port_retries).
    refused = devices.order(f"ramp sessions={MORE}")["refused"]
    settled = devices.order("settle seconds=600", seconds=700)
    refused += settled["refused"]
    say(f"after the reload {MORE} more, {refused} attempts failed before: {settled}")
    figures("attempts that failed after the reload, of new sessions", refused)
    assert (settled["open"], settled["lost"]) == (sessions + MORE, 0), f"new sessions after the reload: {settled}"
    # Each failure passes so many held ports of one broker.
    bound = sessions / host.cluster.platform.haproxy.source_port_retries + len(names)
    assert refused <= bound, f"after the reload {refused} attempts failed, expected are {bound:.0f} at most"
    all_answer(devices, "publish", sessions + MORE)

    # Judged last, so that a slow machine still says all the rest.
    assert resident + kernel <= balancer.memory_per_session, (
        f"a session takes {resident:.0f} B of HAProxy and {kernel:.0f} B of the kernel, "
        f"the inventory counts with {balancer.memory_per_session} (load_balancer.memory_per_session)"
    )
    found.check()


#: Ports for the guide's recipe: so few that its wall stands where seconds lead.
FEW = (10240, 26239)


def test_the_check_finds_the_wall_of_the_guides_recipe(host, figures):
    """Without source ranges the kernel takes every other port first; one broker alone, few ports."""
    every_other = (FEW[1] - FEW[0] + 1) // 2
    # So many that only the last twentieth comes behind the wall.
    sessions = every_other * PARTS // (PARTS - LAST)
    host.start_brokers()
    for server in host.mqtt.servers[1:]:
        host.stop_broker(server.name)
    assert until(lambda: sorted(host.states().values()) == ["DOWN"] * (len(host.mqtt.servers) - 1) + ["UP"], 60)
    devices = Devices(host, 2 * sessions)
    compiled = ramp(host, devices, sessions)
    devices.leave()
    # Ports of connections that have just ended are not free for the kernel's choice.
    left = f"ss -Htan '( dport = :{host.mqtt.servers[0].port} )' | wc -l"
    assert until(lambda: int(host.sh(left).out) == 0, 180, pause=5), "connections to the brokers do not end"

    config = host.cluster.platform.haproxy.paths.config
    host.sh(f"sed -i 's/ source [0-9.:-]*$//' {config} && ! grep -qE '^[^#]* source ' {config}")
    host.sh(f"sysctl -w net.ipv4.ip_local_port_range='{FEW[0]} {FEW[1]}'")
    host.sh("systemctl restart haproxy")
    assert until(lambda: "UP" in host.states().values(), 60)
    guides = ramp(host, Devices(host, 2 * sessions), sessions)
    for name, found in (("compiled", compiled), ("the guide's recipe", guides)):
        for what, value in found.figures().items():
            figures(f"{name}: {what}", value)
        say(f"{name}: {found.figures()}")
    compiled.check()
    with pytest.raises(AssertionError, match="slower"):
        guides.check()
