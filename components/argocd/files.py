"""Cluster -> what Argo CD itself is given, as YAML text."""

from __future__ import annotations

from components.argocd.application import application
from components.argocd.project import project
from components.argocd.settings import settings
from components.cluster.types import Cluster
from components.manifests.files import objects
from components.render import yaml_documents


def files(cluster: Cluster) -> dict[str, str]:
    """{file name: text}. project.yml goes before application.yml.

    argocd-cm.yml is a patch for the ConfigMap of that name: it has only the keys to set.
    """
    manifests = [manifest for documents in objects(cluster).values() for manifest in documents]
    manifests += [dict(each.content) for file in cluster.manifests for each in file.objects]
    return {
        "application.yml": yaml_documents([application(cluster)]),
        "argocd-cm.yml": yaml_documents([settings(cluster)]),
        "project.yml": yaml_documents([project(cluster, manifests)]),
    }
