"""`bootstrap.sh node` on a host with systemd: real apt, dpkg, systemctl, sysctl, modprobe, gpg and curl."""

from __future__ import annotations

import re
import stat

from components.cluster.kernel import kernel_settings
from components.kubeadm import runtimes, values
from tests.bootstrap.conftest import states
from tests.engines.bootstrap.host import differences
from tests.platforms import each_platform

pytestmark = each_platform


def test_the_script_is_the_compiled_one_but_for_what_cannot_be_had(site, compiled):
    """Keys and checksums of what only their owners can sign or build; every other character is the committed one."""
    theirs = (compiled / "bootstrap" / "bootstrap.sh").read_text()
    for old, (new, reason) in site.supplies.exchanges.items():
        print(f"exchanged: {old} for {new}: {reason}")
        assert len(old) == len(new) in (40, 64) and set(old + new) <= set("0123456789abcdefABCDEF"), (
            "neither a fingerprint nor a SHA-256"
        )
    back = site.script
    for old, (new, _) in site.supplies.exchanges.items():
        back = back.replace(new, old)
    assert back == theirs != site.script


def test_the_first_run_does_all_of_it(ready):
    assert ready.first.returncode == 0, (
        f"node ended with {ready.first.returncode}:\n{ready.first.stdout}{ready.first.stderr[-3000:]}"
    )
    assert states(ready.first.stdout) <= {"done", "skipped"}


def test_the_second_run_changes_nothing(ready):
    assert (ready.second.returncode, states(ready.second.stdout)) == (0, {"skipped"}), (
        ready.second.stdout + ready.second.stderr
    )
    assert differences(ready.before, ready.after) == []
    assert ready.asked[0] == ready.asked[1] > 0, "the second run downloads something"


def test_the_running_system_is_as_the_inventory_says(ready, cluster):
    settings = kernel_settings(cluster.platform)
    assert {name: ready.state[name] for name in settings} == {name: str(value) for name, value in settings.items()}
    assert ready.state["host name"] == cluster.workers[-1].name
    assert len(ready.state["swaps"].splitlines()) == 1, "swap is still on"
    runtime = cluster.platform.runtime.service
    assert ready.state[f"{runtime} is"] == "active"
    assert ready.state[f"{runtime} starts"] == ready.state["kubelet starts"] == "enabled"


def test_the_files_are_as_the_inventory_says(ready, cluster):
    files = ready.host.files
    assert (files / "etc/hostname").read_text() == f"{cluster.workers[-1].name}\n"
    hosts = (files / "etc/hosts").read_text().splitlines()
    assert hosts[0] == "127.0.0.1 localhost"
    for node in cluster.nodes:
        assert hosts.count(f"{node.address} {node.name}") == 1
    fstab = (files / "etc/fstab").read_text().splitlines()
    assert fstab[0] == "/dev/sda1 / ext4 defaults 0 1" and fstab[1].startswith("#")
    config = {"docker": "etc/docker/daemon.json", "containerd": "etc/containerd/config.toml"}
    assert (files / config[cluster.platform.runtime.name]).read_text() == runtimes.config(cluster), (
        "the package's own configuration has taken the place of the inventory's"
    )


def test_packages_have_the_inventorys_versions_and_stay(ready, cluster):
    pinned = {**cluster.platform.runtime.packages, **values.kubernetes_packages(cluster.platform.kubernetes)}
    assert {name: ready.versions.get(name) for name in pinned} == pinned
    assert ready.held == set(pinned)
    missing = set(cluster.platform.operating_system.packages) - ready.versions.keys()
    assert not missing, f"not installed: {missing}"


def test_binaries_are_where_they_are_looked_for(ready, cluster):
    folder = "usr/bin" if cluster.platform.kubernetes.packages else "usr/local/bin"
    for name in ("kubeadm", "kubectl", "kubelet"):
        assert stat.S_IMODE((ready.host.files / folder / name).stat().st_mode) == 0o755
    plugin = ready.host.files / "opt/cni/bin/loopback"
    assert (plugin.stat().st_uid, stat.S_IMODE(plugin.stat().st_mode)) == (0, 0o755)


def test_nothing_is_left_beside_its_place(ready):
    """A temporary file would lie beside the file that it was to become."""
    # A name with a dot in front and six random characters behind.
    assert [
        name
        for name in ready.after
        if re.search(r"/\.[^/]+\.[A-Za-z0-9]{6}$", name) and not name.endswith("/.dojot-sha256")
    ] == []
