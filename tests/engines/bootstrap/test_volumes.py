"""`bootstrap.sh volumes`, on a host of each node that has volumes."""

from __future__ import annotations

import stat

import pytest

from tests.bootstrap.conftest import states
from tests.engines.bootstrap.host import differences
from tests.platforms import each_platform

pytestmark = each_platform


@pytest.fixture(scope="module")
def disks(cluster):
    """Node with the most volumes -> (directory, owner)."""
    by_node: dict = {}
    for _, _, disk in cluster.disks:
        by_node.setdefault(disk.node, []).append((disk.host_path, disk.owner))
    return max(by_node.items(), key=lambda item: len(item[1]))


def test_volumes_are_there_for_their_services_alone(site, ready, disks):
    node, wanted = disks
    root = wanted[0][0].rpartition("/")[0]
    with site.host(node.name, node.address, on=ready.host) as host:
        # The disk is full.
        host.run("mount", "--mkdir", "-t", "tmpfs", "-o", "size=4k,nr_inodes=2", "tmpfs", root)
        done = host.step("volumes")
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith(f"failed: make {root}/")
        host.run("umount", root)

        done = host.step("volumes")
        assert (done.returncode, states(done.stdout)) == (0, {"done"}), done.stderr
        for path, owner in wanted:
            status = (host.files / path.lstrip("/")).stat()
            assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (owner, owner, 0o750), path
        before = host.snapshot()
        again = host.step("volumes")
        assert (again.returncode, states(again.stdout)) == (0, {"skipped"})
        assert differences(before, host.snapshot()) == []

        # The disk with all of it is missing.
        host.run("mount", "-t", "tmpfs", "tmpfs", root)
        done = host.step("volumes")
        assert (done.returncode, done.stdout) == (1, "") and "is its disk mounted" in done.stderr
        assert all(path in done.stderr for path, _ in wanted) and host.run("ls", "-A", root).stdout == ""
        host.run("umount", root)
        assert states(host.step("volumes").stdout) == {"skipped"}

        # Another user must not even look.
        assert host.run("setpriv", "--reuid=65534", "--clear-groups", "ls", wanted[0][0], check=False).returncode != 0
