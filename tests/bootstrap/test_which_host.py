"""A step works on the host that it is for, and on no other."""

from __future__ import annotations

import os

import pytest

from tests.platforms import one_platform

pytestmark = one_platform

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")
STEPS = {"node": 1, "volumes": 1, "worker": 1, "control-plane": 0, "join-token": 0}


@needs_root
@pytest.mark.parametrize("step", STEPS)
def test_a_name_does_not_make_a_host_another_one(sandbox, cluster, step):
    node = cluster.workers[0] if STEPS[step] else cluster.control_plane
    other = cluster.workers[1] if len(cluster.workers) > 1 else cluster.control_plane
    sandbox.fake("hostname", f"echo 10.255.255.1 {other.address} ")
    for name in ("kubeadm", "kubectl", "hostnamectl", "install"):
        sandbox.fake(name, "exit 0")
    done = sandbox.run(step, "--node", node.name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"failed: this host is not {node.name}: it does not have {node.address}; ")
    assert f"by its addresses it is {other.name} ({other.address})" in done.stderr
    assert {call.split()[0] for call in sandbox.calls} == {"hostname"}

    if step == "volumes":  # the quickest of those that go on
        planned = sandbox.run(step, "--node", node.name, "--dry-run")
        assert planned.returncode == 0, planned.stderr
        assert planned.stdout.startswith(f"would: refuse: this host is not {node.name}: ")

    sandbox.fake("hostname", "echo 10.255.255.1 ")
    assert (
        f"its addresses (10.255.255.1) belong to no machine of {cluster.name}"
        in sandbox.run(step, "--node", node.name).stderr
    )
    assert f"failed: this host is no node of {cluster.name}: " in sandbox.run(step).stderr


@pytest.mark.parametrize("step", ["worker", "control-plane", "join-token"])
def test_kubeadm_knows_no_other_root(sandbox, cluster, step):
    """Below --root a node need not be this host: a step that calls kubeadm must not believe that."""
    done = sandbox.run(step, "--node", cluster.control_plane.name, "--root", str(sandbox.folder / "root"))
    assert (done.returncode, sandbox.calls) == (2, [])
    assert "--root is for node, volumes and load-balancer" in done.stderr
