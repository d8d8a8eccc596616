"""The nodes' firewall: loaded once, checked before it replaces one that works, taken away when nobody wants it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from components.kubeadm import script
from components.kubeadm.files import files
from tests.changed import changed

from .conftest import states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")

SYSTEMCTL = """case $1 in
  is-*) [[ -e $STATE/$1 ]] ;;
  enable) touch "$STATE/is-enabled" ;;
  start | reload) touch "$STATE/is-active" && cp "$FILE" "$STATE/loaded" ;;
  disable) rm -f "$STATE"/is-* ;;
  show) echo no ;;
esac"""
# What is loaded, here and in another network.
NFT = """case $1 in
  --check) [[ ! -e $STATE/wrong ]] ;;
  --file) cp "$2" "$STATE/${NETWORK:-loaded}" ;;
  --stateless) cat "$STATE/${NETWORK:-loaded}" ;;
esac"""
UNSHARE = 'NETWORK=other exec "${@:3}"'


def _only_the_firewall(box, text: str) -> None:
    head, _, rest = text.partition("  need_system\n  check_kubelet_version\n")
    rest = rest[rest.index("  configure_firewall\n") :]
    text = head + "  configure_firewall\n" + rest[rest.index("}\n") :]
    # The unit is the one file that has no constant of its own.
    box.write(text.replace("/etc/systemd/system/$FIREWALL_SERVICE", f"{box.host}/$FIREWALL_SERVICE"))


@pytest.fixture
def node(sandbox, cluster):
    _only_the_firewall(sandbox, script.script(cluster))
    sandbox.fake("hostname", f"echo {cluster.workers[0].address}")
    sandbox.fake("systemctl", SYSTEMCTL.replace("$FILE", f"{sandbox.host}/firewall.nft"))
    sandbox.fake("nft", NFT)
    sandbox.fake("unshare", UNSHARE)
    return sandbox


def _reloads(box) -> int:
    return box.calls.count("systemctl reload dojot-firewall")


def test_it_is_loaded_once(node, cluster):
    assert states(node.run("node", "--dry-run").stdout) == {"would"}
    done = node.run("node")
    assert (done.returncode, states(done.stdout)) == (0, {"done"}), done.stderr
    assert (node.host / "firewall.nft").read_text() == files(cluster)["firewall.nft"]
    assert f"--file {node.host}/firewall.nft" in (node.host / "dojot-firewall.service").read_text()
    again = node.run("node")
    assert states(again.stdout) == {"skipped"} and not _reloads(node)


def test_a_changed_one_is_loaded_anew(node):
    node.run("node")
    (node.host / "firewall.nft").write_text("table inet dojot\n")
    assert "done: load the firewall anew\n" in node.run("node").stdout and _reloads(node) == 1
    # Somebody has flushed every table of the host.
    (node.state / "loaded").unlink()
    assert "done: load the firewall anew\n" in node.run("node").stdout and _reloads(node) == 2
    # Or the rules alone.
    (node.state / "loaded").write_text("table inet dojot {\n}\n")
    assert "would: load the firewall anew\n" in node.run("node", "--dry-run").stdout
    assert "done: load the firewall anew\n" in node.run("node").stdout and _reloads(node) == 3
    assert states(node.run("node").stdout) == {"skipped"}


def test_one_that_nft_refuses_replaces_nothing(node):
    node.run("node")
    (node.host / "firewall.nft").write_text("table inet dojot\n")
    (node.state / "wrong").touch()
    done = node.run("node")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("failed: nft refuses the firewall")
    assert (node.host / "firewall.nft").read_text() == "table inet dojot\n" and not _reloads(node)


def test_nobody_wants_it(node, cluster):
    node.run("node")
    without = replace(cluster, firewall=changed(cluster.firewall, enabled=False))
    _only_the_firewall(node, script.script(without))
    done = node.run("node")
    assert states(done.stdout) == {"done"} and "systemctl disable --now dojot-firewall" in node.calls
    assert not (node.host / "dojot-firewall.service").exists()
    assert states(node.run("node").stdout) == {"skipped"}


def test_a_run_that_was_killed_before_it_is_loaded_is_made_up_for(node):
    node.run("node")
    (node.host / "firewall.nft").write_text("table inet dojot\n")
    node.killed("systemctl reload", "node")
    assert "would: load the firewall anew\n" in node.run("node", "--dry-run").stdout
    done = node.run("node")
    assert "done: load the firewall anew\n" in done.stdout and _reloads(node) == 1
    assert f"skipped: {node.host}/firewall.nft is as it should be\n" in done.stdout
    assert states(node.run("node").stdout) == {"skipped"}
