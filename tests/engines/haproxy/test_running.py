"""The compiled configuration at work: sessions, a reload, a lost broker, statistics, log."""

from __future__ import annotations

import pytest

from tests.conftest import CLUSTERS, ROOT
from tests.engines.haproxy.laboratory import Device, Laboratory, until


def _different() -> list[str]:
    """The clusters, less those whose configuration another one has: a running HAProxy costs seconds."""
    found: dict[str, str] = {}
    for name in CLUSTERS:
        path = ROOT / "compiled" / name / "haproxy" / "haproxy.cfg"
        lines = path.read_text("utf-8").splitlines() if path.is_file() else [name]
        found.setdefault("\n".join(line for line in lines if not line.startswith("#")), name)
    return list(found.values())


pytestmark = pytest.mark.parametrize("cluster", _different(), indirect=True, scope="session")


@pytest.fixture
def laboratory(cluster, tmp_path):
    found = Laboratory(cluster, tmp_path)
    yield found
    found.stop()


def test_sessions_live_through_a_reload_and_a_lost_broker(laboratory):
    names = sorted(laboratory.brokers)
    assert until(lambda: set(laboratory.states().values()) == {"UP"})

    # leastconn spreads them evenly.
    old = [Device(laboratory.port) for _ in range(4 * len(names))]
    assert sorted(device.broker for device in old) == sorted(names * 4)

    # The old process keeps its sessions and their source ports; the new one finds others,
    # and its checks do not suffer from it.
    laboratory.reload()
    new = [Device(laboratory.port) for _ in range(4 * len(names))]
    assert all(device.broker for device in new)
    assert not until(lambda: "DOWN" in laboratory.states().values(), seconds=4)
    assert set(laboratory.states().values()) == {"UP"}
    assert [device.ask() for device in old] == [device.broker for device in old]

    # A broker that falls silent: its sessions end, and the devices find the others.
    lost = names[0]
    laboratory.brokers[lost].vanish()
    affected = [device for device in new if device.broker == lost]
    assert affected and until(lambda: all(device.ended() for device in affected))
    assert all(device.ask() == device.broker for device in new if device.broker != lost)
    assert {Device(laboratory.port).broker for _ in range(6)} <= set(names[1:])
    assert until(lambda: laboratory.states()[lost] == "DOWN")


def test_statistics_metrics_and_log(laboratory):
    assert "Statistics Report" in laboratory.get("/")
    metrics = laboratory.get("/metrics")
    assert "haproxy_process_max_connections 500" in metrics and "haproxy_server_status" in metrics
    device = Device(laboratory.port)
    assert device.broker
    device.leave()
    assert laboratory.logged(f"/{device.broker} ")
