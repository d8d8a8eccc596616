"""The parameters of a target: what an inventory may say, and nothing else."""

from __future__ import annotations

from typing import Annotated

from .availability import Availability
from .backup import Backup
from .entry import NOTHING, AtLeastOne, Entry, Map, Maybe, NoneTwice, Wanted
from .firewall import Firewall
from .machines import (
    BalancerHostEntry,
    ClusterEntry,
    Hardware,
    LoadBalancerEntry,
    NodeGroup,
    NodePorts,
    Placement,
    Volumes,
)
from .monitoring import MonitoringEntry
from .platform import Platform
from .priority import PriorityClassEntry
from .scalar import Scalar
from .scale import ScaleEntry
from .service import Plugins, ServiceEntry
from .shapes import NAME, Image, Name, Port, Positive, Switch, Text

_GIT, _GIT_PATH = r"[A-Za-z0-9._-]+", r"[A-Za-z0-9._~/%+-]+"

PriorityClassName = Annotated[
    str,
    Scalar(
        "a name of lower-case letters, digits and hyphens that does not begin with system- (Kubernetes' own)",
        pattern=rf"(?!system-){NAME.pattern}",
    ),
]


class KafkaWs(Entry):
    """Kafka WS."""

    tls: Switch
    """whether Kafka WS speaks TLS"""


class Email(Entry):
    """Whether auth sends e-mail, and through which server."""

    enabled: Switch
    """whether auth sends e-mail"""
    host: Annotated[str, Scalar("a host name or an address", pattern="[-.A-Za-z0-9]*")]
    """the mail server"""
    port: Port
    """its port"""
    user: Annotated[str, Scalar("the name that auth logs in with")]
    """the name to log in with"""
    tls: Switch
    """whether TLS is used"""


class InfluxDB(Entry):
    """InfluxDB."""

    hours: Positive
    """how long it keeps messages, in hours"""


class Repository(Entry):
    """Where Argo CD, and a load balancer that follows, read this repository."""

    url: Annotated[
        str,
        Scalar(
            "the address of a Git repository (https://, ssh:// or git@), without a password",
            pattern=rf"(https://|ssh://({_GIT}@)?){_GIT}(:[0-9]+)?/{_GIT_PATH}|git@{_GIT}:{_GIT_PATH}",
        ),
    ]
    """its address"""
    revision: Annotated[str, Scalar("a branch, a tag or a commit", pattern=r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")]
    """branch, tag or commit"""


class Release(Entry):
    """dojot's version and the image of every service."""

    version: Text
    """dojot's version"""
    images: Map[Text, Image]
    """image of each service, by fixed tag or digest"""
    pull_secrets: Annotated[
        tuple[Name, ...], NoneTwice(), Wanted("the names of Secrets that open registries, such as [registry]")
    ] = ()
    """Secrets, which you provide, that open the registries of images (a list in the target is added)"""


class Gateway(Entry):
    """The API gateway."""

    service: Name
    """the service that is the gateway"""
    mutual_tls: Switch
    """whether it speaks TLS, with a certificate of its own"""
    proxy_protocol: Switch
    """whether the load balancer tells it each client's address"""
    plugins: Annotated[tuple[Name, ...], NoneTwice(), Wanted("the names of the plugins that the gateway's image has")]
    """plugins that its image has (a list in the target is added)"""
    authentication: Plugins
    """plugins of authenticated routes, each with its settings"""


class Inventory(Entry):
    """All parameters of a target."""

    cluster: ClusterEntry
    """the cluster and its machines"""
    placement: Placement
    """the node group of each part of dojot (`dojot`, `kafka`, `x509`, `vernemq`, `operations`), which may share one"""
    availability: Availability
    """how many of each there are where several can be"""
    node_groups: Map[Name, NodeGroup]
    """kinds of machines"""
    reserve: Hardware
    """what the operating system and the kubelet keep of each node"""
    firewall: Firewall
    """the firewall of the nodes"""
    load_balancers: Annotated[
        Map[Name, BalancerHostEntry],
        AtLeastOne(),
        Wanted("the HAProxy hosts by host name, each with an address, such as haproxy: {address: 192.168.0.17}"),
    ]
    """the HAProxy hosts, by host name"""
    load_balancer: LoadBalancerEntry
    """what they have in common"""
    nodeports: NodePorts
    """ports of the nodes"""
    scale: ScaleEntry
    """the number of devices and what one instance carries"""
    volumes: Volumes
    """where volumes are"""
    backup: Backup
    """what is saved outside of the cluster"""
    priority_classes: Annotated[
        Map[PriorityClassName, PriorityClassEntry],
        Wanted("PriorityClasses by name, each with a value and a description"),
    ] = NOTHING
    """PriorityClasses that services may name"""
    insecure_mqtt: Switch
    """whether plain MQTT (1883) exists"""
    kafka_ws: Maybe[KafkaWs] = None
    """Kafka WS"""
    influxdb: Maybe[InfluxDB] = None
    """InfluxDB"""
    email: Maybe[Email] = None
    """e-mail of auth"""
    repository: Repository
    """where Argo CD reads this repository, and the load balancer where it follows"""
    release: Release
    """dojot's version and images"""
    gateway: Maybe[Gateway] = None
    """the API gateway"""
    platform: Platform
    """what dojot runs on"""
    monitoring: Maybe[MonitoringEntry] = None
    """what watches the cluster"""
    manifests: Annotated[
        tuple[
            Annotated[
                str, Scalar("a file of inventory/files such as ingress.yml", pattern=r"[a-z0-9][-a-z0-9.]*\.yml")
            ],
            ...,
        ],
        NoneTwice(),
        Wanted("a list of files of inventory/files that hold Kubernetes objects, such as [ingress.yml]"),
    ] = ()
    """files of inventory/files with Kubernetes objects of your own (a list in the target is added)"""
    services: Annotated[
        Map[Name, ServiceEntry],
        AtLeastOne(),
        Wanted("at least one service: add a class such as profile.full to the target's classes"),
    ]
    """services, by name"""

    def namespace_of(self, service: str) -> str:
        """The namespace of a service: its own, or the cluster's."""
        return self.services[service].namespace or self.cluster.namespace
