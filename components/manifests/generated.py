"""Files that are made from the cluster, by the name under which an inventory mounts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from components.cluster.types import Cluster
from components.monitoring import dashboards
from components.monitoring.config import prometheus_config
from components.monitoring.rules import prometheus_rules

from .gateway import calls

#: `source` of a file -> its text. The model knows the names (types.GENERATED).
TEXTS: Mapping[str, Callable[[Cluster], str]] = {
    "dashboard_brokers": dashboards.brokers,
    "dashboard_load_balancer": dashboards.load_balancer,
    "dashboard_nodes": dashboards.nodes,
    "dashboard_overview": dashboards.overview,
    "dashboard_storage": dashboards.storage,
    "gateway_calls": calls,
    "prometheus_config": prometheus_config,
    "prometheus_rules": prometheus_rules,
    "volume_directories": lambda cluster: "".join(
        f"{path}\n" for path in sorted({disk.host_path for _, _, disk in cluster.disks})
    ),
}
