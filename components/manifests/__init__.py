"""The manifests face: Kubernetes objects, one file a service with all its objects in it."""

from components.cluster.kapitan import current_cluster
from components.manifests.files import files


def main() -> dict[str, str]:
    """File name -> text for the cluster that Kapitan compiles now."""
    return files(current_cluster())
