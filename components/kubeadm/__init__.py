"""The kubeadm face: the script and configs that build the cluster Argo CD takes over."""

from __future__ import annotations


def main() -> dict[str, str]:
    """Kapitan's entry point: the files of compiled/<cluster>/bootstrap/."""
    from components.cluster.kapitan import current_cluster

    from .script import files

    return files(current_cluster())
