"""The cluster as every face sees it: immutable, complete, already judged by the rules.

Units: CPU in millicores, memory and disk in bytes, times in seconds. Optional
values are None. Collections are tuples, sorted or in the order of the inventory.
"""

from .balancer import CONFIG_END, HOST_METRICS, BalancerHost, Frontend, Keepalived, LoadBalancer, Server, server_line
from .cluster import Cluster, GitSource
from .containers import Container, EnvVar, Expose, KubernetesService, Port, SecretFiles
from .machines import CONTROL_PLANE, EVERY_NODE, Group, Node
from .manifests import ManifestFile, OwnObject
from .monitoring import Monitoring
from .scale import Kafka, Scale
from .services import (
    DOJOT_LABEL,
    GENERATED,
    PROVIDED,
    PULL_KEY,
    RANDOM,
    Disk,
    File,
    Job,
    Plugin,
    Route,
    Service,
    Use,
    Volume,
    governing_service,
    pod_labels,
    pods_prefix,
)

__all__ = [
    "CONFIG_END",
    "CONTROL_PLANE",
    "DOJOT_LABEL",
    "EVERY_NODE",
    "GENERATED",
    "HOST_METRICS",
    "PROVIDED",
    "PULL_KEY",
    "RANDOM",
    "BalancerHost",
    "Cluster",
    "Container",
    "Disk",
    "EnvVar",
    "Expose",
    "File",
    "Frontend",
    "GitSource",
    "Group",
    "Job",
    "Kafka",
    "Keepalived",
    "KubernetesService",
    "LoadBalancer",
    "ManifestFile",
    "Monitoring",
    "Node",
    "OwnObject",
    "Plugin",
    "Port",
    "Route",
    "Scale",
    "SecretFiles",
    "Server",
    "Service",
    "Use",
    "Volume",
    "governing_service",
    "pod_labels",
    "pods_prefix",
    "server_line",
]
