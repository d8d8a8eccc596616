"""The cluster as every face sees it: immutable, complete, already judged by the rules.

Units: CPU in millicores, memory and disk in bytes, times in seconds. Optional
values are None. Collections are tuples, sorted or in the order of the inventory.
"""

from .balancer import HOST_METRICS, Frontend, LoadBalancer, Server
from .cluster import Cluster, GitSource
from .containers import Container, EnvVar, Expose, KubernetesService, Port, SecretFiles
from .machines import CONTROL_PLANE, EVERY_NODE, Group, Node
from .monitoring import Monitoring
from .scale import Kafka, Scale
from .services import (
    DOJOT_LABEL,
    GENERATED,
    PROVIDED,
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
    "CONTROL_PLANE",
    "DOJOT_LABEL",
    "EVERY_NODE",
    "GENERATED",
    "HOST_METRICS",
    "PROVIDED",
    "RANDOM",
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
    "KubernetesService",
    "LoadBalancer",
    "Monitoring",
    "Node",
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
]
