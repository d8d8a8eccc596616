"""A device's message to a real broker, plain and with certificates: there, back, and refused."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace

import pytest

from components.desk.verify import message
from components.desk.verify.mqtt import Refused, Session
from tests.engines.pki import Authority
from tests.engines.processes import Process, free_port
from tests.engines.programs import installed

DEVICE = "admin:probe"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def broker(authority, tmp_path_factory):
    """Ports: one that takes everybody, one that wants certificates, and one that lets nobody in."""
    folder = tmp_path_factory.mktemp("broker")
    certificate, key = authority.server("broker", "127.0.0.1")
    plain, secret, closed = (free_port() for _ in range(3))
    (folder / "acl").write_text(f"user {DEVICE}\ntopic readwrite {DEVICE}/#\n")
    (folder / "broker.conf").write_text(
        "user root\nper_listener_settings true\n"
        f"listener {plain} 127.0.0.1\nallow_anonymous true\nacl_file {folder / 'acl'}\n"
        f"listener {secret} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\n"
        f"cafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\n"
        f"listener {closed} 127.0.0.1\nallow_anonymous false\n"
    )
    process = Process("mosquitto", [installed("mosquitto"), "-c", folder / "broker.conf"], folder)
    try:
        process.wait_until(lambda: _open(plain), "there")
        yield plain, secret, closed
    finally:
        process.stop()


def _open(port):
    try:
        Session("127.0.0.1", port, DEVICE, None, 1).__exit__()
    except (OSError, Refused):
        return False
    return True


def _look(cluster, port, device):
    """Of the cluster whose load balancer is this broker."""
    balancer = cluster.load_balancer
    balancer = replace(balancer, hosts=(replace(balancer.hosts[0], address="127.0.0.1"),))
    at = replace(message.listener(cluster, device), listen=port)
    return asyncio.run(message.look(replace(cluster, load_balancer=balancer), device, at))


def _without_loopback(cluster):
    return replace(cluster, services=tuple(one for one in cluster.services if one.name != "kafka-loopback"))


def test_a_message_goes_there(guide_cluster, broker):
    assert _look(_without_loopback(guide_cluster), broker[0], message.Device(DEVICE)) == []


def test_a_message_that_does_not_come_back_is_found(guide_cluster, broker, monkeypatch):
    """Nobody answers here. The guide's cluster has who does."""
    monkeypatch.setattr(message, "_PATIENCE", 2)
    (found,) = _look(guide_cluster, broker[0], message.Device(DEVICE))
    assert found.wrong == "the broker has taken it, and after 2 s it has not come back"


def test_what_was_sent_is_what_comes_back(broker):
    with Session("127.0.0.1", broker[0], DEVICE, None, 10) as session:
        for payload in (b"short", b"x" * 20_000):
            session.subscribe(f"{DEVICE}/config")
            session.publish(f"{DEVICE}/config", payload)
            assert session.receive() == payload


def test_a_certificate_lets_in_and_none_does_not(guide_cluster, broker, authority):
    certificate, key = authority.client("probe", DEVICE)
    device = message.Device(DEVICE, certificate, key, authority.certificate)
    assert _look(_without_loopback(guide_cluster), broker[1], device) == []
    (found,) = _look(_without_loopback(guide_cluster), broker[1], message.Device(DEVICE))
    assert "a device does not get through" in found.wrong


def test_a_broker_of_another_ca_is_not_trusted(guide_cluster, broker, authority, tmp_path):
    certificate, key = authority.client("other", DEVICE)
    device = message.Device(DEVICE, certificate, key, Authority(tmp_path / "pki").certificate)
    (found,) = _look(_without_loopback(guide_cluster), broker[1], device)
    assert "certificate verify failed" in found.wrong


def test_who_is_refused_is_told_why(guide_cluster, broker):
    (found,) = _look(_without_loopback(guide_cluster), broker[2], message.Device(DEVICE))
    assert "this device has no right to connect" in found.wrong


def test_nobody_there_is_a_finding(guide_cluster):
    (found,) = _look(_without_loopback(guide_cluster), free_port(), message.Device(DEVICE))
    assert "Connection refused" in found.wrong and found.what == "a message by vernemq-mqtt"
    with pytest.raises((OSError, ssl.SSLError)):
        message.Device(DEVICE, *3 * (found,)).context()
