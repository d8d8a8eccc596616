"""host_vars: what Ansible reads there is taken, before the group's; what it does not read is told."""

from __future__ import annotations

import pytest

from scripts.from_ansible.files import Unreadable
from scripts.from_ansible.inventory import find_hosts, read_inventory
from scripts.from_ansible.report import Report
from scripts.from_ansible.tests.conftest import DOJOT, HOSTS

HOST = "third_verne_worker_host"
INLINE = f"    {HOST}:\n      ansible_host: 192.168.0.16\n"
ADDRESS = "ansible_host: 192.168.0.16\n"
VAULT = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3161\n"


@pytest.fixture
def elsewhere(ansible):
    """The guide's files, with one address left to host_vars."""
    ansible.change(HOSTS, INLINE, f"    {HOST}:\n")
    return ansible


def address(ansible, name: str = HOST) -> str:
    return read_inventory(find_hosts(ansible.folder), Report()).machines[name].address


@pytest.mark.parametrize(
    "file",
    [
        HOST,
        f"{HOST}.yml",
        f"{HOST}.yaml",
        f"{HOST}.json",
        f"{HOST}/any.yml",
        f"{HOST}/any",
        f"{HOST}/deep/down/any.yaml",
    ],
)
def test_the_address_of_a_host(machines, elsewhere, file):
    assert address(elsewhere) == HOST
    elsewhere.add('{"ansible_host": "192.168.0.16"}\n' if file.endswith("json") else ADDRESS, f"host_vars/{file}")
    found, report = machines()
    assert found.nodes[-1].address == "192.168.0.16" and not [line for line in report.findings if HOST in line]


def test_the_name_of_a_host_may_have_dots(ansible):
    ansible.change(HOSTS, "  hosts:\n    localhost:\n", "  hosts:\n    10.0.0.9:\n    localhost:\n")
    ansible.add("ansible_host: 10.0.0.10\n", "host_vars/10.0.0.9")
    assert address(ansible, "10.0.0.9") == "10.0.0.10"


@pytest.mark.parametrize("file", ["any.txt", ".any.yml", "any.yml~", "deep.d/any.yml"])
def test_a_file_that_ansible_does_not_read(machines, elsewhere, file):
    elsewhere.add(ADDRESS, f"host_vars/{HOST}/{file}")
    assert address(elsewhere) == HOST
    notes = machines()[1].notes
    assert [note for note in notes if f"host_vars/{HOST}/{file.partition('/')[0]}: " in note and "left out" in note], (
        notes
    )


def test_the_first_of_several_is_read(machines, elsewhere):
    elsewhere.add("ansible_host: 192.168.0.98\n", f"host_vars/{HOST}.yaml")
    elsewhere.add(ADDRESS, f"host_vars/{HOST}.yml")
    assert address(elsewhere) == "192.168.0.16"
    note = f"host_vars/{HOST}.yaml: {HOST}.yaml: left out: {HOST}.yml is there too"
    assert [line for line in machines()[1].notes if note in line]


def test_host_vars_outweigh_the_hosts_file(machines, ansible):
    ansible.add("ansible_host: 192.168.0.99\n", f"host_vars/{HOST}.yml")
    _, report = machines()
    assert address(ansible) == "192.168.0.99"
    line = f"{HOST}.yml:1: {HOST}.ansible_host = 192.168.0.99: the host has two addresses, 192.168.0.16 at "
    assert [finding for finding in report.findings if line in finding], report.findings


def test_a_host_outweighs_its_group(convert, ansible):
    ansible.add("dojot_namespace: iot\n", f"host_vars/{HOST}.yml")
    ansible.add("dojot_namespace: other\n", "group_vars/worker_nodes.yml")
    conversion = convert()
    assert conversion.parameters["cluster.namespace"] == "iot"
    line = (
        f"{HOST}.yml:1: dojot_namespace = iot: the variable has other values too (dojot at "
        f"{ansible.place(DOJOT, 'dojot_namespace')}, other at {ansible.folder}/group_vars/worker_nodes.yml:1)"
    )
    assert [finding for finding in conversion.report.findings if line in finding], conversion.report.findings


def test_how_ansible_logs_in_is_told(machines, ansible):
    ansible.add("ansible_user: ops\n", f"host_vars/{HOST}.yml")
    assert [note for note in machines()[1].notes if f"{HOST}.yml:1: ansible_user: how Ansible logs in" in note]


@pytest.mark.parametrize("file", [f"{HOST}x.yml", f"{HOST}x/any.yml"])
def test_a_host_that_is_not_there(machines, ansible, file):
    ansible.add(ADDRESS, f"host_vars/{file}")
    line = f"{HOST}x: hosts.yaml has no host of this name; left out. Did you mean {HOST}?"
    assert [finding for finding in machines()[1].findings if line in finding]


def test_an_encrypted_address(machines, elsewhere):
    elsewhere.add(f"ansible_host: {VAULT}", f"host_vars/{HOST}.yml")
    line = f"{HOST}.yml:1: {HOST}.ansible_host: ansible-vault encrypted the address"
    assert [finding for finding in machines()[1].findings if line in finding]
    assert address(elsewhere) == HOST


def test_an_encrypted_value(convert, ansible):
    ansible.add(f"dojot_psql_version: {VAULT}", f"host_vars/{HOST}.yml")
    line = f"{HOST}.yml:1: dojot_psql_version: ansible-vault encrypted the value"
    assert [finding for finding in convert().report.findings if line in finding]


def test_an_encrypted_file(machines, ansible):
    ansible.add("$ANSIBLE_VAULT;1.1;AES256\n3161\n", f"host_vars/{HOST}/secret.yml")
    with pytest.raises(Unreadable, match=f"{HOST}/secret.yml:1: ansible-vault encrypted the whole file"):
        machines()
