"""The page of all clusters, against what the inventory says and what each cluster's own page says."""

from __future__ import annotations

import json

import pytest
import yaml

from components.compile.differences import MOST, differences
from components.inventory.files import InventoryFiles
from components.page import fleet
from components.page.files import files
from components.page.words import count
from tests.conftest import CLUSTERS, ROOT
from tests.rendered import cluster_of, target_of

from .conftest import Page

TARGETS = ROOT / "inventory" / "targets"


@pytest.fixture(scope="module")
def page() -> Page:
    """As it is committed."""
    return Page((ROOT / "compiled" / "README.md").read_text("utf-8"))


def test_it_is_fresh(page):
    summaries = {name: files(cluster_of(name))["summary.json"].encode() for name in CLUSTERS}
    compared = differences(InventoryFiles(ROOT / "inventory"), CLUSTERS)
    assert fleet.page(summaries, compared).decode() == page.text


def test_each_cluster_has_its_row(page):
    rows = {row["Cluster"]: row for row in page.table("All clusters")}
    assert list(rows) == CLUSTERS
    for name, row in rows.items():
        parameters = target_of(name).parameters
        assert row["Devices"] == count(int(parameters["scale"]["devices"]))
        assert int(row["Machines"]) == len(parameters["cluster"]["nodes"]) + 1
        assert int(row["Services"]) == len(list((ROOT / "compiled" / name / "manifests").glob("*.yml"))) - _shared(name)
        groups = [node["group"] for node in parameters["cluster"]["nodes"].values()]
        brokers = [one for one in parameters["services"].values() if one["kind"] == "VerneMQ"]
        assert row["Brokers"] == str(sum(groups.count(one["group"]) for one in brokers) or "")
        assert f"[{name}]({name}/README.md)" in page.text


def _shared(name: str) -> int:
    """Manifests of no service."""
    services = set(target_of(name).parameters["services"])
    return sum(path.stem not in services for path in (ROOT / "compiled" / name / "manifests").glob("*.yml"))


def test_headroom_and_advice_are_those_of_the_clusters_page(page):
    for row in page.table("All clusters"):
        own = Page((ROOT / "compiled" / row["Cluster"] / "README.md").read_text("utf-8"))
        limits = {each["Limit"]: each["Headroom"] for each in own.table("Capacity")}
        exceeded = {what: said for what, said in limits.items() if "exceeded" in said}
        assert bool(row["Worst advice"]) == bool(exceeded)
        if exceeded:
            said, what = row["Worst advice"].split(" too much: ")
            assert exceeded[what].removeprefix("-").removesuffix(" exceeded") == said
        said, what = row["Least headroom"].split(": ")
        assert any(limit.startswith(what.split(" on node ")[0]) and left == said for limit, left in limits.items())


def test_versions_are_the_inventorys(page):
    rows = page.table("Versions and their end of support")
    for name in CLUSTERS:
        platform = target_of(name).parameters["platform"]
        for part in ("kubernetes", "runtime", "operating_system", "haproxy", "argocd"):
            version, until = str(platform[part]["version"]), platform[part].get("supported_until", "")
            assert any(
                (row["Version"], row["Supported until"]) == (version, until) and name in row["Clusters"] for row in rows
            ), (name, part)


@pytest.mark.skipif(len(CLUSTERS) < 2, reason="a single cluster differs from none")
def test_what_differs_is_what_the_targets_write(page):
    rows = page.table("What differs")
    written = {name: yaml.safe_load((TARGETS / f"{name}.yml").read_text("utf-8")) for name in CLUSTERS}
    for name, target in written.items():
        classes = {
            each
            for row in rows
            if row["Key"] == "classes" and name in row["Clusters"].split(", ")
            for each in row["Value"].split(", ")
        }
        everywhere = set.intersection(*(set(other["classes"]) for other in written.values()))
        assert classes == set(target["classes"]) - everywhere
    keys = {row["Key"] for row in rows}
    assert not any(key.startswith("cluster.nodes") for key in keys)
    for row in rows:
        if row["Key"] == "classes":
            continue
        for name in row["Clusters"].split(", "):
            value = written[name]["parameters"]
            for key in row["Key"].split("."):
                value = value[key]
            assert row["Value"] == (str(value).lower() if isinstance(value, bool) else str(value).replace("'", ""))


def _inventory(folder, targets: dict[str, str]) -> InventoryFiles:
    (folder / "classes").mkdir()
    (folder / "targets").mkdir()
    for name, text in targets.items():
        (folder / "targets" / f"{name}.yml").write_text(f"classes: []\nparameters: {text}\n", "utf-8")
    return InventoryFiles(folder)


def test_only_keys_that_differ_are_told(tmp_path):
    found = _inventory(tmp_path, {"a": "{x: {same: 1, other: 2}}", "b": "{x: {same: 1, other: 3}, ~y: [1, {z: 2}]}"})
    assert differences(found, ["a", "b"]) == {"x.other": {"2": ["a"], "3": ["b"]}, "y": {"[1, {z: 2}]": ["b"]}}
    assert differences(found, ["a"]) == {}


def test_very_many_clusters_are_not_compared(tmp_path):
    names = [f"c{number}" for number in range(MOST + 1)]
    found = _inventory(tmp_path, dict.fromkeys(names, "{}"))
    assert differences(found, names) is None
    assert "more clusters than one page can compare" in fleet.page({}, None).decode()


def test_many_values_of_a_key_are_summed_up():
    different = {"k": {str(number): [f"c{number}"] for number in range(13)}}
    assert "| `k` | 13 different ones | – |" in fleet.page({}, different).decode()


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b"{}", json.dumps({"format": 99}).encode()])
def test_a_summary_that_is_none_is_left_out(spoilt):
    good = (ROOT / "compiled" / CLUSTERS[0] / "summary.json").read_bytes()
    assert fleet.page({"x": spoilt, CLUSTERS[0]: good}, {}) == fleet.page({CLUSTERS[0]: good}, {})
