"""Numbers that follow from the inventory's parameters, by arithmetic of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from components.cluster.quantity import size
from tests.compiled import said

CONTROL_PLANE = "control-plane"
# Two sockets a session, and room for listeners, checks and threads. HAProxy itself asks for
# 2 x maxconn + 35 + 3 x threads.
_OTHER_FILES = 4096
# Connections that kube-proxy counts for a core; it never counts with fewer than four.
_OF_A_CORE, _CORES = 32_768, 4


@dataclass(frozen=True)
class Listener:
    """A port of the load balancer; `node_port` is None where Kubernetes chooses it."""

    service: str
    port: str
    listen: int
    node_port: int | None
    devices: bool
    tls: bool
    proxied: bool
    ends_tls: bool
    most: int
    nodes: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.service}-{self.port}"

    @property
    def variable(self) -> str:
        return f"NODEPORT_{self.name}".replace("-", "_").upper()


def nodes_of(parameters: Mapping[str, Any], group: str) -> dict[str, str]:
    """Name and address of each node of a group."""
    return {name: node["address"] for name, node in parameters["cluster"]["nodes"].items() if node["group"] == group}


def balancers(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Name and address of each HAProxy host."""
    return {name: host["address"] for name, host in parameters["load_balancers"].items()}


def api_host(parameters: Mapping[str, Any]) -> str:
    """One control plane is found by its address, several by a name that nodes have in /etc/hosts."""
    first, *others = nodes_of(parameters, CONTROL_PLANE).values()
    return f"api.{parameters['cluster']['name']}" if others else first


def carriers(parameters: Mapping[str, Any]) -> int:
    """How many are left to carry every device when one of several is lost."""
    if shared_address(parameters):
        return 1
    return max(1, len(parameters["load_balancers"]) - 1)


def shared_address(parameters: Mapping[str, Any]) -> str:
    """What keepalived gives to one load balancer at a time; empty without it."""
    return parameters["load_balancer"].get("shared", {}).get("address", "")


def sources(parameters: Mapping[str, Any], balancer: str) -> list[str]:
    """Every address from which a host connects to brokers."""
    host = parameters["load_balancers"][balancer]
    return [host["address"], *host.get("source_addresses", [])]


def listeners(parameters: Mapping[str, Any]) -> list[Listener]:
    """What HAProxy listens on for clients, by port number."""
    balancer, scale = parameters["load_balancer"], parameters["scale"]
    # A tenth more than there are devices (or as the inventory says): old sessions live on for a moment.
    devices = -(-scale["devices"] // carriers(parameters)) * (100 + balancer["reconnect_overlap"]) // 100
    found = []
    for service, entry in parameters["services"].items():
        for name, port in said.on(entry.get("ports")).items():
            door = port.get("expose", {})
            if door.get("listen") is None:
                continue
            fixed = parameters["nodeports"]["fixed"]
            many = door.get("devices", False)
            most = devices if many else balancer["api_connections"]
            nodes = nodes_of(parameters, entry["group"])
            number = door["node_port"] if fixed else None
            found.append(
                Listener(
                    service,
                    name,
                    door["listen"],
                    number,
                    many,
                    bool(port.get("tls")),
                    said.proxied(port) is not None,
                    port["expose"].get("tls", False),
                    most,
                    nodes,
                )
            )
    return sorted(found, key=lambda one: one.listen)


def sessions_of_a_server(parameters: Mapping[str, Any], listener: Listener) -> int:
    """A port for each, and the broker's memory for all; a written number wins."""
    scale, ports = parameters["scale"], parameters["load_balancer"]["source_ports"]
    if stated := scale.get("sessions_per_broker", {}).get(listener.port):
        return max(1, stated // carriers(parameters))
    most = (ports["last"] - ports["first"] + 1) * min(len(sources(parameters, one)) for one in balancers(parameters))
    entry = parameters["services"][listener.service]
    if entry["kind"] == "VerneMQ" and listener.port in scale["session_memory"]:
        room = size(entry["resources"]["limits"]["memory"]) - size(scale["broker_memory"])
        most = min(most, room // size(scale["session_memory"][listener.port]) // carriers(parameters))
    return most


def new_sessions(parameters: Mapping[str, Any], listener: Listener) -> int:
    """A second: what comes every day, and the devices of one server in the time that they may take to come back."""
    scale, balancer = parameters["scale"], parameters["load_balancer"]
    if stated := balancer.get("session_rate"):
        return stated
    share = ceil(scale["devices"] / len(listener.nodes))
    every_day = scale["devices"] / (scale["session_lifetime"] / 1000)
    return ceil((every_day + share / balancer["recovery"]) / carriers(parameters))


def sessions(parameters: Mapping[str, Any]) -> int:
    """Of all listeners together."""
    return sum(one.most for one in listeners(parameters))


def open_files(parameters: Mapping[str, Any]) -> int:
    """Of HAProxy's process."""
    return 2 * sessions(parameters) + _OTHER_FILES


def tracked_connections(parameters: Mapping[str, Any]) -> int:
    """Of the busiest node, as many cores' worth as it takes: a core for itself, and what comes in from outside twice,
    because the kernel remembers for two minutes what has closed. HAProxy has no more towards a broker than ports.
    """
    came = dict.fromkeys(parameters["cluster"]["nodes"], 0)
    through = {(one.service, one.port): one for one in listeners(parameters)}
    first, last = (parameters["load_balancer"]["source_ports"][end] for end in ("first", "last"))
    for service, entry in parameters["services"].items():
        for name, port in said.on(entry.get("ports")).items():
            listener = through.get((service, name))
            if listener is None:
                many = 2 * parameters["scale"]["devices"] if port.get("expose", {}).get("devices") else 0
            elif not listener.devices or not said.keeps_source(parameters, entry):
                many = 2 * listener.most * len(balancers(parameters))
            else:
                sessions = min(listener.most, sessions_of_a_server(parameters, listener))
                ports = [(last - first + 1) * len(sources(parameters, host)) for host in balancers(parameters)]
                many = sum(min(2 * sessions, each) for each in ports)
            for node in nodes_of(parameters, entry["group"]):
                came[node] += many
    return max(_CORES, 1 + ceil(max(came.values()) / _OF_A_CORE)) * _OF_A_CORE


def node_exporter(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What measures the load balancer's host: package and port; nothing where Prometheus does not ask there."""
    watch = parameters.get("monitoring", {})
    asks = watch.get("load_balancer") and watch["service"] in parameters["services"]
    return parameters["platform"]["operating_system"].get("node_exporter", {}) if asks else {}


def brokers(parameters: Mapping[str, Any]) -> int:
    """The guide: one for each 33,334 devices (or as the inventory says), at least three; a written number wins."""
    scale = parameters["scale"]
    for entry in parameters["services"].values():
        if entry["kind"] == "VerneMQ" and isinstance(entry["replicas"], int):
            return entry["replicas"]
    return max(scale["minimum_brokers"], ceil(scale["devices"] / scale["devices_per_broker"]))


def replicas(parameters: Mapping[str, Any], service: str) -> int:
    """Pods of a service: a number, or what the guide's sentences about brokers, bridges and nodes come to."""
    services = parameters["services"]
    said_so = (services if service in services else services.elsewhere)[service]["replicas"]
    if said_so == "brokers":
        return brokers(parameters)
    if said_so == "bridges":
        return brokers(parameters) * parameters["scale"]["bridges_per_broker"]
    return len(parameters["cluster"]["nodes"]) if said_so == "nodes" else said_so


def open_files_of_a_broker(parameters: Mapping[str, Any], service: str) -> int:
    """A file for each session, with one broker of several lost."""
    most = max(
        (one.most for one in listeners(parameters) if one.devices and one.service == service),
        default=parameters["scale"]["devices"],
    )
    return ceil(most * carriers(parameters) / max(1, brokers(parameters) - 1)) + _OTHER_FILES


def kafka_partitions(parameters: Mapping[str, Any]) -> int:
    """Of each topic: one for each bridge that reads it, or as the inventory says."""
    scale = parameters["scale"]
    return scale["kafka"].get("partitions", brokers(parameters) * scale["bridges_per_broker"])


def kafka_partition_bytes(parameters: Mapping[str, Any], service: str) -> int:
    """What each partition on a server may fill of its volume, the margin left aside; each tenant has its topics."""
    kafka, servers = parameters["scale"]["kafka"], replicas(parameters, service)
    topics = kafka["topics"] * parameters["scale"].get("tenants", 1)
    there = ceil(topics * kafka_partitions(parameters) * min(3, servers) / servers)
    return volume_size(parameters, service) * 100 // (100 + kafka["margin"]) // there


def stored_bytes(parameters: Mapping[str, Any], database: str) -> float:
    """What others keep there of the messages of all devices, with the margin, and room for all else."""
    scale = parameters["scale"]
    message, room = scale["message"], scale["database"]
    attributes = message.get("attributes", 1) / message.get("average_interval", message["interval"])
    needed = sum(
        scale["devices"]
        * (
            (one["hours"] + one.get("deleted_hours", 0)) * 3600 * attributes * one["attribute_bytes"]
            + size(one["device_bytes"])
        )
        for one in (entry["stores"] for entry in parameters["services"].values() if "stores" in entry)
        if one["service"] == database
    )
    return size(room["base"]) + needed * (100 + room["margin"]) / 100


def volume_size(parameters: Mapping[str, Any], service: str, name: str | None = None) -> int:
    """Bytes of a volume of the service, or of its only one; where that follows a rule, in whole GiB."""
    volumes = parameters["services"][service]["volumes"]
    volume = volumes[name] if name else next(iter(volumes.values()))
    if volume["size"] == "stored_messages":
        return ceil(stored_bytes(parameters, service) / 2**30) * 2**30
    if volume["size"] == "stored_metrics":
        return _metrics_volume(parameters)
    if volume["size"] != "kafka_log":
        return size(volume["size"])
    scale, kafka, servers = parameters["scale"], parameters["scale"]["kafka"], replicas(parameters, service)
    partitions = kafka_partitions(parameters)
    rate = scale["devices"] * scale["message"]["stored_bytes"] / scale["message"]["interval"]
    arriving = rate * kafka["retention"] * 60
    there = ceil(kafka["topics"] * scale.get("tenants", 1) * partitions * min(3, servers) / servers)
    needed = there * (kafka["segment"] + arriving / partitions) * (100 + kafka["margin"]) / 100
    return ceil(needed / 2**30) * 2**30


def _metrics_volume(parameters: Mapping[str, Any]) -> int:
    """At two bytes a sample, so that the share that is for them has room; no less than 4 GiB."""
    watch = parameters["monitoring"]
    hours = int(watch["retention"][:-1]) * {"h": 1, "d": 24, "w": 168}[watch["retention"][-1]]
    series = len(parameters["cluster"]["nodes"]) * watch["series_per_node"]
    needed = series * 3600 * hours / watch["interval"] * 2 / (watch["storage_share"] / 100)
    return max(4, ceil(needed / 2**30)) * 2**30


def derived(parameters: Mapping[str, Any], service: str, word: str) -> str:
    """The value of a variable of which the inventory says only what it follows from."""
    scale, entry = parameters["scale"], parameters["services"][service]
    if word == "gateway_listen":
        listened = []
        for port in said.on(entry["ports"]).values():
            if "expose" in port:
                flags = ["ssl"] if port.get("tls") else []
                listened.append(" ".join([f"0.0.0.0:{port['number']}", *flags]))
                if proxied := said.proxied(port):
                    listened.append(" ".join([f"0.0.0.0:{proxied}", *flags, "proxy_protocol"]))
        return ",".join(listened)
    if word == "load_balancer_source":
        kept = said.keeps_source(parameters, entry)
        # nginx takes one a directive.
        several = "; set_real_ip_from ".join(balancers(parameters).values())
        return several if kept else parameters["platform"]["pod_network"]["cidr"]
    if word == "load_balancer_address":
        return shared_address(parameters) or next(iter(balancers(parameters).values()))
    if word == "kafka_partitions":
        return str(kafka_partitions(parameters))
    if word == "kafka_min_insync_replicas":
        return {1: "1", 2: "1", 3: "2"}[min(3, replicas(parameters, "kafka-server"))]
    if word == "kafka_replication":
        return str(min(3, replicas(parameters, "kafka-server")))
    if word == "kafka_retention_bytes":
        return str(kafka_partition_bytes(parameters, service) - scale["kafka"]["segment"])
    if word == "node_address":
        return next(iter(nodes_of(parameters, entry["group"]).values()))
    if word == "storage_share":
        return f"{volume_size(parameters, service) * parameters['monitoring']['storage_share'] // (100 * 2**20)}MB"
    if word == "zookeeper_servers":
        (governing,) = (name for name, door in entry["kubernetes_services"].items() if door.get("headless"))
        talk, vote = (entry["ports"][name]["number"] for name in ("server", "leader-election"))
        pods = range(replicas(parameters, service))
        return ";".join(f"{service}-{pod}.{governing}:{talk}:{vote}" for pod in pods)
    raise ValueError(f"{service}: who says what {word} is?")


def databases(parameters: Mapping[str, Any], service: str) -> dict[str, Any]:
    """Variables of a database server: how many databases it makes, and of each its name, role and rights."""
    wanted = [
        entry["database"]
        for _, entry in sorted(parameters["services"].items())
        if entry.get("database", {}).get("server") == service
    ]
    found: dict[str, Any] = {"DATABASES": str(len(wanted))}
    for number, database in enumerate(wanted, start=1):
        found |= {
            f"DATABASE_{number}_NAME": database["name"],
            f"DATABASE_{number}_USER": ("secret", database["secret"], "user"),
            f"DATABASE_{number}_PASSWORD": ("secret", database["secret"], "password"),
            f"DATABASE_{number}_CREATEDB": str(database.get("create_databases", False)).lower(),
        }
    return found
