"""Each cluster's definition and object of the brokers, on an API server of its own release."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

import pytest
import yaml

from components.cluster.types import Cluster, Service
from scripts.engine_catalogue import Missing, brought, builds
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.programs import control_plane

Object = dict
PROGRAM = "vmq-operator"
# What the operator's sets need to become pods and claims. Nobody schedules them.
_CONTROLLERS = ["serviceaccount", "statefulset"]
# First minor release that can be asked to.
_STRICT = 25


@dataclass
class Site:
    """A cluster's namespace and definition, applied; `brokers` is the object, not applied yet."""

    plane: ControlPlane
    cluster: Cluster
    service: Service
    objects: list[Object]

    @property
    def brokers(self) -> Object:
        return next(found for found in self.objects if found["kind"] == "VerneMQ")

    def of(self, *kinds: str) -> list[Object]:
        return [found for found in self.objects if found["kind"] in kinds]

    @property
    def strict(self) -> bool:
        """Does this release's server refuse unknown fields? Older ones drop them without a word."""
        return int(builds()[self.plane.build].line.split(".")[1]) >= _STRICT

    def apply(self, *objects: Object, check: bool = True) -> subprocess.CompletedProcess[str]:
        how = "strict" if self.strict else "true"
        # JSON: what is text here stays text (kubectl would read a bare y as true).
        return self.plane.kubectl(
            "apply",
            "--server-side",
            f"--validate={how}",
            "-f",
            "-",
            check=check,
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}),
        )

    def get(self, kind: str, name: str) -> Object:
        return json.loads(self.plane.kubectl("-n", self.cluster.namespace, "get", kind, name, "-o", "json").stdout)


@pytest.fixture(scope="session")
def site(cluster, compiled, tmp_path_factory):
    build = control_plane(cluster.platform.kubernetes.minor)
    service = next((one for one in cluster.services if one.kind == "VerneMQ"), None)
    if service is None:
        pytest.skip(f"{cluster.name} has no VerneMQ")
    objects = [
        found
        for path in sorted((compiled / "manifests").glob("*.yml"))
        for found in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    ]
    try:
        controllers = brought(PROGRAM) and _CONTROLLERS
    except Missing:
        controllers = False
    with ControlPlane(build, tmp_path_factory.mktemp("plane"), controllers=controllers, scheduler=False) as plane:
        found = Site(plane, cluster, service, objects)
        found.apply(*found.of("Namespace"))
        found.apply(*found.of("CustomResourceDefinition"))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield found
