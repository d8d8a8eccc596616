"""A Cluster -> all of its files: each face of kapitan.compile, called where the model has accepted the inventory."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from components.cluster.types import Cluster
from components.inventory.dot_kapitan import Output
from components.inventory.faces import Face

from .output_types import file_of


class FaceFailed(Exception):
    """A face raised an error over a cluster that the model accepts: a bug of the face."""

    def __init__(self, face: str, cluster: str, cause: BaseException):
        self.face, self.cluster, self.cause = face, cluster, cause
        super().__init__(f"{face}: {cluster}: {cause!r}")


def files(cluster: Cluster, faces: Sequence[Face], how: Output) -> dict[str, bytes]:
    """Path in the cluster's folder -> content. Raises FaceFailed."""
    found: dict[str, bytes] = {}
    for face in faces:
        try:
            for name, content in _function(face.component)(cluster).items():
                name, content = file_of(name, content, face.output_type, how)
                found[os.path.normpath(PurePosixPath(face.output_path, name))] = content
        except Exception as error:
            raise FaceFailed(face.component, cluster.name, error) from error
    return found


def _function(component: str) -> Callable[[Cluster], dict[str, Any]]:
    """files() in files.py of a face's folder."""
    package = ".".join(PurePosixPath(os.path.normpath(component)).parts)
    files: Callable[[Cluster], dict[str, Any]] = importlib.import_module(f"{package}.files").files
    return files
