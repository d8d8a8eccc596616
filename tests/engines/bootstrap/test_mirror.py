"""A registry of one's own that is asked first (platform.runtime.mirror): the compiled step, and containerd's pulls."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from components.cluster.read import cluster_of
from components.inventory.inventory import Inventory
from tests.bootstrap.conftest import states
from tests.engines.bootstrap.containers import Containers, layer
from tests.engines.bootstrap.internet import place_of
from tests.engines.bootstrap.site import SCRIPT, Site
from tests.inventory.targets import HERE, fixture, write_inventory
from tests.rehearsal.registry import registries
from tests.rendered import write

FILE = "/etc/containerd/certs.d/_default/hosts.toml"
#: Images of two registries, neither of which is there.
IMAGES = ("docker.io/dojot/kong:v0.6.0", "registry.example.org/dojot/vmq-bundle:1")


@pytest.fixture(scope="module")
def site(_machine, tmp_path_factory):
    """Of a cluster with a mirror, which is there beside what packages come from, and has both images."""
    folder = tmp_path_factory.mktemp("mirror")
    found = fixture(HERE / "valid" / "with-a-mirror.yml")
    target = Inventory.read(write_inventory(folder, [found])).target(found.name)
    cluster = cluster_of(target)
    write(target, folder / "compiled")
    layout = _layout(folder / "layout")
    served = registries({f"docker.io/{name.partition('/')[2]}": layout for name in IMAGES})["registry-1.docker.io/v2"]
    mirror = f"{place_of(cluster.platform.runtime.mirror)}/v2"
    made = Site(cluster, folder / "compiled" / found.name, folder / "site", more={mirror: served})
    yield made
    made.close()


def test_images_of_every_registry_come_from_the_mirror(site):
    cluster, member = site.cluster, site.cluster.workers[-1]
    with site.host(member.name, member.address) as host:
        done = host.step("node")
        assert done.returncode == 0 and f"done: write {FILE}\n" in done.stdout, done.stdout + done.stderr
        containers = Containers(host, cluster.platform.runtime.sandbox_image)
        host.run("systemctl", "daemon-reload")
        host.run("systemctl", "restart", "containerd")
        host.internet.asked.clear()
        for image in IMAGES:
            containers.crictl("pull", image)
        name = place_of(cluster.platform.runtime.mirror)
        asked = [place for place in host.internet.asked if "/manifests/" in place]
        assert f"{name}/v2/dojot/kong/manifests/v0.6.0?ns=docker.io" in asked
        assert f"{name}/v2/dojot/vmq-bundle/manifests/1?ns=registry.example.org" in asked
        assert all(place.startswith(name) for place in host.internet.asked)
        again = host.step("node")
        assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout + again.stderr
        # Without the line it goes; one of somebody else's would stay.
        host.run("sed", "--in-place", "s/^readonly RUNTIME_MIRROR=.*/readonly RUNTIME_MIRROR=''/", SCRIPT)
        assert f"done: remove the mirror of registries: {FILE}\n" in host.step("node").stdout
        host.put(FILE, '[host."https://theirs.example.org"]\n')
        assert "mirror" not in host.step("node").stdout and "theirs" in host.read(FILE)


def _layout(folder: Path) -> Path:
    """A small image as an OCI layout."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes) -> dict[str, object]:
        digest = sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    content = layer()
    kinds = "application/vnd.oci.image"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(content).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kinds}.manifest.v1+json",
        "config": {"mediaType": f"{kinds}.config.v1+json", **blob(json.dumps(config).encode())},
        "layers": [{"mediaType": f"{kinds}.layer.v1.tar", **blob(content)}],
    }
    entry = {"mediaType": manifest["mediaType"], **blob(json.dumps(manifest).encode())}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder
