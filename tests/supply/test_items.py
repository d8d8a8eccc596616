"""What a cluster is said to fetch, beside what its compiled files make its hosts fetch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.cluster import load
from components.kubeadm.values import tables
from components.supply.items import FILE, IMAGE, PACKAGE, items
from tests.conftest import ROOT
from tests.inventory.targets import fixtures, renderer, write_inventory

_WORDS = re.compile(r"^\s*install_packages ([a-z][-a-z0-9 ]*)$", re.MULTILINE)


def _images(value: Any) -> set[str]:
    """Of containers, and of the operator's custom resource."""
    if isinstance(value, list):
        return set().union(*map(_images, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_images, value.values())) if value else set()
    found |= {value[key] for key in ("image", "bundlerImage") if isinstance(value.get(key), str)}
    return found | ({f"{value['baseImage']}:{value['tag']}"} if "baseImage" in value else set())


def _compiled(folder: Path) -> set[str]:
    paths = [*(folder / "manifests").glob("*.yml"), folder / "bootstrap" / "pod-network.yml"]
    return {
        image
        for path in paths
        for document in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        if document["kind"] != "CustomResourceDefinition"
        for image in _images(document)
    }


def _said(cluster, kind) -> dict[str, Any]:
    return {
        item.name + (f":{item.version}" if kind == IMAGE else ""): item for item in items(cluster) if item.kind == kind
    }


def test_every_image_of_every_pod(cluster, compiled):
    assert _compiled(compiled) - _said(cluster, IMAGE).keys() == set()


def test_every_download_with_its_checksum(cluster, compiled):
    script = (compiled / "bootstrap" / "bootstrap.sh").read_text("utf-8")
    files = _said(cluster, FILE).values()
    # A digest of our own makes pods anew, and is of no download.
    checksums = set(re.findall(r"(?<!checksum/config: )\b[0-9a-f]{64}\b", script))
    assert checksums - {item.sha256 for item in files} == set()
    assert all(item.source in script and item.sha256 in script for item in files) and files


def test_every_package(cluster):
    """Those of the inventory, and those that steps name themselves."""
    named = {
        word
        for path in (ROOT / "bootstrap").rglob("*.sh")
        for words in _WORDS.findall(path.read_text("utf-8"))
        if path.name != "follow-timer.sh" or cluster.load_balancer.follow.enabled
        for word in words.split()
    }
    platform = cluster.platform
    named |= {*platform.operating_system.packages, *platform.runtime.packages, platform.haproxy.package.name}
    assert named - _said(cluster, PACKAGE).keys() == set() and "socat" in named


def test_hosts_are_those_that_fetch_it(cluster):
    everybody = {machine.name for machine in cluster.machines}
    for item in items(cluster):
        assert item.hosts and {*item.hosts} <= everybody
    images = _said(cluster, IMAGE)
    for service in cluster.services:
        assert {node.name for node in cluster.nodes_of(service)} <= {*images[service.container.image].hosts}


@pytest.fixture(scope="module")
def cluster_of_fixture(tmp_path_factory):
    def found(name: str):
        (wanted,) = [each for each in fixtures("valid") if each.name == name]
        return load(*renderer(write_inventory(tmp_path_factory.mktemp("fixture"), [wanted]))(name))

    return found


def test_nobody_fetches_an_argo_cd_that_is_there(cluster_of_fixture):
    assert "argo-cd" not in _said(cluster_of_fixture("with-an-argocd-that-is-there"), FILE)


def test_every_pinned_package(cluster, cluster_of_fixture):
    """Whatever tables of packages the script has."""
    for one in (cluster, cluster_of_fixture("with-a-shared-address")):
        pinned = {
            tuple(row.split("|"))
            for name, rows in tables(one).items()
            if name.endswith("_PACKAGES") and name != "OS_PACKAGES"
            for row in rows
        }
        assert pinned and pinned <= {(item.name, item.version) for item in _said(one, PACKAGE).values()}
