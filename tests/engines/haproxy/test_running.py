"""The compiled configuration at work, between mosquitto brokers and devices on the cluster's own addresses."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.engines.haproxy.broker import WHO
from tests.engines.mqtt.client import Client, Unanswered
from tests.engines.pki import Authority
from tests.haproxy.configuration import CONFIG, SYSCTL, settings

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")


def _broker_of(client: Client) -> str:
    client.subscribe(WHO)
    return client.receive()[1].decode()


def test_only_what_this_machine_forbids_differs_from_the_compiled_files(laboratory, cluster, texts):
    running = laboratory.balancer.config.read_text("utf-8")
    compiled, possible = cluster.load_balancer.maxconn, adapted.sessions_of_a_process()
    expected = [f"-     maxconn {compiled}", f"+     maxconn {possible}"] if possible < compiled else []
    for line in texts[CONFIG].splitlines():
        if " ssl crt " in line:
            expected += [f"- {line}", f"+ {adapted.on_this_machine(line).rstrip()}"]
    assert adapted.differences(texts[CONFIG], running) == expected
    kernel = settings(texts[SYSCTL])
    assert adapted.differences(texts[SYSCTL], adapted.kernel_settings(texts[SYSCTL])) == [
        f"- {key} = {kernel[key]}" for key in adapted.OF_THE_WHOLE_MACHINE
    ]


def test_kernel_takes_the_settings(laboratory, texts):
    wanted = settings(adapted.kernel_settings(texts[SYSCTL]))
    with laboratory.host.inside():
        found = {key: Path("/proc/sys", key.replace(".", "/")).read_text() for key in wanted}
    assert {key: value.split() for key, value in found.items()} == {key: value.split() for key, value in wanted.items()}
    # And HAProxy's listeners have them: connections that wait to be accepted.
    shown = subprocess.run(laboratory.host.command("ss", "-Hltn"), capture_output=True, text=True, check=True).stdout
    backlog = {int(line.split()[3].rpartition(":")[2]): int(line.split()[2]) for line in shown.splitlines()}
    for frontend in laboratory.device_frontends:
        assert backlog[frontend.listen] == min(frontend.maxconn, int(wanted["net.core.somaxconn"])), frontend.name


def test_haproxy_gives_up_its_rights(laboratory, cluster):
    worker = laboratory.balancer.worker
    account = cluster.platform.haproxy.user
    assert Path("/proc", str(worker)).owner() == account, f"the worker does not run as {account}"
    jail = laboratory.folder / "chroot"
    assert os.path.samefile(f"/proc/{worker}/root", jail), "the worker is not in its chroot"


def test_a_session_does_all_of_mqtt(laboratory, cluster):
    low, high = cluster.load_balancer.source_ports
    for frontend in laboratory.device_frontends:
        with ExitStack() as stack:
            devices = [
                stack.enter_context(laboratory.connect(frontend, f"device-{number}", keepalive=cluster.scale.keepalive))
                for number in range(2 * len(frontend.servers))
            ]
            for number, device in enumerate(devices):
                topic, payload = f"test/device-{number}/attrs", f'{{"frontend": "{frontend.name}"}}'.encode()
                device.subscribe(topic)
                device.publish(topic, payload)
                assert device.receive() == (topic, payload), f"{frontend.name}: another message came"
                assert device.alive(), frontend.name
            found = sorted(_broker_of(device) for device in devices)
            assert found == sorted([server.name for server in frontend.servers] * 2), (
                f"{frontend.name}: not evenly spread"
            )
            for broker in laboratory.brokers.values():
                peers = broker.sessions()
                # The health checks come from the same address, and from any port.
                sessions = [
                    port for address, port in peers if address == cluster.load_balancer.address and low <= port <= high
                ]
                assert len(sessions) >= 2, f"{frontend.name}: {broker.host.name} has sessions from {peers} only"


def test_tls_needs_a_certificate_of_the_clusters_authority(laboratory, cluster, tmp_path):
    secure = [frontend for frontend in laboratory.device_frontends if laboratory.secure(frontend)]
    assert secure, "the brokers' configuration has no TLS listener"
    address = cluster.load_balancer.address
    stranger = laboratory.trust("device", authority=Authority(tmp_path))
    refusals = (
        ("no certificate", laboratory.trust(None), ssl.SSLError, "CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE"),
        ("a stranger's", stranger, ssl.SSLError, "UNKNOWN_CA|DECRYPT_ERROR"),
        ("no TLS", None, (OSError, Unanswered), None),
    )
    for frontend in secure:
        for who, trust, error, words in refusals:
            with laboratory.device.inside(), pytest.raises(error, match=words):
                Client(address, frontend.listen, "device", tls=trust, name=address).close()
                pytest.fail(f"{frontend.name} lets in a device with {who}")


def test_services_for_people_are_reached(laboratory, cluster):
    others = [frontend for frontend in laboratory.frontends if not frontend.devices]
    assert others, "the load balancer leads to no API"
    for frontend in others:
        _, said = laboratory.ask(frontend, "/some/path")
        assert said in {f"{server.name}:{server.port} /some/path" for server in frontend.servers}, frontend.name


def test_who_ends_tls_admits_nothing_else(laboratory):
    ended = [frontend for frontend in laboratory.frontends if frontend.tls]
    if not ended:
        pytest.skip("this cluster's API asks for no TLS")
    for frontend in ended:
        with pytest.raises(OSError, match="Remote end closed|reset by peer"):
            laboratory.ask(replace(frontend, tls=False), "/")
        # Older versions are refused by HAProxy, not by this side, which allows them.
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        place = (laboratory.cluster.load_balancer.address, frontend.listen)
        with laboratory.device.inside(), pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            old.wrap_socket(socket.create_connection(place, timeout=15)).close()


def test_every_other_port_is_closed(laboratory, cluster):
    balancer = cluster.load_balancer
    public = {("0.0.0.0", frontend.listen) for frontend in laboratory.frontends}
    private = {("127.0.0.1", balancer.stats_port)}
    closed = {frontend.node_port for frontend in laboratory.frontends}
    if balancer.metrics_readers:
        private.add((balancer.address, balancer.stats_port))
    else:
        closed.add(balancer.stats_port)
    assert laboratory.host.listening() == public | private
    for port in sorted(closed - {port for _, port in public}):
        with laboratory.device.inside(), socket.socket() as probe:
            probe.settimeout(15)
            assert probe.connect_ex((balancer.address, port)) == errno.ECONNREFUSED, f"port {port} is open to devices"


def test_metrics_are_there_for_prometheus_alone(laboratory, cluster):
    balancer = cluster.load_balancer
    if not balancer.metrics_readers:
        pytest.skip("nobody watches this cluster")
    hosts = [host for host in laboratory.network.hosts.values() if host.name != balancer.hosts[0].name]
    url = f"http://{balancer.address}:{balancer.stats_port}"
    for host in hosts:
        reader = host.address in balancer.metrics_readers
        with host.inside():
            if not reader:
                with pytest.raises(OSError, match="reset by peer|without response"):
                    urlopen(f"{url}/metrics", timeout=15)
                continue
            with urlopen(f"{url}/metrics", timeout=15) as answer:
                assert "haproxy_process_max_connections" in answer.read().decode()
            # Statistics, with the names and states of everything, are for the host itself.
            with pytest.raises(HTTPError, match="403"):
                urlopen(f"{url}/", timeout=15)
    assert {host.address for host in hosts} & set(balancer.metrics_readers), "no reader was tried"


def test_statistics_and_metrics(laboratory):
    assert "Statistics Report" in laboratory.balancer.get("/")
    metrics = laboratory.balancer.get("/metrics")
    possible = min(adapted.sessions_of_a_process(), laboratory.cluster.load_balancer.maxconn)
    assert f"haproxy_process_max_connections {possible}\n" in metrics
    for frontend in laboratory.frontends:
        for server in frontend.servers:
            line = f'haproxy_server_status{{proxy="{frontend.name}",server="{server.name}",state="UP"}} 1'
            assert line in metrics, f"/metrics does not have {line}"


def test_each_session_is_logged_when_it_ends(laboratory):
    laboratory.balancer.forget_log()
    for frontend in laboratory.device_frontends:
        with laboratory.connect(frontend, "logged") as device:
            broker = _broker_of(device)
        expected = rf"haproxy\[\d+\]: {laboratory.device.address}:\d+ .* {frontend.name} {frontend.name}/{broker} "
        assert laboratory.balancer.logged(expected), f"no line like {expected!r} came to the log socket"


def test_a_broker_that_falls_silent_loses_its_sessions_to_the_others(laboratory):
    """Power or network gone: no packet says so, HAProxy's checks have to find out."""
    frontend = laboratory.device_frontends[0]
    names = {server.name for server in frontend.servers}
    lost = sorted(names)[0]
    with ExitStack() as stack:
        devices = {}
        for number in range(4 * len(names)):
            device = stack.enter_context(laboratory.connect(frontend, f"silent-{number}"))
            devices[device] = _broker_of(device)
        assert set(devices.values()) == names
        laboratory.network.plug(lost, connected=False)
        try:
            for device in [device for device, broker in devices.items() if broker == lost]:
                assert device.ends_within(30) is not None, f"a session of {lost} hangs after it fell silent"
            assert laboratory.balancer.states(frontend.name)[lost].startswith("DOWN")
            for device in [device for device, broker in devices.items() if broker != lost]:
                assert device.alive(), "a session of another broker ended too"
            for number in range(4):
                with laboratory.connect(frontend, f"again-{number}") as device:
                    assert _broker_of(device) in names - {lost}
        finally:
            laboratory.network.plug(lost, connected=True)
        for found in laboratory.frontends:
            up = {server.name: "UP" for server in found.servers}
            assert laboratory.balancer.becomes(found.name, up), f"{found.name}: {lost} is not used again"
