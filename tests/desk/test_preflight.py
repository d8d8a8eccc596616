"""What hosts say of themselves, and what is wrong with it."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from components.desk import preflight
from components.desk.hosts import control_plane, hosts
from components.desk.preflight import Facts


@pytest.fixture
def cluster(guide_cluster):
    return guide_cluster


@pytest.fixture
def healthy(cluster):
    """All hosts as the inventory means them."""
    system = cluster.platform.operating_system
    found = {}
    for number, host in enumerate(hosts(cluster)):
        hardware = next(each.hardware for each in cluster.machines if each.name == host.name)
        said = {
            "hostname": host.name,
            "addresses": f"{host.address} 10.244.0.1",
            "machine-id": f"{number:032x}",
            "system": f"{system.name} {system.version}",
            "architecture": "x86_64",
            "cores": str(-(-hardware.cpu // 1000)) if hardware else "1",
            "memory": str(int(hardware.memory * 0.95)) if hardware else "1",
        }
        words = preflight.questions(cluster, hosts(cluster), host)
        for kind, what in zip(words[::2], words[1::2], strict=True):
            said[f"{kind} {what}"] = {"address": "refused", "name": "open", "path": f"{2**50} /"}[kind]
        found[host] = Facts(said, 0.2)
    return found


def _found(cluster, facts):
    return preflight.findings(cluster, hosts(cluster), facts)


def test_healthy_hosts_have_no_finding(cluster, healthy):
    assert _found(cluster, healthy) == []


def _but(facts, host, **said):
    return {
        **facts,
        host: Facts({**facts[host].said, **{key.replace("_", "-"): text for key, text in said.items()}}, 0.2),
    }


@pytest.mark.parametrize(
    "said, words, identity",
    [
        ({"addresses": "10.9.9.9"}, "which has other addresses (10.9.9.9)", True),
        ({"hostname": "@other@"}, "answers @other@, which the inventory has at another address", True),
        ({"machine_id": f"{0:032x}"}, "have the same /etc/machine-id", True),
        ({"machine_id": ""}, "it has no /etc/machine-id", False),
        ({"architecture": "aarch64"}, "it is aarch64", False),
        ({"system": "debian 12"}, "it runs debian 12", False),
        ({"cores": "0"}, "it has 0 cores", False),
        ({"memory": "1024"}, "of memory, and the inventory counts with", False),
    ],
)
def test_a_wrong_host_is_told(cluster, healthy, said, words, identity):
    host = hosts(cluster)[1]
    other = hosts(cluster)[2].name
    said = {key: text.replace("@other@", other) for key, text in said.items()}
    found = _found(cluster, _but(healthy, host, **said))
    (finding,) = found
    assert words.replace("@other@", other) in finding.text and finding.identity is identity
    # Of two with the same id either may be the wrong one.
    assert finding.host == host.name or "same" in finding.text


def test_a_clock_that_is_wrong_is_told(cluster, healthy):
    host = hosts(cluster)[1]
    (finding,) = _found(cluster, {**healthy, host: replace(healthy[host], offset=-61.0)})
    assert finding.host == host.name and "its clock is -61 s" in finding.text
    # The desk's own clock is nobody's business.
    assert _found(cluster, {each: replace(said, offset=3600.0) for each, said in healthy.items()}) == []


def test_a_network_that_does_not_let_through_is_told(cluster, healthy):
    master = control_plane(hosts(cluster))
    host = hosts(cluster)[1]
    name = next(key for key in healthy[host].said if key.startswith("name "))
    for key, answer, words in (
        (f"address {master.address}:6443", "silent", f"does not reach {master.name} at port 6443"),
        (name, "unknown", "it finds no address for"),
        (name, "silent", "from where packages come"),
    ):
        (finding,) = _found(cluster, _but(healthy, host, **{key: answer}))
        assert words in finding.text


def test_volumes_that_are_larger_than_their_disk_are_told(cluster, healthy):
    disks = [disk for _, _, disk in cluster.disks]
    host = next(each for each in hosts(cluster) if each.name == disks[0].node.name)
    own = [disk for disk in disks if disk.node.name == host.name]
    wanted = sum(disk.size for disk in own)
    for there, expected in ((wanted, 0), (wanted - 1, 1)):
        facts = _but(healthy, host, **{f"path {disk.host_path}": f"{there} /mnt" for disk in own})
        assert len(_found(cluster, facts)) == expected


def test_who_leaves_is_known_and_need_be_no_more(cluster, healthy):
    """Of a cluster that is given up: a host may be less than the inventory says, and never another one."""

    def found(facts):
        return preflight.strangers(cluster, hosts(cluster), facts)

    host, other = hosts(cluster)[1:3]
    assert found(_but(healthy, host, cores="0", machine_id="", **{"name x:1": "unknown"})) == []
    for said in ({"addresses": "10.9.9.9"}, {"hostname": other.name}, {"machine_id": healthy[other]["machine-id"]}):
        (finding,) = found(_but(healthy, host, **said))
        assert finding.identity
    for files, wrong in (
        ("", 0),
        (cluster.name, 0),
        (f"another {cluster.name}", 0),
        (f"{cluster.name}.new", 0),
        ("another", 1),
    ):
        paths = " ".join(f"/opt/dojot/{name}/COMMIT" for name in files.split())
        assert len(found(_but(healthy, host, **{"files /opt/dojot/*/COMMIT": paths}))) == wrong, files


def test_the_probe_says_what_is_asked(tmp_path):
    """On this machine, which is none of the cluster."""
    words = ["address", "127.0.0.1:1", "name", "no-such-name.invalid:80", "path", str(tmp_path / "not" / "there")]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "COMMIT").touch()
    words += ["files", f"{tmp_path}/*/COMMIT"]
    done = subprocess.run(
        ["bash", "-s", "-", *words], input=preflight._PROBE.read_text(), capture_output=True, text=True, check=True
    )
    said = dict(
        line.split(" ", 1)
        for line in done.stdout.splitlines()
        if line.split()[0] not in ("address", "name", "path", "files")
    )
    assert said.keys() == {
        *("time", "hostname", "addresses", "machine-id", "system", "architecture", "cores", "memory")
    }
    assert "address 127.0.0.1:1 refused" in done.stdout
    assert f"files {tmp_path}/*/COMMIT {tmp_path}/one/COMMIT\n" in done.stdout
    assert "name no-such-name.invalid:80 unknown" in done.stdout
    assert int(done.stdout.partition(f"path {tmp_path}/not/there ")[2].split()[0]) > 0
