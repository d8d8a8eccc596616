"""bootstrap.sh, and for the reviewer's eye the configs that it carries."""

from __future__ import annotations

from components.cluster.types import Cluster
from components.render import yaml_documents

from . import api_server, configs, firewall, pod_network
from .script import script


def files(cluster: Cluster) -> dict[str, str]:
    found = {
        "audit-policy.yml": yaml_documents(api_server.audit_policy(cluster)),
        "bootstrap.sh": script(cluster),
        "firewall.nft": firewall.text(cluster),
        "kubeadm-init.yml": yaml_documents(configs.init_documents(cluster)),
        "kubeadm-join.yml": yaml_documents(configs.join_documents(cluster)),
        "pod-network.yml": yaml_documents(pod_network.documents(cluster)),
    }
    if len(cluster.control_planes) > 1:
        found["kubeadm-join-control-plane.yml"] = yaml_documents(configs.join_control_plane_documents(cluster))
    return found
