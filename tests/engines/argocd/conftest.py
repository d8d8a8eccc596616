"""One Argo CD at work for all tests of this folder; what it says is added to a failed test's report."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
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

LABORATORY = pytest.StashKey["Laboratory"]()


@dataclass
class Laboratory:
    """A cluster with its Argo CD; `compiled` is what was committed last, as `revision`. `inventory` can be edited."""

    plane: ControlPlane
    cluster: Cluster
    compiled: Path
    repository: Repository
    application: Application
    project: dict
    inventory: Inventory
    revision: str = ""

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


@pytest.fixture(scope="session")
def laboratory(request, cluster, compiled, tmp_path_factory):
    """Its first commit is made, and Argo CD is about to sync it."""
    folder = tmp_path_factory.mktemp("argocd")
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(control_plane(cluster.platform.kubernetes.minor), folder / "plane"))
        stack.enter_context(nodes(plane, cluster))
        repository = Repository(folder / "repository", cluster.git.revision)
        (folder / "argocd").mkdir()
        installation = Installation(plane, cluster, compiled, repository, folder / "argocd")
        found = Laboratory(
            plane,
            cluster,
            compiled,
            repository,
            Application(installation, compiled),
            yaml.safe_load((compiled / "argocd" / "project.yml").read_text("utf-8")),
            Inventory(folder / "edited", cluster.name),
        )
        found.commit(compiled, "The compiled cluster")
        installation.install()
        stack.callback(installation.stop)
        installation.start()
        request.session.stash[LABORATORY] = found
        yield found
        del request.session.stash[LABORATORY]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    laboratory = item.session.stash.get(LABORATORY, None)
    if report.failed and laboratory:
        report.sections.append(("Argo CD", laboratory.application.report()))
    return report
