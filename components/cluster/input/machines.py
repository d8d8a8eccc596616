"""Machines, the groups they form, and the hosts of the load balancer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..quantity import binary
from .entry import AtLeastOne, Entry, Map, Maybe, NoneTwice, Wanted
from .follow import Follow
from .scalar import Scalar
from .shapes import (
    NAME,
    Address,
    Bytes,
    Directory,
    Domain,
    LabelKey,
    LabelValue,
    Millicores,
    Name,
    NodePort,
    NotNegative,
    Port,
    Positive,
    Switch,
)


class Hardware(Entry):
    """What one machine has (the guide's hardware table)."""

    wanted: ClassVar = "cpu, memory and disk, such as {cpu: 8, memory: 8Gi, disk: 30Gi}"

    cpu: Millicores
    """cores"""
    memory: Bytes
    """its memory"""
    disk: Bytes
    """what its disk has for volumes"""

    def written(self) -> dict[str, int | str]:
        """As an inventory has it: whole cores or thousandths of one, and sizes with their units."""
        cores = f"{self.cpu}m" if self.cpu % 1000 else self.cpu // 1000
        return {"cpu": cores, "memory": binary(self.memory), "disk": binary(self.disk)}

    def __str__(self) -> str:
        return f"{{{', '.join(f'{key}: {value}' for key, value in self.written().items())}}}"


class Node(Entry):
    """One machine of the Kubernetes cluster."""

    wanted: ClassVar = "an address and a group, such as {address: 192.168.0.14, group: vernemq}"

    address: Address
    """the machine's address"""
    group: Annotated[str, NAME("a node group such as vernemq")]
    """its group, which decides what runs there"""
    hardware: Maybe[Hardware] = None
    """what this machine has, where it is not what its group says"""


class ClusterEntry(Entry):
    """What makes this cluster the one it is."""

    name: Name
    """the name of the target's file (derived)"""
    domain: Domain
    """the name or address that devices use, part of the brokers' certificates"""
    namespace: Name
    """namespace of all services that have none of their own"""
    nodes: Annotated[
        Map[Name, Node],
        AtLeastOne(),
        Wanted("the machines of the cluster by host name, each with an address and a group"),
    ]
    """the machines, by host name"""
    rbac: Switch
    """whether Roles are compiled"""
    group_label: LabelKey
    """key of the node label, whose value is the group's label"""


class NodeGroup(Entry):
    """Machines of one kind."""

    label: LabelValue
    """value of the node label"""
    hardware: Maybe[Hardware] = None
    """what each of its machines has; without it, capacity is not judged"""


class PortRange(Entry):
    """From one port to another, both included."""

    wanted: ClassVar = "a range of ports, such as {first: 10240, last: 65535}"

    first: Port
    """the lowest port"""
    last: Port
    """the highest port"""


class Listen(Entry):
    """Ports that clients connect to."""

    apigw: Maybe[Port] = None
    """the API gateway, HTTP"""
    apigw_https: Maybe[Port] = None
    """the API gateway, HTTPS"""
    metrics: Maybe[Port] = None
    """Grafana"""
    mqtt: Maybe[Port] = None
    """plain MQTT"""
    mqtts: Maybe[Port] = None
    """MQTT over TLS"""


class BalancerTls(Entry):
    """TLS with clients of the API and Grafana, which ends at HAProxy."""

    wanted: ClassVar = "whether the API and Grafana speak TLS, such as {enabled: true, minimum: TLSv1.2}"

    enabled: Switch
    """whether they do"""
    minimum: Annotated[Literal["TLSv1.2", "TLSv1.3"], Scalar("TLSv1.2 or TLSv1.3")]
    """the oldest version that clients may speak"""


class BalancerHostEntry(Entry):
    """One HAProxy host."""

    wanted: ClassVar = "an address, such as {address: 192.168.0.17}"

    address: Address
    """its address"""
    hardware: Maybe[Hardware] = None
    """what this host has, where it is not `load_balancer.hardware`"""
    source_addresses: Annotated[
        tuple[Address, ...], NoneTwice(), Wanted("further addresses of this host, such as [192.168.0.27]")
    ] = ()
    """further ones of its own: from each, HAProxy has the ports of `load_balancer.source_ports` to every broker"""


class SharedEntry(Entry):
    """How several load balancers share the devices."""

    wanted: ClassVar = (
        "how devices come to several load balancers: {by: dns}, or {by: keepalived, address: 192.168.0.100, "
        "interface: eth0}"
    )

    by: Annotated[Literal["dns", "keepalived"], Scalar("dns or keepalived")]
    """dns: `cluster.domain` has an address record of each host; keepalived: one of them has an address for all"""
    address: Maybe[Address] = None
    """with keepalived: the address at which devices find the host that has it"""
    interface: Maybe[
        Annotated[str, Scalar("the name of a network interface such as eth0", pattern=r"[A-Za-z][A-Za-z0-9._-]{0,14}")]
    ] = None
    """with keepalived: the interface of each host that gets the address"""


class LoadBalancerEntry(Entry):
    """What all HAProxy hosts have in common."""

    moved: ClassVar = dict.fromkeys(
        ("hostname", "address"), "Write load_balancers: {<host name>: {address: <address>}}, beside load_balancer"
    )

    hardware: Maybe[Hardware] = None
    """what each host has; without it, its memory is not judged"""
    shared: Maybe[SharedEntry] = None
    """how several hosts share the devices"""
    listen: Listen
    """ports that clients connect to"""
    tls: BalancerTls
    """TLS with clients of the API and Grafana"""
    api_connections: Positive
    """connections of a listener without devices"""
    reconnect_overlap: NotNegative
    """per cent above the number of devices for a listener with devices"""
    source_ports: PortRange
    """range that each server line with devices connects from"""
    ephemeral_ports: PortRange
    """the kernel's own range"""
    recovery: Annotated[int, Scalar("a number of seconds from 1 to 600", minimum=1, maximum=600)]
    """seconds in which the devices of a lost broker are back on the others"""
    session_rate: Maybe[Positive] = None
    """new sessions a second of a listener with devices (by rule: what `recovery` needs)"""
    memory_per_session: Bytes
    """memory of an idle session"""
    memory_per_tls_connection: Bytes
    """further memory of a connection where HAProxy speaks TLS"""
    follow: Follow
    """whether each host takes its configuration from the repository by itself"""


class GatewayNodePorts(Entry):
    """NodePorts of the API gateway."""

    http: Maybe[NodePort] = None
    """HTTP"""
    https: Maybe[NodePort] = None
    """HTTPS"""


class Lwm2mNodePorts(Entry):
    """NodePorts of the LwM2M agent."""

    coap: Maybe[NodePort] = None
    """CoAP"""
    coaps: Maybe[NodePort] = None
    """CoAP over DTLS"""
    file_server: Maybe[NodePort] = None
    """firmware over CoAP"""
    file_servers: Maybe[NodePort] = None
    """firmware over CoAP and DTLS"""
    http: Maybe[NodePort] = None
    """firmware over HTTP"""


class NodePorts(Entry):
    """Ports of the nodes, numbered as in the guide."""

    fixed: Switch
    """false: Kubernetes chooses the ports behind the load balancer"""
    apigw: Maybe[GatewayNodePorts] = None
    """the API gateway"""
    metrics: Maybe[NodePort] = None
    """Grafana"""
    mqtt: Maybe[NodePort] = None
    """plain MQTT"""
    mqtts: Maybe[NodePort] = None
    """MQTT over TLS"""
    lwm2m: Maybe[Lwm2mNodePorts] = None
    """the LwM2M agent"""


class Volumes(Entry):
    """Where volumes are."""

    root: Directory
    """directory on the nodes"""
    # Not any name: a class of somebody else's, such as longhorn, would be overwritten, and provide nothing.
    storage_class: Annotated[
        str,
        Scalar(
            "local-storage or local-storage-NAME, the class that is made here for directories of the nodes "
            "(no other can be used, see docs/switches.md)",
            pattern=r"local-storage(-[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?)?",
        ),
    ]
    """name of the class made for them, local-storage or local-storage-NAME"""
    persistent: Switch
    """whether volumes outlive their pods, where a volume does not say"""


Placement = Annotated[
    Map[Name, Annotated[str, NAME("a node group such as kafka")]],
    Wanted("the node group of each part of dojot, such as kafka: kafka"),
]
