"""Which load balancer a host is, where there are several, and whether it has its addresses."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from components.cluster.types import Keepalived
from components.haproxy.files import files
from components.kubeadm import script
from tests.platforms import one_platform

from .conftest import new_sandbox, states

pytestmark = one_platform


@pytest.fixture
def box(cluster, tmp_path):
    """With the files of two load balancers; the second connects from one more address."""
    first = replace(cluster.load_balancer.hosts[0], name="haproxy", address="192.168.0.17")
    second = replace(first, name="haproxy-2", address="192.168.0.18", source_addresses=("192.168.0.28",))
    balancer = replace(cluster.load_balancer, hosts=(first, second))
    several = replace(cluster, load_balancer=balancer)
    made = new_sandbox(tmp_path / "box", script.script(several))
    (made.folder / "haproxy").mkdir()
    for name, text in files(several).items():
        (made.folder / "haproxy" / name).write_text(text)
    made.fake("haproxy", "exit 0")
    return made


@pytest.mark.parametrize(
    ("addresses", "name"), [("192.168.0.17", "haproxy"), ("192.168.0.18 192.168.0.28", "haproxy-2")]
)
def test_a_host_is_the_one_whose_address_it_has(box, addresses, name):
    box.fake("hostname", f"echo {addresses}")
    done = box.run("load-balancer", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would: set the host name to {name}\n" in done.stdout and "source_addresses" not in done.stdout


def test_an_address_that_the_host_lacks_is_named(box):
    box.fake("hostname", "echo 192.168.0.18")
    done = box.run("load-balancer", "--dry-run")
    assert (
        "refuse: this host does not have 192.168.0.28 (load_balancers.haproxy-2.source_addresses): add it"
        in done.stdout
    )


def test_below_root_somebody_has_to_say_which_one_it_is(box, tmp_path):
    (tmp_path / "root").mkdir()
    box.fake("hostname", "echo 192.0.2.77")
    done = box.run("load-balancer", "--root", str(tmp_path / "root"))
    assert done.returncode == 1 and "--node NAME: haproxy haproxy-2\n" in done.stderr
    done = box.run("load-balancer", "--root", str(tmp_path / "root"), "--node", "haproxy-2", "--dry-run")
    assert f"{tmp_path}/root/etc/hostname" in done.stdout, done.stdout


def test_plan_and_hosts_file_have_them_all(box):
    done = box.run("plan")
    assert "haproxy (192.168.0.17)" in done.stdout and "haproxy-2 (192.168.0.18)" in done.stdout


# What systemd is told is kept; keepalived is installed, and active once it was started.
SYSTEMCTL = """case $1 in
  is-*) [[ -e $STATE/running ]] ;;
  start) touch "$STATE/running" ;;
  disable) rm -f "$STATE/running" ;;
esac"""


def _keeps(box, cluster, tmp_path, **balancer):
    """keep_address alone, with the configuration in place of the system's."""
    changed = replace(cluster, load_balancer=replace(cluster.load_balancer, **balancer))
    text, found = re.subn(
        r"KEEPALIVED_CONFIG=\S+", f"KEEPALIVED_CONFIG={tmp_path}/keepalived.conf", script.script(changed)
    )
    assert found == 1
    for name, content in files(changed).items():
        (box.folder / "haproxy" / name).write_text(content)
    box.write(
        text.removesuffix('\nmain "$@"\n') + "set_defaults\nidentify_balancer\nkeep_address $(compiled)/haproxy\n"
    )
    done = box.run()
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keepalived_is_reloaded_never_restarted_and_ends_with_the_shared_address(box, cluster, tmp_path):
    box.fake("hostname", "echo 192.168.0.17")
    box.fake("systemctl", SYSTEMCTL)
    box.fake("dpkg-query", 'printf "ii |1:2.2.8-1"')
    box.fake("apt-mark", "echo keepalived")
    first = replace(cluster.load_balancer.hosts[0], name="haproxy", address="192.168.0.17")
    hosts = (first, replace(first, name="haproxy-2", address="192.168.0.18"))
    shared = Keepalived("192.168.0.100", "eth0", "1:2.2.8-*")
    _keeps(box, cluster, tmp_path, hosts=hosts, keepalived=shared)
    config = tmp_path / "keepalived.conf"
    assert "192.168.0.100/32" in config.read_text() and "systemctl start keepalived" in box.calls
    assert states(_keeps(box, cluster, tmp_path, hosts=hosts, keepalived=shared)) == {"skipped"}
    _keeps(box, cluster, tmp_path, hosts=hosts, keepalived=replace(shared, address="192.168.0.101"))
    assert "192.168.0.101/32" in config.read_text() and "systemctl reload keepalived" in box.calls
    assert not any("restart" in call for call in box.calls)
    _keeps(box, cluster, tmp_path, hosts=hosts, keepalived=None)
    assert not config.exists() and "systemctl disable --now keepalived" in box.calls
    assert states(_keeps(box, cluster, tmp_path, hosts=hosts, keepalived=None)) == {"skipped"}
