"""Each committed cluster, running: the control plane of its release, its machines, its manifests applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.compiled.tree import Tree, read
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import nodes
from tests.engines.programs import control_plane


@dataclass(frozen=True)
class Running:
    """A cluster at work. `complaints` is what was said while its manifests were applied with `options`."""

    tree: Tree
    plane: ControlPlane
    options: tuple[str, ...]
    complaints: list[str]


@pytest.fixture(scope="session")
def running(cluster, compiled, tmp_path_factory) -> Iterator[Running]:
    """The cluster with everything in its manifests applied, wave by wave; leave it as you found it."""
    kubernetes = cluster.platform.kubernetes
    build = control_plane(kubernetes.minor)
    tree = read(compiled, cluster, {})
    with (
        ControlPlane(
            build,
            tmp_path_factory.mktemp(cluster.name) / "plane",
            service_subnet=kubernetes.service_subnet,
            feature_gates=kubernetes.feature_gates,
        ) as plane,
        nodes(plane, cluster),
    ):
        options = options_of(tree)
        yield Running(tree, plane, options, sync.sync(plane, tree, *options))


def options_of(tree: Tree) -> tuple[str, ...]:
    """As the platform's Argo CD applies, each object checked for fields that the release does not know."""
    if "ServerSideApply=true" in tree.cluster.platform.argocd.sync_options:
        return ("--server-side", "--validate=strict")
    # Before 1.25 there is no strict check on the server; kubectl compares with its OpenAPI document.
    return ("--validate=true",)
