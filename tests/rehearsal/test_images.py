"""Images of the rehearsal, as far as no program has to be there: which there are, and that layouts hold together."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile

import pytest
import yaml

from tests.conftest import CLUSTERS, ROOT
from tests.rehearsal.images import Unknown, images_in, known_as
from tests.rehearsal.images.contracts import contract, for_stand_in
from tests.rehearsal.images.oci import Config, Store, skeleton
from tests.rehearsal.images.real import REAL
from tests.rehearsal.images.stand_ins import recipes
from tests.rehearsal.images.tree import File, Folder, Link, script, text

# What a stand-in is told, by its own types (contract.go): a field of another name would be lost without a word.
_FIELDS = {
    *("image", "users", "homes", "writes", "opens", "variables", "calls", "ignores", "role", "serve", "logins", "amqp"),
    *("listens_first", "exit_code"),
}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_image_of_the_manifests_is_made_here(cluster):
    found = [
        image
        for path in (ROOT / "compiled" / cluster / "manifests").glob("*.yml")
        for document in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for image in images_in(document)
    ]
    assert found and all(known_as(image) for image in found)


def test_an_image_that_nobody_makes_is_told():
    with pytest.raises(Unknown, match="stand-ins.yml"):
        known_as("registry.example.org/elsewhere/thing:1")


def test_a_registry_and_a_digest_do_not_matter():
    assert known_as("registry.example.org:5000/mirror/dojot/auth@sha256:" + 64 * "0") == "dojot/auth"


def test_stand_ins_are_told_by_contracts():
    for name in recipes():
        assert name not in REAL, f"{name} is made twice"
        assert contract(name), f"inventory/contracts knows nothing of {name}"
        assert for_stand_in(name).keys() <= _FIELDS


def test_recipes_have_the_keys_that_their_file_explains():
    head = (ROOT / "tests" / "rehearsal" / "images" / "stand-ins.yml").read_text("utf-8").partition("\n\n")[0]
    explained = {
        key for line in re.findall(r"^#   ([a-z_]+(?:, [a-z_]+)*) ", head, re.MULTILINE) for key in line.split(", ")
    }
    assert {key for recipe in recipes().values() for key in recipe} == explained


def test_the_same_content_is_the_same_layout(tmp_path):
    source = tmp_path / "program"
    source.write_text("one")
    tree = {
        "/usr/bin/program": File(source),
        "/bin/sh": Link("program"),
        "/data": Folder(0o700, (5, 6)),
        "/a": text("x"),
    }
    made = []
    for place in ("here", "there"):
        store = Store(tmp_path / place)
        layers = [store.layer(skeleton()), store.layer(dict(reversed(tree.items())))]
        made.append(store.image(layers, Config(("/bin/sh",), user="5:6", ports=(80,)), ["registry/image:1"]))
        assert store.layer(tree) == layers[1]
        os.utime(source, ns=(1, 1))
    one, other = ({path.name: path.read_bytes() for path in layout.rglob("*") if path.is_file()} for layout in made)
    assert one == other
    source.write_text("another")
    assert Store(tmp_path / "here").layer(tree) != layers[1]


def test_a_layout_is_one_that_registries_serve(tmp_path):
    store = Store(tmp_path)
    layout = store.image([store.layer({"/run.sh": script("#!/bin/sh\n"), "/bin/x": Link("y")})], Config(), ["a:1"])
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    blob = _blob(layout, entry)
    manifest = json.loads(blob)
    config = json.loads(_blob(layout, manifest["config"]))
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    for layer in manifest["layers"]:
        _blob(layout, layer)
        with tarfile.open(layout / "blobs" / "sha256" / layer["digest"].partition(":")[2]) as archive:
            # /bin is a link into /usr, so nothing lies in it.
            assert {(member.name, member.mode) for member in archive} == {("run.sh", 0o755), ("usr/bin/x", 0o777)}


def _blob(layout, descriptor) -> bytes:
    content = (layout / "blobs" / "sha256" / descriptor["digest"].partition(":")[2]).read_bytes()
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == descriptor["digest"]
    assert len(content) == descriptor["size"]
    return content
