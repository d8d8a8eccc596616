"""The load balancer's files: each line is one that the inventory asks for, and the numbers suit the devices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from components.cluster.quantity import size
from tests.compiled import reckoned, said
from tests.compiled.reckoned import Listener
from tests.compiled.tree import Tree
from tests.haproxy.configuration import (
    LIMITS,
    SYSCTL,
    Section,
    only,
    sections,
    settings,
)

_FOLDER = "haproxy/"
# Until the kernel closes what it accepted for us, and while a page is read: HAProxy's own listeners carry no devices.
_OWN_CONNECTIONS, _OWN_SECONDS = 16, 10
_HEADINGS = ("global", "defaults")
# Rules of which the first that fits decides, and what is said before an answer is expected: their order counts.
_ORDERED = ("http-request", "tcp-request", "tcp-check")
# CONNECT of MQTT 3.1.1 without identifier and clean session, which has to be answered by a refusal; a CONNACK.
_MQTT = "100c00044d5154540400000a0000", "2002"
# A ClientHello of TLS 1.2 (tests/engines/haproxy sends it to servers); a handshake record of TLS 1.2.
_TLS = (
    (
        "160301007f0100007b03030000000000000000000000000000000000000000000000000000000000000000000022c02bc02f"
        "c02cc030cca9cca8c023c027c009c013009e009f009c009d003c002f003501000030000a000a0008001d001700180019000b"
        "00020100000d0014001204030503060308040805080604010501060100170000"
    ),
    "160303",
)
# Linux' own default of what one process may open, and what the rest of a small host opens.
_NR_OPEN, _REST_OF_THE_HOST = 1_048_576, 65_536


def haproxy_cfg_says_what_the_inventory_says(tree: Tree) -> list[str]:
    """Of each host, line by line, in each section; a line that nobody asked for is as wrong as one that is missing."""
    return [problem for host in reckoned.balancers(tree.parameters) for problem in _of_a_host(tree, host)]


def _of_a_host(tree: Tree, host: str) -> list[str]:
    file = f"{host}.cfg"
    there = sections(tree.files[_FOLDER + file])
    wanted = dict(_wanted(tree.parameters, reckoned.sources(tree.parameters, host)))
    found = [f"{file}: {name} is there {count} times" for name, count in Counter(map(str, there)).items() if count > 1]
    if tuple(map(str, there[: len(_HEADINGS)])) != _HEADINGS:
        found.append(f"{file}: does not begin with {' and '.join(_HEADINGS)}")
    for section in there:
        if str(section) not in wanted:
            found.append(f"{file}: nobody asked for {section}")
    by_name = {str(section): section for section in there}
    for name, lines in wanted.items():
        if name not in by_name:
            found.append(f"{file}: there is no {name}")
            continue
        stated = [" ".join(line) for line in by_name[name].lines]
        found += [f"{file}: {name} lacks {line!r}" for line in (Counter(lines) - Counter(stated)).elements()]
        found += [
            f"{file}: {name}: nobody asked for {line!r}" for line in (Counter(stated) - Counter(lines)).elements()
        ]
        for word in _ORDERED:
            first, second = ([line for line in all_lines if line.startswith(word)] for all_lines in (stated, lines))
            if first != second and sorted(first) == sorted(second):
                found.append(f"{file}: {name}: its {word} rules stand in another order")
    return found


def _wanted(parameters: Mapping[str, Any], sources: list[str]) -> Iterator[tuple[str, list[str]]]:
    haproxy = parameters["platform"]["haproxy"]
    # Since TLS 1.2 with these alone, who gets hold of a key later reads nothing of before, tickets aside.
    ended = [
        f"ssl-default-bind-options ssl-min-ver {parameters['load_balancer']['tls']['minimum']} no-tls-tickets",
        "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
    ]
    yield (
        "global",
        [
            f"log {haproxy['log']['target']} {haproxy['log']['facility']}",
            f"chroot {haproxy['paths']['chroot']}",
            f"user {haproxy['user']}",
            f"group {haproxy['group']}",
            # For root alone, and the next process gets the listeners through it.
            f"stats socket {haproxy['paths']['admin_socket']} mode 600 level admin expose-fd listeners",
            "stats timeout 30s",
            f"maxconn {reckoned.sessions(parameters)}",
            f"hard-stop-after {haproxy['hard_stop_after']}s",
            f"mworker-max-reloads {haproxy['max_reloads']}",
            *(ended if any(listener.ends_tls for listener in reckoned.listeners(parameters)) else ()),
        ],
    )
    timeout = _session_timeout(parameters)
    yield (
        "defaults",
        [
            "mode tcp",
            "log global",
            *(f"option {option}" for option in ("tcplog", "dontlognull", "clitcpka", "srvtcpka", "redispatch 1")),
            f"timeout client {timeout}s",
            f"timeout server {timeout}s",
            f"timeout connect {haproxy['connect_timeout']}s",
            f"timeout client-fin {haproxy['client_fin_timeout']}s",
        ],
    )
    own = [
        "mode http",
        f"maxconn {_OWN_CONNECTIONS}",
        "option httplog",
        "option dontlog-normal",
        f"timeout http-request {_OWN_SECONDS}s",
        f"timeout client {_OWN_SECONDS}s",
    ]
    metrics = ["http-request use-service prometheus-exporter if { path /metrics }"]
    port = haproxy["stats_port"]
    pages = ["stats enable", "stats uri /", f"stats refresh {_OWN_SECONDS}s"]
    with_metrics = metrics if haproxy["prometheus_exporter"] else []
    yield "frontend stats", [*own, f"bind 127.0.0.1:{port}", *with_metrics, *pages]
    readers = list(_metrics_readers(parameters))
    if readers and with_metrics:
        admitted = f"tcp-request connection reject unless {{ src {' '.join(readers)} }}"
        exporter = reckoned.node_exporter(parameters)
        others = ["http-request deny"]
        if exporter:
            others = [
                "http-request deny unless { path /host-metrics }",
                "http-request set-path /metrics",
                "default_backend node-exporter",
            ]
            server = f"server node-exporter 127.0.0.1:{exporter['port']}"
            yield "backend node-exporter", ["mode http", f"timeout server {_OWN_SECONDS}s", server]
        yield "frontend metrics", [*own, f"bind {sources[0]}:{port}", admitted, *metrics, *others]
    for listener in reckoned.listeners(parameters):
        yield from _listener(parameters, listener, sources)


def _session_timeout(parameters: Mapping[str, Any]) -> int:
    """MQTT: a session is dead after one and a half keepalives. A minute more, so that the broker is who says so."""
    return parameters["scale"]["keepalive"] * 3 // 2 + 60


def _metrics_readers(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The nodes from which Prometheus asks."""
    watch = parameters.get("monitoring")
    if watch and watch["load_balancer"]:
        entry = parameters["services"].get(watch["service"])
        yield from reckoned.nodes_of(parameters, entry["group"]).values() if entry else ()


def _listener(parameters: Mapping[str, Any], listener: Listener, sources: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Devices' sessions go out by source ports of their own, so their servers are checked by twins without."""
    haproxy, balancer = parameters["platform"]["haproxy"], parameters["load_balancer"]
    check = f"default-server check inter {haproxy['check_interval']}s fall 3 rise 2"
    ended = "on-marked-down shutdown-sessions"
    tls = f" ssl crt {haproxy['paths']['certificate']}" if listener.ends_tls else ""
    head = [f"bind :{listener.listen}{tls}", f"maxconn {listener.most}"]
    servers = {name: f"server {name} {_end(listener, address)}" for name, address in listener.nodes.items()}
    if not listener.devices:
        told = ["default-server send-proxy check-send-proxy"] if listener.proxied else []
        yield f"listen {listener.name}", [*head, "balance roundrobin", *told, f"{check} {ended}", *servers.values()]
        return
    first, last = balancer["source_ports"]["first"], balancer["source_ports"]["last"]
    checks = f"{listener.name}-checks"
    yield f"backend {checks}", [*_asked(haproxy, parameters["services"], listener), check, *servers.values()]
    retries, each = f"retries {haproxy['source_port_retries']}", reckoned.sessions_of_a_server(parameters, listener)
    # A line for each address; they share what the server takes, and its check.
    shares = [each // len(sources) + (number < each % len(sources)) for number in range(len(sources))]
    several = len(sources) > 1
    tracked = [
        f"server {name}{f'.{number + 1}' if number else ''} {_end(listener, address)} track {checks}/{name}"
        f"{f' maxconn {shares[number]}' if several else ''} source {source}:{first}-{last}"
        for name, address in listener.nodes.items()
        for number, source in enumerate(sources)
    ]
    most = f"default-server {'' if several else f'maxconn {each} '}{ended} slowstart {haproxy['slow_start']}s"
    rate = f"rate-limit sessions {reckoned.new_sessions(parameters, listener)}"
    yield f"listen {listener.name}", [*head, rate, "balance leastconn", retries, most, *tracked]


def _asked(haproxy: Mapping[str, Any], services: Mapping[str, Any], listener: Listener) -> list[str]:
    """What a broker has to answer: a kernel accepts connections for one that is frozen."""
    plain = said.on(services[listener.service]["ports"])[listener.port].get("listener") == "tcp"
    if not (listener.tls or plain):
        return []
    question, answer = _TLS if listener.tls else _MQTT
    return [
        "option tcp-check",
        f"timeout check {haproxy['check_timeout']}s",
        f"tcp-check send-binary {question}",
        f"tcp-check expect binary {answer}",
    ]


def _end(listener: Listener, address: str) -> str:
    """HAProxy puts in variables between double quotes only."""
    return f'"{address}:${{{listener.variable}}}"' if listener.node_port is None else f"{address}:{listener.node_port}"


def limits_follow_from_the_inventory(tree: Tree) -> list[str]:
    """Each setting of the kernel, and of the service's unit."""
    parameters = tree.parameters
    haproxy, ephemeral = parameters["platform"]["haproxy"], parameters["load_balancer"]["ephemeral_ports"]
    files, probes = reckoned.open_files(parameters), haproxy["tcp_keepalive"]
    exporter = reckoned.node_exporter(parameters)
    own = sorted(
        {
            haproxy["stats_port"],
            *([exporter["port"]] if exporter else []),
            *(one.listen for one in reckoned.listeners(parameters)),
        }
    )
    kernel = {
        "net.ipv4.ip_local_port_range": f"{ephemeral['first']} {ephemeral['last']}",
        "net.ipv4.ip_local_reserved_ports": ",".join(map(str, own)),
        "net.core.somaxconn": haproxy["backlog"],
        "net.ipv4.tcp_max_syn_backlog": haproxy["backlog"],
        "net.ipv4.tcp_tw_reuse": 1,
        "net.ipv4.tcp_keepalive_time": probes["idle"],
        "net.ipv4.tcp_keepalive_intvl": probes["interval"],
        "net.ipv4.tcp_keepalive_probes": probes["probes"],
        "fs.nr_open": max(_NR_OPEN, files),
        # Old processes hold their sessions beside the newest.
        "fs.file-max": files + haproxy["max_reloads"] * files + _REST_OF_THE_HOST,
    }
    wanted = {
        SYSCTL: [f"{name} = {value}" for name, value in kernel.items()],
        # The kernel ends whatever else it can first.
        LIMITS: ["[Service]", f"LimitNOFILE={files}", "OOMScoreAdjust=-500"],
    }
    found = []
    for file, lines in wanted.items():
        text = tree.files[_FOLDER + file].splitlines()
        there = [line for line in text if line.strip() and not line.startswith(("#", ";"))]
        found += [f"{file}: lacks {line!r}" for line in (Counter(lines) - Counter(there)).elements()]
        found += [f"{file}: nobody asked for {line!r}" for line in (Counter(there) - Counter(lines)).elements()]
        if file == LIMITS and there and there[0] != lines[0]:
            found.append(f"{file}: begins outside of {lines[0]}")
    return found


def the_numbers_suit_the_devices(tree: Tree) -> list[str]:
    """By what HAProxy and the kernel do: every device gets in and stays, with one broker less and over a reload."""
    return [
        problem
        for host in reckoned.balancers(tree.parameters)
        for problem in _suits(tree, tree.files[f"{_FOLDER}{host}.cfg"])
    ]


def _suits(tree: Tree, text: str) -> list[str]:
    scale = tree.parameters["scale"]
    kernel, unit = (settings(tree.files[_FOLDER + file]) for file in (SYSCTL, LIMITS))
    main, defaults = only(text, "global"), only(text, "defaults")
    total, files = int(main.value("maxconn")), int(unit["LimitNOFILE"])
    # Measured: 2 x maxconn + 35 + 3 x threads, and one for each check.
    checked = sum(len(section.values("server")) for section in sections(text))
    needed = 2 * total + 35 + 3 * 64 + checked
    # HAProxy's manual: a process survives so many reloads, and receives SIGTERM with the next.
    processes = 1 + int(main.value("mworker-max-reloads"))
    timeout = defaults.seconds("timeout", "client")
    idle, interval, probes = (int(kernel[f"net.ipv4.tcp_keepalive_{name}"]) for name in ("time", "intvl", "probes"))
    listen = [section for section in sections(text) if section.kind == "listen"]
    shares = sum(int(section.value("maxconn")) for section in listen)
    rules = {
        f"maxconn {total} is less than the {shares} of its listeners": total >= shares,
        f"LimitNOFILE {files} is less than the {needed} that HAProxy opens": files >= needed,
        "fs.nr_open is below LimitNOFILE": int(kernel["fs.nr_open"]) >= files,
        f"{processes} processes do not fit into fs.file-max": int(kernel["fs.file-max"]) >= processes * files,
        f"a timeout of {timeout} s cuts living devices": timeout > 1.5 * scale["keepalive"],
        "one side ends sessions of the other": timeout == defaults.seconds("timeout", "server"),
        "the session timeout comes before the kernel's verdict": idle + interval * probes < timeout,
        "a reload ends living sessions": main.seconds("hard-stop-after") * 1000 > scale["session_lifetime"],
    }
    found = [rule for rule, kept in rules.items() if not kept]
    found += _brokers_live(tree, text)
    own = {int(one.rpartition(":")[2]) for section in sections(text) for (one, *_) in section.values("bind")}
    for section in listen:
        found += _source_ports(section, own, -(-scale["devices"] // reckoned.carriers(tree.parameters)))
    return [f"haproxy: {problem}" for problem in found]


def _brokers_live(tree: Tree, text: str) -> Iterator[str]:
    """No broker is given more than its memory holds, and all together take every device.

    Where the inventory states the sessions of every listener, these count together; else a device may be of any
    listener, and there is room for all at that of the smaller sessions.
    """
    parameters, devices = tree.parameters, tree.parameters["scale"]["devices"]
    base, stated = size(parameters["scale"]["broker_memory"]), parameters["scale"].get("sessions_per_broker", {})
    carried, taken, memory, all_stated = {}, 0, 0, True
    for listener in reckoned.listeners(parameters):
        entry, each = parameters["services"][listener.service], parameters["scale"]["session_memory"].get(listener.port)
        if not listener.devices or entry["kind"] != "VerneMQ" or each is None:
            continue
        section = only(text, "listen", listener.name)
        # What all lines have stands once, or each line of a server has its share.
        first, *_ = listener.nodes
        lines = [line for line in section.values("server") if line[0].partition(".")[0] == first]
        limit = sum(
            int(line[line.index("maxconn") + 1])
            for line in (*section.values("default-server"), *lines)
            if "maxconn" in line
        )
        # Each load balancer gives it as many, and one of several is lost.
        limit *= reckoned.carriers(parameters)
        memory = size(entry["resources"]["limits"]["memory"])
        if base + limit * size(each) > memory:
            yield f"{section}: a broker is killed before it has {limit} sessions"
        carried[size(each)] = f"{section}: the brokers take {limit} sessions each", limit * len(listener.nodes)
        taken += limit * size(each)
        all_stated &= listener.port in stated
        rate = int(section.value("rate-limit", "sessions"))
        if rate * reckoned.carriers(parameters) * parameters["load_balancer"]["recovery"] < devices / len(
            listener.nodes
        ):
            yield f"{section}: {rate} new sessions a second bring the devices of a lost broker back too late"
    if not carried:
        return
    if all_stated and len(carried) > 1:
        if base + taken > memory:
            yield f"a broker is killed before it has the sessions of {len(carried)} listeners"
        if sum(many for _, many in carried.values()) < devices:
            yield f"{len(carried)} listeners have too few sessions for {devices} devices"
    elif carried[min(carried)][1] < devices:
        yield f"{carried[min(carried)][0]}, too few for {devices} devices"


def _source_ports(section: Section, own: set[int], devices: int) -> Iterator[str]:
    """Servers of devices: the ranges of all but one hold every device, and no port of HAProxy's own."""
    sources = [
        (line[0].partition(".")[0], line[line.index("source") + 1])
        for line in section.values("server")
        if "source" in line
    ]
    if not sources:
        return
    if len(set(sources)) < len(sources):
        yield f"{section}: two lines of a server have the same source ports"
    low, high = map(int, sources[0][1].rpartition(":")[2].split("-"))
    servers = len({server for server, _ in sources})
    if max(1, servers - 1) * len(sources) // servers * (high - low + 1) < devices:
        yield f"{section}: with one server less, {devices} devices find too few source ports"
    if any(low <= port <= high for port in own) or not 1024 <= low <= high <= 65535:
        yield f"{section}: source ports {low}-{high} hold ports of others"
    if int(section.value("maxconn")) <= devices:
        yield f"{section}: a device that connects again finds no room"


def one_host_has_the_shared_address(tree: Tree) -> list[str]:
    """By keepalived's files: one address and router everywhere, each with the others as peers, no two priorities."""
    address, hosts = reckoned.shared_address(tree.parameters), reckoned.balancers(tree.parameters)
    there = {path for path in tree.files if path.startswith(_FOLDER) and path.endswith(".keepalived.conf")}
    if there != ({f"{_FOLDER}{host}.keepalived.conf" for host in hosts} if address else set()):
        return [f"haproxy: keepalived has {', '.join(sorted(there)) or 'no file'}"]
    found, priorities, routers = [], set(), set()
    for host, own in hosts.items() if address else ():
        lines = tree.files[f"{_FOLDER}{host}.keepalived.conf"].splitlines()
        said = " ".join(" ".join(line for line in lines if not line.lstrip().startswith("#")).split())
        peers = "".join(f"{one} " for name, one in hosts.items() if name != host)
        wanted = (
            "state BACKUP nopreempt",
            f"interface {tree.parameters['load_balancer']['shared']['interface']} ",
            f"unicast_src_ip {own} unicast_peer {{ {peers}}}",
            f"virtual_ipaddress {{ {address}/32 }}",
            f"http://127.0.0.1:{tree.parameters['platform']['haproxy']['stats_port']}/",
            "track_script { haproxy }",
        )
        found += [f"{host}.keepalived.conf: lacks {words!r}" for words in wanted if words not in said]
        priorities.add(re.search(r" priority (\d+) ", said)[1])
        routers.add(int(re.search(r" virtual_router_id (\d+) ", said)[1]))
    if address and (len(routers) > 1 or not routers <= set(range(1, 256))):
        found.append(f"haproxy: as virtual_router_id, VRRP wants one number of 1 to 255 on all hosts, not {routers}")
    if len(priorities) != (len(hosts) if address else 0):
        found.append("haproxy: two load balancers would have the shared address with the same right")
    return found


CHECKS = (
    one_host_has_the_shared_address,
    haproxy_cfg_says_what_the_inventory_says,
    limits_follow_from_the_inventory,
    the_numbers_suit_the_devices,
)
