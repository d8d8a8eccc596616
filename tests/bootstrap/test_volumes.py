"""Directories of local volumes: whose they are, and that none is made up for one that is lost."""

from __future__ import annotations

import os
import shutil
import stat

import pytest

from tests.platforms import one_platform

from .conftest import nodes_of, states, tree

pytestmark = [
    one_platform,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories to other users"),
]
RECORD = "etc/dojot/volumes"


@pytest.fixture
def root(sandbox):
    return sandbox.folder / "root"


@pytest.fixture
def volumes(sandbox, cluster, root):
    """The step on a node that has volumes, and its directories."""
    if not cluster.disks:
        pytest.skip("a cluster that keeps nothing")
    node = cluster.disks[0][2].node.name
    paths = [root / disk.host_path.lstrip("/") for _, _, disk in cluster.disks if disk.node.name == node]
    return lambda *options: sandbox.run("volumes", "--node", node, "--root", str(root), *options), sorted(paths)


def test_volumes_belong_to_their_services(sandbox, cluster, root):
    for node in {disk.node.name for _, _, disk in cluster.disks}:
        done = sandbox.run("volumes", "--node", node, "--root", str(root))
        assert (done.returncode, states(done.stdout)) == (0, {"done"}), done.stderr
        for _, _, disk in cluster.disks:
            if disk.node.name == node:
                found = (root / disk.host_path.lstrip("/")).stat()
                assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (disk.owner, 0o750)
        again = sandbox.run("volumes", "--node", node, "--root", str(root))
        assert states(again.stdout) == {"skipped"}
        shutil.rmtree(root)
        root.mkdir()


def test_a_volume_that_a_pod_has_mounted_stays_open_to_its_group(cluster, volumes):
    step, (directory, *_) = volumes
    owner = next(disk.owner for _, _, disk in cluster.disks if str(directory).endswith(disk.host_path))
    step()
    # What the kubelet does for fsGroup.
    os.chown(directory, owner, 4242)
    directory.chmod(0o2770)
    assert states(step().stdout) == {"skipped"}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o2770

    directory.chmod(0o755)
    assert f"done: make {directory}" in step().stdout
    assert stat.S_IMODE(directory.stat().st_mode) == 0o750


def test_a_missing_disk_is_not_replaced_by_empty_directories(volumes, root):
    step, paths = volumes
    assert step().returncode == 0
    record = root / RECORD
    assert [root / line.lstrip("/") for line in record.read_text().splitlines()] == paths
    lost = paths[-1]
    lost.rename(root / "elsewhere")
    before = tree(root)
    done = step()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"this step has made {lost} before, and now that is not there: is its disk mounted" in done.stderr
    assert f"take its line out of {record}" in done.stderr
    planned = step("--dry-run")
    assert planned.returncode == 0 and f"would: refuse: this step has made {lost} before" in planned.stdout
    assert tree(root) == before

    # The disk is back.
    (root / "elsewhere").rename(lost)
    assert states(step().stdout) == {"skipped"}
    # It is to start empty, on purpose.
    lost.rmdir()
    record.write_text(
        "".join(line for line in record.read_text().splitlines(True) if not str(lost).endswith(line.strip()))
    )
    assert f"done: make {lost}" in step().stdout
    assert states(step().stdout) == {"skipped"}


def test_a_node_that_runs_already_gets_its_record(volumes, root):
    """Made by an earlier version of the script, or by hand; a line of a volume that is no more stays."""
    step, paths = volumes
    step()
    shutil.rmtree(root / "etc")
    done = step()
    assert [line for line in done.stdout.splitlines() if not line.startswith("skipped")] == [
        f"done: write {root / RECORD}"
    ]
    (root / RECORD).write_text("/another/volume\n")
    step()
    assert (root / RECORD).read_text().splitlines() == sorted(
        ["/another/volume", *(f"/{path.relative_to(root)}" for path in paths)]
    )


def test_verify_says_which_volume_a_claim_still_has(sandbox, cluster):
    """After another machine or directory: the claim stays with its volume until it is deleted."""
    if not cluster.disks:
        pytest.skip("a cluster that keeps nothing")
    first, second, third, *others = sorted(disk.persistent_volume for _, _, disk in cluster.disks)
    sandbox.fake(
        "kubectl",
        f"""{nodes_of(cluster)}case " $* " in
  *" --raw=/healthz "*) echo ok ;;
  *" persistentvolume {first} "*) printf 'Available|dojot|moving' ;;
  *" persistentvolume {second} "*) printf 'Available|dojot|unmade' ;;
  *" persistentvolume {third} "*) ;;
  *" get persistentvolume "*) printf 'Bound|dojot|claim' ;;
  *" --namespace dojot get persistentvolumeclaim moving "*) printf local-pv-before ;;
  *" exec "*) exit 1 ;;
esac
""",
    )
    said = [line for line in sandbox.run("verify").stdout.splitlines() if "PersistentVolume" in line]
    other = "its claim dojot/moving still has local-pv-before (docs/switches.md#volumes)"
    assert said == [
        f"failed: PersistentVolume {first} is bound: Available: {other}",
        f"failed: PersistentVolume {second} is bound: Available",
        f"failed: PersistentVolume {third} is bound: it does not exist",
        *(f"ok: PersistentVolume {name} is bound" for name in others),
    ]
