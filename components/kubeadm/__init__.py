"""The kubeadm face: the script and configs that build the cluster Argo CD takes over."""

from __future__ import annotations

from components.kubeadm.script import files

__all__ = ["files", "main"]


def main():
    """Entry point of Kapitan: {file name: text} of the cluster that it is compiling."""
    from components.cluster.read import current_cluster

    return files(current_cluster())
