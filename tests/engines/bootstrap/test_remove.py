"""What `node` has put on a host, `remove` takes away, and another `node` finds nothing that hinders."""

from __future__ import annotations

from tests.bootstrap.conftest import states
from tests.platforms import each_platform

pytestmark = each_platform

# What is installed stays, with what it reads; so does the name of the host.
_STAYS = {
    "done: write /etc/hostname",
    "done: write /etc/containerd/config.toml",
    "done: write /etc/docker/daemon.json",
    "done: write /etc/systemd/system/kubelet.service",
}


def _written(said: str) -> set[str]:
    return {line for line in said.splitlines() if line.startswith("done: write ")}


def test_a_host_is_given_back_and_made_a_node_again(ready, site, cluster):
    node, runtime = cluster.workers[-1], cluster.platform.runtime.service
    with site.host(node.name, node.address, on=ready.host) as host:

        def says(*words: str) -> str:
            return host.run(*words, check=False).stdout.strip()

        done = host.step("remove", f"--yes={cluster.name}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "dojot" not in says("nft", "list", "tables") and says("apt-mark", "showhold") == ""
        for service in ("kubelet", "dojot-firewall"):
            assert says("systemctl", "is-enabled", service) != "enabled", service
        assert says("systemctl", "is-active", runtime) == "active"
        assert says("systemctl", "show", "--property=NeedDaemonReload", "--value", runtime) == "no"
        script = "grep -rlE 'dojot|Written by bootstrap' /etc /usr/local/lib /var/lib/dojot /var/cache 2>/dev/null"
        assert {path for path in says("sh", "-c", script).splitlines() if not path.endswith(".previous")} <= {
            "/etc/hostname"
        }
        again = host.step("remove", f"--yes={cluster.name}")
        assert (again.returncode, states(again.stdout)) == (0, {"skipped", "ok"}), again.stdout

        node_again = host.step("node")
        assert node_again.returncode == 0, node_again.stderr
        assert _written(ready.first.stdout) - _written(node_again.stdout) <= _STAYS
        assert set(says("apt-mark", "showhold").split()) == ready.held
        assert "dojot" in says("nft", "list", "tables")
        assert states(host.step("node").stdout) == {"skipped"}
