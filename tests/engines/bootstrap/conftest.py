"""Hosts of each cluster, and a node that `bootstrap.sh node` has made ready."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.cluster.kernel import kernel_settings
from tests.engines.bootstrap.host import Entry
from tests.engines.bootstrap.site import Site, SiteHost
from tests.engines.programs import not_run


@pytest.fixture(scope="session")
def _machine() -> None:
    if os.geteuid() != 0:
        not_run("hosts in namespaces of their own need root")
    if not Path("/proc/sys/net/bridge").is_dir():
        not_run("the kernel has no netfilter for bridges (modprobe br_netfilter)")


@pytest.fixture(scope="session")
def site(_machine, cluster, compiled, tmp_path_factory):
    made = Site(cluster, compiled, tmp_path_factory.mktemp(f"site-{cluster.name}"))
    yield made
    made.close()


@dataclass(frozen=True)
class Ready:
    """A worker after `node`, twice. It is switched off; new hosts can start from its files."""

    host: SiteHost
    first: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]
    before: dict[str, Entry]
    after: dict[str, Entry]
    asked: tuple[int, int]
    state: dict[str, str]
    versions: dict[str, str]
    held: set[str]


@pytest.fixture(scope="session")
def ready(site, cluster) -> Ready:
    node = cluster.workers[-1]
    with site.host(node.name, node.address) as host:
        first = host.step("node")
        before, asked = host.snapshot(), len(host.internet.asked)
        second = host.step("node")
        after = host.snapshot()
        runtime = cluster.platform.runtime.service
        state = {
            "host name": host.run("hostname").stdout.strip(),
            "swaps": host.run("cat", "/proc/swaps").stdout,
            f"{runtime} is": host.run("systemctl", "is-active", runtime, check=False).stdout.strip(),
            f"{runtime} starts": host.run("systemctl", "is-enabled", runtime, check=False).stdout.strip(),
            "kubelet starts": host.run("systemctl", "is-enabled", "kubelet", check=False).stdout.strip(),
            **{
                name: host.run("sysctl", "-n", name, check=False).stdout.strip()
                for name in kernel_settings(cluster.platform)
            },
        }
        listed = host.run("dpkg-query", "--show", "--showformat", "${Package} ${Version}\n").stdout
        versions = dict(line.split() for line in listed.splitlines())
        held = set(host.run("apt-mark", "showhold").stdout.split())
        asked = (asked, len(host.internet.asked))
    return Ready(host, first, second, before, after, asked, state, versions, held)
