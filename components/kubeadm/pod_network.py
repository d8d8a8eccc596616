"""The objects of the pod network, which pod-network.yml.j2 describes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from components.cluster.firewall import KUBE_ROUTER_PORT
from components.cluster.types import Cluster
from components.render import template

_TEMPLATE = Path(__file__).parent / "pod-network.yml.j2"


def documents(cluster: Cluster) -> list[dict[str, Any]]:
    """Every object of the pod network, in the order in which they are applied."""
    text = template(_TEMPLATE, platform=cluster.platform, health_port=KUBE_ROUTER_PORT)
    objects: list[dict[str, Any]] = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    config = next(entry for entry in objects if entry["kind"] == "ConfigMap")
    flannel = next(entry for entry in objects if entry["kind"] == "DaemonSet")
    # flanneld reads its files only at start: the checksum rolls it when they change.
    digest = hashlib.sha256(json.dumps(config["data"], sort_keys=True).encode()).hexdigest()
    flannel["spec"]["template"]["metadata"]["annotations"] = {"checksum/config": digest}
    return objects
