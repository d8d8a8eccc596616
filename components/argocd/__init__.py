"""The Argo CD face: AppProject, Application and what argocd-cm has to say."""

from __future__ import annotations

from components.argocd.files import files

__all__ = ["files", "main"]


def main():
    """Entry point of Kapitan: {file name: text} of the cluster that it is compiling."""
    from components.cluster.read import current_cluster

    return files(current_cluster())
