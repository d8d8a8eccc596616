"""Files that are made from the cluster."""

from __future__ import annotations

from components.cluster.types import GENERATED
from components.manifests.generated import TEXTS
from tests.conftest import ROOT


def test_the_model_knows_exactly_what_can_be_made():
    assert set(GENERATED) == set(TEXTS)
    assert not set(GENERATED) & {path.name for path in (ROOT / "inventory" / "files").iterdir()}


def test_the_directories_of_volumes_are_those_of_all_nodes(cluster):
    listed = TEXTS["volume_directories"](cluster).splitlines()
    assert listed == sorted({disk.host_path for _, _, disk in cluster.disks})
