"""`bootstrap.sh node` is stopped in every way that a data centre knows, and gets there all the same."""

from __future__ import annotations

import re

from tests.bootstrap.conftest import states
from tests.engines.bootstrap.host import Entry, differences
from tests.engines.bootstrap.internet import ADDRESS, Internet, place_of
from tests.platforms import each_platform

pytestmark = each_platform


def _stopped(done, line: str, *, because: str = "") -> None:
    """It ended with one clear line, and said why."""
    assert done.returncode == 1, f"exit code {done.returncode}, wanted 1 ({line}):\n{done.stdout}{done.stderr[-2000:]}"
    said = [text for text in done.stderr.splitlines() if text.startswith("failed: ")]
    assert len(said) == 1 and re.search(line, said[0]), f"wanted a line /{line}/, got {said}\n{done.stderr[-2000:]}"
    assert because in done.stderr, f"nothing says {because!r}:\n{done.stderr[-2000:]}"


def _alter(internet: Internet, part: str) -> None:
    """Whatever is at an address with this part, one bit of it is another one from now on."""
    (right,) = internet.contents(part)
    internet.instead[part] = right[:-1] + bytes([right[-1] ^ 1])


def test_node_gets_there_whatever_happens(site, cluster, ready):
    node, runtime, kubernetes = cluster.workers[-1], cluster.platform.runtime, cluster.platform.kubernetes
    packages = " ".join(cluster.platform.operating_system.packages[-1:])
    with site.host(node.name, node.address) as host:
        internet = host.internet

        # Asked what it would do, it does nothing.
        before = host.snapshot()
        done = host.step("node", "--dry-run")
        assert (done.returncode, states(done.stdout) <= {"would", "skipped"}) == (0, True), done.stdout + done.stderr
        assert differences(before, host.snapshot()) == []

        # The disk is full.
        host.run("mount", "--mkdir", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/etc/sysctl.d")
        host.run("sh", "-c", "yes >/etc/sysctl.d/full || true")
        _stopped(host.step("node"), "^failed: write /etc/sysctl.d/", because="No space left on device")
        assert host.run("ls", "-A", "/etc/sysctl.d").stdout == "full\n"
        host.run("umount", "/etc/sysctl.d")

        # No network.
        host.cut(ADDRESS)
        _stopped(host.step("node"), "^failed: install packages: ")
        host.mend(ADDRESS)

        # The archive lacks a package.
        internet.instead[f"/{packages}_"] = None
        _stopped(host.step("node"), f"^failed: install packages: .*{packages}", because="404")
        internet.instead.clear()

        # No room for what apt downloads.
        host.run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", "/var/cache/apt/archives")
        _stopped(host.step("node"), "^failed: install packages: ", because="free space")
        host.run("umount", "/var/cache/apt/archives")

        # The power fails while dpkg unpacks.
        assert host.step_until("node", says="^Unpacking libcurl4").killed
        host.power_off()
        host.boot()

        # ... and while it configures.
        assert host.step_until("node", says="^Setting up (curl|ca-certificates) ").killed
        host.power_off()
        host.boot()

        # The repository's key is another one.
        internet.instead[place_of(runtime.repository.key.url)] = site.supplies.system_key
        _stopped(host.step("node"), "does not hold the key [0-9A-F]{40}; nothing was installed$")
        assert not (host.files / "etc/apt/sources.list.d").exists() or not list(
            (host.files / "etc/apt/sources.list.d").iterdir()
        )
        internet.instead.clear()

        # Somebody has changed a package, or a binary, on its way.
        _alter(internet, "/containerd.io.deb")
        _stopped(host.step("node"), "^failed: install packages: containerd.io", because="Hash Sum mismatch")
        internet.instead.clear()
        if kubernetes.packages:
            _alter(internet, "/kubelet.deb")
            _stopped(host.step("node"), "^failed: install packages: .*kubelet", because="Hash Sum mismatch")
        else:
            _alter(internet, place_of(kubernetes.binaries.kubelet.url))
            _stopped(
                host.step("node"), "kubelet: what came does not have the SHA-256 [0-9a-f]{64}; nothing was installed$"
            )
            assert not (host.files / "usr/local/bin/kubelet").exists()
        internet.instead.clear()

        # Killed in the middle of a download; what has come of it is not left lying about.
        kubelet = "/kubelet.deb" if kubernetes.packages else place_of(kubernetes.binaries.kubelet.url)
        internet.stalled = kubelet
        asked = len(internet.asked)
        assert host.step_until("node", when=lambda: any(kubelet in place for place in internet.asked[asked:])).killed
        internet.stalled = ""

        # Killed after every single thing that it does.
        for _ in range(40):
            done = host.step_until("node", says="^done: ")
            if not done.killed:
                break
        assert (done.returncode, "failed" in states(done.output)) == (0, False), done.output

        again = host.step("node")
        assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout + again.stderr
        found = host.snapshot()
    assert _kinds(found) == _kinds(ready.after), "the host is not as one is where nothing went wrong"


def _kinds(entries: dict[str, Entry]) -> dict[str, tuple[int, tuple[int, int], int]]:
    return {name: (entry.mode, entry.owner, entry.size) for name, entry in entries.items()}
