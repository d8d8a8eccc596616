"""The bill of materials as CycloneDX: what its schema asks for of the keys that are used, and nothing by chance."""

from __future__ import annotations

import json
import re

import pytest

from components.supply.cyclonedx import document
from components.supply.items import IMAGE, Item, items
from scripts import sbom

_PURL = re.compile(r"pkg:(deb/[a-z]+|docker|generic)/[^?@\s]+(@[^?\s]+)?(\?[a-z_]+=[^&\s]+(&[a-z_]+=[^&\s]+)*)?")
_KEYS = {"type", "bom-ref", "name", "version", "hashes", "purl", "externalReferences", "properties"}
_TYPES = {"application", "container", "file", "operating-system"}


def test_it_has_the_form_of_the_specification(cluster):
    bill = json.loads(document(cluster, items(cluster)))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch("urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    references = [one["bom-ref"] for one in bill["components"]]
    assert len(references) == len({*references}) and bill["dependencies"][0]["dependsOn"] == sorted(references)
    for one in bill["components"]:
        assert one.keys() <= _KEYS and one["type"] in _TYPES and one["name"]
        assert _PURL.fullmatch(one.get("purl", "pkg:docker/none")), one["purl"]
        assert all(re.fullmatch("[0-9a-f]{64}", each["content"]) for each in one.get("hashes", ()))
        assert all(each["url"].startswith("https://") for each in one.get("externalReferences", ()))


def test_the_same_cluster_gives_the_same_text(cluster):
    found = items(cluster)
    assert document(cluster, found) == document(cluster, items(cluster))
    assert (
        json.loads(document(cluster, found[1:]))["serialNumber"] != json.loads(document(cluster, found))["serialNumber"]
    )


@pytest.mark.parametrize(
    ("name", "version", "purl"),
    [
        ("busybox", "1.37.0", "pkg:docker/library/busybox@1.37.0"),
        ("dojot/auth", "v0.6.0", "pkg:docker/dojot/auth@v0.6.0"),
        ("docker.io/a/b", "1", "pkg:docker/a/b@1"),
        ("quay.io:443/a/b", "1", "pkg:docker/a/b@1?repository_url=quay.io%3A443"),
        ("a/b", f"sha256:{'0' * 64}", f"pkg:docker/a/b@sha256%3A{'0' * 64}"),
    ],
)
def test_images_are_known_by_their_package_url(guide_cluster, name, version, purl):
    (found,) = json.loads(document(guide_cluster, [Item(IMAGE, name, version, "", "", ("a",))]))["components"]
    assert found["purl"] == purl


def test_the_command(cluster, capsys):
    assert sbom.main([cluster.name]) == sbom.OK
    assert json.loads(capsys.readouterr().out)["metadata"]["component"]["name"] == cluster.name
    assert sbom.main([cluster.name, "--format", "table"]) == sbom.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(items(cluster)) + 1 and {line.count("\t") for line in lines} == {4}
    assert sbom.main(["nowhere"]) == sbom.USAGE and "there is no cluster nowhere" in capsys.readouterr().err
