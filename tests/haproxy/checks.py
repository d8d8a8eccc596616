"""What must hold between a cluster and the texts of its HAProxy face.

Each check takes the Cluster and {file name: text} and fails an assertion. The expected
values come from nodes and services, not from what the model derived for HAProxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.types import Cluster, Port, Service
from tests.haproxy.configuration import Section, only, sections, settings

Texts = Mapping[str, str]
CONFIG = "haproxy.cfg"
SYSCTL = "99-dojot-haproxy.conf"
LIMITS = "haproxy.service.d-limits.conf"


def listening(cluster: Cluster) -> dict[int, tuple[Service, Port]]:
    """Port of HAProxy -> service and port that clients reach there."""
    return {
        port.expose.listen: (service, port)
        for service in cluster.services
        for port in service.exposed
        if port.expose.listen is not None
    }


def listeners(texts: Texts) -> Iterator[tuple[int, Section]]:
    for section in sections(texts[CONFIG]):
        if section.kind == "listen":
            yield int(section.value("bind").rpartition(":")[2]), section


def every_exposed_port_has_its_listener(cluster: Cluster, texts: Texts) -> None:
    assert sorted(port for port, _ in listeners(texts)) == sorted(listening(cluster))


def servers_are_the_groups_nodes(cluster: Cluster, texts: Texts) -> None:
    expected = listening(cluster)
    for number, section in listeners(texts):
        service, port = expected[number]
        door = port.expose.node_port or f"${{NODEPORT_{service.name.upper()}_{port.name.upper()}}}".replace("-", "_")
        wanted = {(node.name, f"{node.address}:{door}") for node in cluster.groups[service.group].nodes}
        lines = section.values("server")
        assert {line[:2] for line in lines} == wanted and len(lines) == len(wanted), section.name
        if port.expose.devices:
            checked = only(texts[CONFIG], "backend", f"{section.name}-checks")
            assert {line[:2] for line in checked.values("server")} == wanted, checked.name


def every_server_is_checked(cluster: Cluster, texts: Texts) -> None:
    """By itself, or through the server it tracks; and a dead one's sessions end."""
    for _, section in listeners(texts):
        defaults = section.values("default-server")[0]
        assert defaults[-2:] == ("on-marked-down", "shutdown-sessions"), section.name
        for line in section.values("server"):
            words = dict(zip(line[2::2], line[3::2], strict=False))
            if "track" in words:
                backend, _, server = words["track"].partition("/")
                checked = only(texts[CONFIG], "backend", backend)
                assert "check" in checked.values("default-server")[0], backend
                assert server in {other[0] for other in checked.values("server")}, f"{backend}/{server}"
            else:
                assert "check" in defaults, section.name


def device_servers_have_source_ports(cluster: Cluster, texts: Texts) -> None:
    """One range on HAProxy's own address, clear of its own listeners, and no range elsewhere."""
    balancer = cluster.load_balancer
    own = {*listening(cluster), int(only(texts[CONFIG], "frontend", "stats").value("bind").rpartition(":")[2])}
    for number, section in listeners(texts):
        service, port = listening(cluster)[number]
        for line in section.values("server"):
            if not port.expose.devices:
                assert "source" not in line, section.name
                continue
            address, _, span = line[line.index("source") + 1].partition(":")
            low, high = (int(end) for end in span.split("-"))
            assert address == balancer.address, section.name
            assert 1024 <= low < high <= 65535, f"{section.name}: source ports {span}"
            clash = sorted(taken for taken in own if low <= taken <= high)
            assert not clash, f"{section.name}: source ports {span} hold the listeners {clash}"
            # The survivors of one lost broker carry every device; a single server has no survivors.
            nodes = len(cluster.groups[service.group].nodes)
            assert max(1, nodes - 1) * (high - low + 1) >= cluster.scale.devices, (
                f"{section.name}: too few source ports"
            )
            assert int(_word_after(section.values("default-server")[0], "maxconn")) <= high - low + 1, section.name


def own_ports_are_reserved(cluster: Cluster, texts: Texts) -> None:
    kernel = settings(texts[SYSCTL])
    low, high = (int(end) for end in kernel["net.ipv4.ip_local_port_range"].split())
    reserved = {int(port) for port in kernel["net.ipv4.ip_local_reserved_ports"].split(",")}
    stats = int(only(texts[CONFIG], "frontend", "stats").value("bind").rpartition(":")[2])
    missing = {port for port in (*listening(cluster), stats) if low <= port <= high} - reserved
    assert not missing, f"not reserved: {sorted(missing)}"


def limits_carry_every_session(cluster: Cluster, texts: Texts) -> None:
    """Devices fit each device listener, the listeners fit the process, the process fits the host."""
    total = int(only(texts[CONFIG], "global").value("maxconn"))
    expected = listening(cluster)
    shares = {number: int(section.value("maxconn")) for number, section in listeners(texts)}
    for number, share in shares.items():
        if expected[number][1].expose.devices:
            assert share > cluster.scale.devices, f"listener {number}: maxconn {share}"
    assert total >= sum(shares.values()), "a flood on one listener would close the others"
    kernel, unit = settings(texts[SYSCTL]), settings(texts[LIMITS])
    files = int(unit["LimitNOFILE"])
    servers = sum(len(section.values("server")) for section in sections(texts[CONFIG]))
    # Measured with HAProxy 2.6: 2 x maxconn + 35 + 3 x threads; a check is one more each.
    threads = 64
    assert files >= 2 * total + 35 + 3 * threads + servers, f"LimitNOFILE {files}"
    assert int(kernel["fs.nr_open"]) >= files, "fs.nr_open is below LimitNOFILE"
    assert int(kernel["fs.file-max"]) >= 2 * files, "two processes do not fit while one replaces the other"
    assert int(kernel["net.core.somaxconn"]) >= 1024


def timeouts_suit_the_devices(cluster: Cluster, texts: Texts) -> None:
    defaults = only(texts[CONFIG], "defaults")
    client, server = defaults.seconds("timeout", "client"), defaults.seconds("timeout", "server")
    assert client == server, "one side would end sessions of the other"
    assert client > 1.5 * cluster.scale.keepalive, f"timeout {client} s cuts living devices"
    assert 0 < defaults.seconds("timeout", "client-fin") < client
    stop = only(texts[CONFIG], "global").seconds("hard-stop-after")
    assert stop * 1000 > cluster.scale.session_lifetime, "a reload would end living sessions"
    kernel = settings(texts[SYSCTL])
    dead = int(kernel["net.ipv4.tcp_keepalive_time"]) + int(kernel["net.ipv4.tcp_keepalive_intvl"]) * int(
        kernel["net.ipv4.tcp_keepalive_probes"]
    )
    assert dead < client, "the session timeout would come before the kernel's verdict"


def it_logs(cluster: Cluster, texts: Texts) -> None:
    assert only(texts[CONFIG], "global").values("log")
    defaults = only(texts[CONFIG], "defaults")
    assert ("log", "global") in defaults.lines and ("option", "tcplog") in defaults.lines
    assert defaults.value("mode") == "tcp"


def nothing_private_is_open(cluster: Cluster, texts: Texts) -> None:
    """Statistics on the loopback address, metrics there and for Prometheus' nodes, the admin socket for root."""
    watcher = cluster.monitoring and cluster.service(cluster.monitoring.service)
    readers = {node.address for node in cluster.nodes_of(watcher)} if watcher else set()
    for section in sections(texts[CONFIG]):
        private = (
            section.values("stats", "enable")
            or section.values("stats", "uri")
            or any("prometheus-exporter" in line for line in section.lines)
        )
        if private:
            if not section.value("bind").startswith("127.0.0.1:"):
                assert not section.values("stats"), f"{section.name}: statistics are open"
                (rule,) = section.values("tcp-request", "connection")
                assert rule[:4] == ("reject", "unless", "{", "src") and rule[-1] == "}", (
                    f"{section.name}: everybody may connect"
                )
                assert set(rule[4:-1]) == readers, f"{section.name}: {' '.join(rule[4:-1])} may connect"
                assert section.values("http-request")[-1] == ("deny",), f"{section.name}: more than metrics is open"
        assert not section.values("stats", "admin"), section.name
        for line in section.values("stats", "socket"):
            assert _word_after(line, "mode") in {"600", "660"}, line[0]
            assert line[0].startswith("/"), f"{line[0]} is reachable over the network"


def limits_are_left_to_haproxy(cluster: Cluster, texts: Texts) -> None:
    words = {line[0] for section in sections(texts[CONFIG]) for line in section.lines}
    assert not words & {"ulimit-n", "nbthread", "nbproc", "daemon", "master-worker"}


def _word_after(words: tuple[str, ...], word: str) -> str:
    return words[words.index(word) + 1]


CHECKS = (
    every_exposed_port_has_its_listener,
    servers_are_the_groups_nodes,
    every_server_is_checked,
    device_servers_have_source_ports,
    own_ports_are_reserved,
    limits_carry_every_session,
    timeouts_suit_the_devices,
    it_logs,
    nothing_private_is_open,
    limits_are_left_to_haproxy,
)
