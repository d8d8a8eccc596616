"""Every profile on the API server of each platform, also those that no committed cluster has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.compiled.tree import Tree
from tests.conftest import CLUSTERS, ROOT
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import options_of
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.programs import control_plane
from tests.inventory.targets import Fixture
from tests.inventory.variants import Variants
from tests.platforms import one_a_platform

_PROFILES = {
    "load-test": ["profile.load-test"],
    "full": ["profile.full", "profile.influxdb", "profile.gui-v2"],
    "mosca": ["profile.mosca"],
    "lwm2m": ["profile.lwm2m"],
}
# Mosca is one process: it has the source ports of one server, and so many devices.
_DEVICES = {"mosca": 10_000}
# What others must find before they can be judged; nothing else is kept.
_FOUNDATION = ("Namespace", "CustomResourceDefinition")


def _target(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "inventory" / "targets" / f"{name}.yml").read_text("utf-8"))


def _wanted() -> Iterator[tuple[str, str]]:
    """(cluster, profile): less what a committed cluster of the same platform runs in full, as test_clusters.py sees."""
    committed = [set(_target(name)["classes"]) for name in CLUSTERS]
    for name in one_a_platform():
        platform = [one for one in _target(name)["classes"] if one.startswith("platform.")]
        for profile, classes in _PROFILES.items():
            if not any({*platform, *classes} <= found for found in committed):
                yield name, profile


@pytest.fixture(scope="module")
def plane(cluster, tmp_path_factory):
    kubernetes = cluster.platform.kubernetes
    with ControlPlane(
        control_plane(kubernetes.minor),
        tmp_path_factory.mktemp("profiles") / "plane",
        service_subnet=kubernetes.service_subnet,
        feature_gates=kubernetes.feature_gates,
    ) as found:
        yield found


def _tree(cluster, profile: str, tmp_path_factory) -> Tree:
    """The cluster's own target with another profile, on machines that have room for all of dojot."""
    target = _target(cluster.name)
    kept = [one for one in target["classes"] if not one.startswith(("profile.", "hardware.", "scale."))]
    parameters = dict(target.get("parameters", {}))
    if profile in _DEVICES:
        parameters["scale"] = {**parameters.get("scale", {}), "devices": _DEVICES[profile]}
    text = yaml.safe_dump(
        {"classes": [*kept, "hardware.full", *_PROFILES[profile], "scale.full"], "parameters": parameters}
    )
    fixture = Fixture(f"{cluster.name}-{profile}", text)
    return Variants([fixture], tmp_path_factory.mktemp)[fixture.name].tree


@pytest.mark.parametrize(("cluster", "profile"), list(_wanted()), indirect=["cluster"])
def test_a_profile_is_accepted_without_a_word(plane, cluster, profile, tmp_path_factory):
    tree = _tree(cluster, profile, tmp_path_factory)
    assert tree.cluster.platform.kubernetes == cluster.platform.kubernetes
    objects = [found for _, wave in sync.waves(tree) for found in wave]
    kept = [found for found in objects if found["kind"] in _FOUNDATION]
    complaints = sync.apply(plane, kept, *options_of(tree))
    sync.await_health(plane, kept, "the foundation")
    tried = [found for found in objects if found["kind"] not in _FOUNDATION]
    complaints += sync.apply(plane, tried, *options_of(tree), "--dry-run=server")
    assert not complaints, "\n".join(complaints)
