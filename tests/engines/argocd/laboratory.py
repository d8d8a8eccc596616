"""A cluster with an Argo CD at work, which follows a Git repository of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from components.cluster.types import Cluster
from tests.engines.argocd.application import Application
from tests.engines.argocd.installation import Installation
from tests.engines.argocd.inventory import Inventory
from tests.engines.argocd.repository import Repository
from tests.engines.argocd.snapshot import Key, Snapshot, manifests
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import nodes
from tests.engines.processes import until
from tests.engines.programs import control_plane


@dataclass
class Laboratory:
    """A cluster with its Argo CD; `compiled` was committed last, as `revision`. In `folder` is what tests write."""

    plane: ControlPlane
    cluster: Cluster
    compiled: Path
    repository: Repository
    application: Application
    project: dict
    folder: Path
    revision: str = ""

    @cached_property
    def inventory(self) -> Inventory:
        """The repository's, to be edited for this cluster."""
        return Inventory(self.folder / "edited", self.cluster.name)

    def commit(self, compiled: Path, message: str) -> None:
        """Commit this compiled folder in the place of the last one; nothing else is told to Argo CD."""
        self.repository.put(compiled, f"compiled/{self.cluster.name}")
        self.compiled, self.revision = compiled, self.repository.commit(message)

    def synced(self) -> dict:
        """The Application once the last commit is in the cluster."""
        return self.application.synced(self.revision)

    def manifests(self) -> dict[Key, dict]:
        return manifests(self.compiled / "manifests")

    def snapshot(self) -> Snapshot:
        return Snapshot(self.plane, self.project)

    def settled(self) -> Snapshot:
        """A snapshot once all is synced and controllers have nothing left to write."""
        self.synced()
        seen = [self.snapshot()]

        def same() -> bool:
            seen.append(self.snapshot())
            return not seen[-2].changed(seen[-1])

        assert until(same, seconds=60, pause=2), f"these do not come to rest: {sorted(seen[-2].changed(seen[-1]))}"
        return seen[-1]

    def kubectl(self, *arguments: object) -> str:
        """In dojot's namespace."""
        return self.plane.kubectl("--namespace", self.cluster.namespace, *arguments).stdout


@contextmanager
def at_work(cluster: Cluster, compiled: Path, folder: Path) -> Iterator[Laboratory]:
    """The cluster with this compiled folder as the first commit, which Argo CD is about to sync."""
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(control_plane(cluster.platform.kubernetes.minor), folder / "plane"))
        stack.enter_context(nodes(plane, cluster))
        repository = Repository(folder / "repository", cluster.git.revision)
        (folder / "argocd").mkdir()
        installation = Installation(plane, cluster, compiled, repository, folder / "argocd")
        project = yaml.safe_load((compiled / "argocd" / "project.yml").read_text("utf-8"))
        found = Laboratory(plane, cluster, compiled, repository, Application(installation, compiled), project, folder)
        found.commit(compiled, "The compiled cluster")
        installation.install()
        stack.callback(installation.stop)
        installation.start()
        yield found
