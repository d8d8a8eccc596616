"""Machines, the groups they form, and the load balancer's host."""

from __future__ import annotations

from typing import Annotated, ClassVar

from .entry import AtLeastOne, Entry, Map, Maybe, Wanted
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


class LoadBalancerEntry(Entry):
    """The HAProxy host."""

    hostname: Name
    """its host name"""
    address: Address
    """its address"""
    hardware: Maybe[Hardware] = None
    """what it has; without it, its memory is not judged"""
    listen: Listen
    """ports that clients connect to"""
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
