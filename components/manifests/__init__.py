"""The manifests face: Kubernetes objects, one file a service with all its objects in it."""

from __future__ import annotations

from components.manifests.face import manifests as files

__all__ = ["files", "main"]


def main():
    """Entry point of Kapitan: {file name: text} of the cluster that it is compiling."""
    from components.cluster.read import current_cluster

    return files(current_cluster())
