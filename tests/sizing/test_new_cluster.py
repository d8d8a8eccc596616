"""The page of a new cluster: accepted as it is written, and written only then."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from unittest.mock import ANY

import pytest
import yaml

from components.cluster.read import read_cluster
from scripts import new_cluster as command
from tests.conftest import ROOT
from tests.sizing.agreement import NAME, of_the_guide

WHERE = ("--domain", "mqtt.example.org", "--first-address", "10.1.2.250")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    with of_the_guide(tmp_path_factory.mktemp("new")) as made:
        yield made.inventory


@pytest.fixture
def new(inventory, capsys):
    def run(*arguments):
        try:
            code = command.main([*arguments, "--inventory", str(inventory)])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


def test_machines_for_the_devices_with_addresses_of_their_own(new, inventory):
    assert new("large", "--like", NAME, "--devices", "250,000", *WHERE)[0] == 0
    large = read_cluster("large", inventory)
    assert large.scale.devices == 250_000 and large.domain == "mqtt.example.org"
    assert len(large.groups["vernemq"].nodes) == large.scale.brokers == 8
    addresses = [node.address for node in large.nodes] + [large.load_balancer.address]
    assert addresses[:6] == ["10.1.2.250", "10.1.2.251", "10.1.2.252", "10.1.2.253", "10.1.2.254", "10.1.3.1"]
    assert len(set(addresses)) == len(addresses) == 13
    # From a larger one a smaller one, whose list of machines is another.
    assert new("small", "--like", "large", "--devices", "40000", *WHERE)[0] == 0
    assert len(read_cluster("small", inventory).groups["vernemq"].nodes) == 3


@pytest.mark.parametrize("devices", [2_400_000, 5_000_000])
def test_one_of_any_size_compiles_with_all_that_is_watched(new, inventory, devices):
    """More than 70 nodes, whose metrics take more than a small cluster's volume has."""
    name = f"watched-{devices}"
    assert new(name, "--like", NAME, "--class", "monitoring", "--devices", str(devices), *WHERE) == (0, ANY, "")
    made = read_cluster(name, inventory)
    assert len(made.nodes) > 70
    [volume] = made.service("prometheus").volumes
    assert volume.size == -(-3000 * len(made.nodes) * 9600 * 2 * 100 // 80 // 2**30) * 2**30 > 4 * 2**30


def test_load_balancers_become_more_where_the_pattern_has_several(new, inventory):
    written = (inventory / "targets" / f"{NAME}.yml").read_text("utf-8")
    page = yaml.safe_load(written)
    page["parameters"] |= {
        "load_balancers": {"haproxy-2": {"address": "192.168.0.40"}},
        "load_balancer": {"shared": {"by": "dns"}},
    }
    (inventory / "targets" / "several.yml").write_text(yaml.safe_dump(page), "utf-8")
    assert new("shared", "--like", "several", "--devices", "1000000", *WHERE)[0] == 0
    balancer = read_cluster("shared", inventory).load_balancer
    # 3.5 GiB are left of each for 12 KiB a session, and one may be lost.
    assert [host.name for host in balancer.hosts] == ["haproxy", *(f"haproxy-{number}" for number in range(2, 6))]
    assert len({host.address for host in balancer.hosts}) == 5
    assert all(host.hardware.memory == 4 * 2**30 for host in balancer.hosts)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([NAME, *WHERE], 2, "already"),
        (["another", "--like", "nowhere", *WHERE], 2, "no such cluster: nowhere"),
        (["another", "--like", NAME, "--domain", "a.example.org"], 2, "--first-address is missing"),
        (["another", "--like", NAME, "--domain", "a.example.org", "--first-address", "10.1"], 2, "no IPv4 address"),
        (["another", "--like", NAME, "--devices", "none", *WHERE], 2, "not a whole number"),
        (["Another_one", "--like", NAME, *WHERE], 1, "cluster.name"),
        (["another", "--like", NAME, "--domain", "a b", "--first-address", "10.1.2.3"], 1, "cluster.domain"),
        (["another", "--like", NAME, "--domain", "a.b", "--first-address", "10.244.0.1"], 1, "addresses_outside_pods"),
        ([], 2, "NAME"),
    ],
)
def test_what_is_wrong_writes_nothing(new, inventory, monkeypatch, arguments, code, said):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    before = sorted(os.listdir(inventory / "targets"))
    found, _, err = new(*arguments)
    assert (found, said in err) == (code, True), err
    assert sorted(os.listdir(inventory / "targets")) == before


def test_what_is_not_given_is_asked_for(inventory):
    words = [sys.executable, "scripts/new_cluster.py", "asked", "--like", NAME, "--inventory", str(inventory)]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    answers = {
        b"How many devices": b"5000\n",
        b"that devices use": b"ask.example.org\n",
        b"first machine": b"10.9.0.1\n",
    }
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            seen += os.read(ours, 4096)
        except OSError:
            break
        for question in [question for question in answers if question in seen]:
            os.write(ours, answers.pop(question))
    os.close(ours)
    assert process.wait(60) == 0, seen.decode()
    asked = read_cluster("asked", inventory)
    assert (asked.scale.devices, asked.domain, asked.control_plane.address) == (5000, "ask.example.org", "10.9.0.1")
