"""The guide's own files yield the guide's cluster, but for their contradictions, which are named."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass

import pytest
import yaml

from components.compile.trees import files_in
from components.inventory.inventory import Inventory
from scripts.from_ansible import command
from scripts.from_ansible.tests.conftest import HERE, HOSTS, NODES, OPTIONS
from tests.inventory.targets import GUIDE
from tests.rendered import write


@dataclass(frozen=True)
class Converted:
    code: int
    text: str
    said: list[str]


@pytest.fixture(scope="module")
def converted(inventory) -> Converted:
    """The files as they are, and the address that they leave open."""
    out, err, folder = io.StringIO(), io.StringIO(), os.getcwd()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command.main(
                ["converted", str(HERE / "guide"), "--inventory", str(inventory), *OPTIONS, "--output", "-"]
            )
    finally:
        os.chdir(folder)
    return Converted(code, out.getvalue(), err.getvalue().splitlines())


def test_they_compile_to_the_guides_cluster(converted, inventory, tmp_path, root):
    """Byte for byte, apart from the name."""
    target = inventory / "targets" / "converted.yml"
    target.write_text(converted.text, "utf-8")
    try:
        found = Inventory.read(inventory)
        for name in ("converted", GUIDE.name):
            write(found.target(name), tmp_path)
    finally:
        target.unlink()
    theirs, ours = _files(tmp_path / "converted", "converted"), _files(tmp_path / GUIDE.name, GUIDE.name)
    assert theirs.keys() == ours.keys()
    assert [name for name in ours if theirs[name] != ours[name]] == []


def test_the_target_says_no_more_than_it_must(converted):
    target = yaml.safe_load(converted.text)
    assert target["parameters"].keys() == {"cluster", "load_balancers"}
    assert target["parameters"]["cluster"].keys() == {"domain", "nodes"}
    assert target["classes"][-1] == "profile.load-test"


def test_the_findings_stand_in_the_target(converted):
    head = converted.text.partition("\nclasses:")[0]
    said = " ".join(line.lstrip("# ") for line in head.splitlines())
    finding = next(line for line in converted.said if "apigw_nodes" in line)
    assert converted.code == 1 and "To be settled:" in head and finding in said


@pytest.mark.parametrize(
    "said, told",
    [
        ("dojot_kafka_volume_size: not set; the reference deployment then takes 2Gi", "computed from devices"),
        ("dojot_minio_persistent_volumes: of no effect", "not part of this cluster"),
        ("lwm2m_nodes: of no effect", "no iotagent-lwm2m"),
        ("cluster.nodes: the nodes of group vernemq are taken in the order", "second_verne_worker_host is verne-2"),
        ("cluster.nodes: the groups of these workers are assumed", "kafka is kafka by its name"),
        ("ansible_connection: how Ansible logs in; left out", ""),
        ("platform.guide is taken", "hardware.guide"),
    ],
)
def test_what_is_assumed_or_left_out_is_noted(converted, said, told):
    notes = [line for line in converted.said if line.startswith("note: ")]
    assert [line for line in notes if said in line and told in line], notes


def test_the_contradictions_are_named(run, ansible):
    code, text, err = run("--tags", "100k", "--nodes", str(NODES), "--output", "-")
    assert code == 1
    balancer = f"{ansible.place(HOSTS, 'ansible_host: 192.168.0.12')}: haproxy = 192.168.0.12: kafka_worker_host"
    assert balancer in err and "--load-balancer ADDRESS" in err
    assert (
        "apigw_nodes = 192.168.0.13: this is x509_worker_host, of group x509, but kong runs on group dojot; "
        "taken: dojot (192.168.0.11)" in err
    )
    # As the files have it, so that the compiler insists on an answer.
    assert "load_balancers:\n    haproxy: {address: 192.168.0.12}\n" in text
    assert "make compile would refuse the target:\n" in err and "load_balancers.haproxy.address = 192.168.0.12" in err


def test_without_contradictions_there_is_no_finding(run, ansible, inventory):
    text = (ansible.folder / HOSTS).read_text("utf-8")
    (ansible.folder / HOSTS).write_text(text.replace("192.168.0.13:\n", "192.168.0.11:\n"), "utf-8")
    ansible.change(HOSTS, "haproxy:\n      ansible_host: 192.168.0.12", "haproxy:\n      ansible_host: 192.168.0.17")
    code, out, err = run(*OPTIONS[:4])
    assert (code, out) == (0, ""), err
    assert err.splitlines()[-1].startswith("from_ansible: no findings; ")
    assert "To be settled" not in (inventory / "targets" / "converted.yml").read_text("utf-8")


def _files(folder, name) -> dict[str, str]:
    return {path: file.read_text("utf-8").replace(name, "NAME") for path, file in files_in(folder).items()}
