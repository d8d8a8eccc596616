"""ConfigMaps of the files that containers mount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.cluster.types import Cluster, File

from .generated import TEXTS
from .metadata import metadata
from .pods import files_name


def config_map(
    cluster: Cluster, namespace: str, owner: str, files: Sequence[File], wave: int, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The ConfigMap with the files of a service or job."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(files_name(owner), wave, namespace=namespace, labels=labels),
        "data": contents(cluster, files),
    }


def contents(cluster: Cluster, files: Sequence[File]) -> dict[str, str]:
    """File name -> text."""
    return {file.name: _text(cluster, file) for file in files}


def _text(cluster: Cluster, file: File) -> str:
    return TEXTS[file.source](cluster) if file.text is None else file.text
