"""The cluster as every face sees it: immutable, complete, already judged by the rules.

Units: CPU in millicores, memory and disk in bytes, times in seconds. Optional
values are None. Collections are tuples, sorted or in the order of the inventory.
"""

from .balancer import Frontend, LoadBalancer, Server
from .cluster import Cluster, GitSource, Platform
from .containers import Container, EnvVar, Expose, KubernetesService, Port, Resources, SecretFiles, Security
from .machines import CONTROL_PLANE, EVERY_NODE, Group, Hardware, Node
from .monitoring import AlertLimit, Monitoring
from .scale import Kafka, Scale
from .services import (
    PROVIDED,
    RANDOM,
    Disk,
    File,
    HostPath,
    Job,
    MadePods,
    Metrics,
    Plugin,
    Route,
    Service,
    Use,
    Volume,
    pods_prefix,
)

__all__ = [
    "CONTROL_PLANE",
    "EVERY_NODE",
    "PROVIDED",
    "RANDOM",
    "AlertLimit",
    "Cluster",
    "Container",
    "Disk",
    "EnvVar",
    "Expose",
    "File",
    "Frontend",
    "GitSource",
    "Group",
    "Hardware",
    "HostPath",
    "Job",
    "Kafka",
    "KubernetesService",
    "LoadBalancer",
    "MadePods",
    "Metrics",
    "Monitoring",
    "Node",
    "Platform",
    "Plugin",
    "Port",
    "Resources",
    "Route",
    "Scale",
    "SecretFiles",
    "Security",
    "Server",
    "Service",
    "Use",
    "Volume",
    "pods_prefix",
]
