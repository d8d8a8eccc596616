"""Hosts and groups of Ansible become machines; what the files leave open is assumed aloud or asked for."""

from __future__ import annotations

import json

import pytest

from scripts.from_ansible.kubectl import Listing, Node, nodes
from scripts.from_ansible.tests.conftest import HOSTS, NODES

LABEL = "dojot.components/group"
WIDE = """\
NAME      STATUS  ROLES   AGE  VERSION  INTERNAL-IP   EXTERNAL-IP  OS-IMAGE      LABELS
m         Ready   master  1d   v1.17.3  192.168.0.10  <none>       Ubuntu 18.04  a=b
broker-c  Ready   <none>  1d   v1.17.3  192.168.0.14  <none>       Ubuntu 18.04  a=b,dojot.components/group=vernemq
"""


def listing(text: str):
    return Listing("nodes.txt", tuple(nodes(text, LABEL)))


def groups(machines) -> dict[str, str]:
    return {node.name: node.group for node in machines.nodes}


# -- names


def test_names_and_groups_of_a_running_cluster(machines):
    found, _ = machines(listing(NODES.read_text("utf-8")))
    assert [(node.name, node.address, node.group) for node in found.nodes] == [
        ("master", "192.168.0.10", "control-plane"),
        ("dojot", "192.168.0.11", "dojot"),
        ("kafka", "192.168.0.12", "kafka"),
        ("x509", "192.168.0.13", "x509"),
        ("verne-1", "192.168.0.14", "vernemq"),
        ("verne-2", "192.168.0.15", "vernemq"),
        ("verne-3", "192.168.0.16", "vernemq"),
    ]


def test_without_a_listing_they_are_ansibles(machines):
    found, report = machines()
    assert found.nodes[0].name == "master-host" and found.nodes[4].name == "first-verne-worker-host"
    assert [note for note in report.notes if "master_host is master-host" in note]


def test_addresses_decide_where_there_are_any(machines):
    found, _ = machines(listing(WIDE))
    assert (found.nodes[0].name, found.nodes[4].name) == ("m", "broker-c")


def test_a_label_outweighs_the_name_of_the_host(machines):
    moved = WIDE.replace("192.168.0.14", "192.168.0.12")
    assert groups(machines(listing(moved))[0])["broker-c"] == "vernemq"


def test_a_told_group_outweighs_the_label(machines):
    found, report = machines(listing(WIDE), **{"broker-c": "kafka"})
    assert groups(found)["broker-c"] == "kafka"
    assert not [line for line in report.findings if line.startswith("--group")]


def test_a_node_that_is_no_host(machines):
    _, report = machines(listing(WIDE + WIDE.splitlines()[2].replace("broker-c", "extra").replace(".14", ".99") + "\n"))
    assert _found(report, "nodes.txt:4: extra = 192.168.0.99: the node is in the cluster, but no host of the inventory")


@pytest.mark.parametrize(
    "text, node",
    [
        ("verne-1 dojot.components/group=vernemq", Node("verne-1", 1, "vernemq")),
        ("$ kubectl label nodes kafka dojot.components/group=kafka", Node("kafka", 1, "kafka")),
        (WIDE, Node("m", 2, None, "192.168.0.10", True)),
        (
            json.dumps(
                {
                    "items": [
                        {
                            "metadata": {"name": "x", "labels": {LABEL: "x509"}},
                            "status": {
                                "addresses": [
                                    {"type": "Hostname", "address": "x"},
                                    {"type": "InternalIP", "address": "10.0.0.3"},
                                ]
                            },
                        }
                    ]
                }
            ),
            Node("x", 1, "x509", "10.0.0.3"),
        ),
    ],
)
def test_what_kubectl_says_and_is_told(text, node):
    assert nodes(text, LABEL)[0] == node


@pytest.mark.parametrize("text", ["", "NAME STATUS\n", "{", '{"items": [1]}', "pod-1 1/1 Running"])
def test_what_is_no_list_of_nodes(text):
    with pytest.raises(ValueError, match="there is no node with a label|it is no list of nodes"):
        nodes(text, LABEL)


# -- groups


def test_a_group_by_the_lists_of_haproxy(machines, ansible):
    """A host whose name says nothing, in mqtt_nodes by its address."""
    _rename(ansible, "first_verne_worker_host", "machine_7")
    found, report = machines()
    assert groups(found)["machine-7"] == "vernemq"
    assert [note for note in report.notes if "machine-7 is vernemq by mqtt_nodes" in note]


def test_a_worker_of_no_known_group(machines, ansible):
    _rename(ansible, "kafka_worker_host", "machine_7")
    found, report = machines()
    assert groups(found)["machine-7"] == "unknown"
    line = next(line for line in report.findings if "machine_7: nothing says which node group" in line)
    assert line.startswith(f"{ansible.place(HOSTS, 'ansible_host: 192.168.0.12').split('hosts.yaml')[0]}hosts.yaml:")
    assert "--group machine_7=GROUP, GROUP one of dojot, kafka, vernemq, x509" in line
    found, report = machines(machine_7="kafka")
    assert groups(found)["machine-7"] == "kafka"
    assert not [line for line in report.findings if "machine_7" in line]


def test_a_label_that_no_group_has(machines):
    found, report = machines(listing(WIDE.replace("=vernemq", "=vernmq")))
    assert groups(found)["broker-c"] == "unknown"
    assert _found(report, "nodes.txt:3: broker-c = vernmq: no node group has this label value")


def test_a_told_group_of_nobody(machines):
    _, report = machines(verne_7="vernemq")
    assert _found(report, "--group: verne_7: no worker has this name")


# -- what disagrees

MASTERS = "        master_nodes:\n          hosts:\n"
WORKERS = "        worker_nodes:\n          hosts:\n"
LAST = "            third_verne_worker_host:\n"
ADDRESS = "      ansible_host: 192.168.0.16\n"
IN_LIST = "        192.168.0.16:\n"


@pytest.mark.parametrize(
    "old, new, finding",
    [
        (IN_LIST, "", "mqtt_nodes: third-verne-worker-host of group vernemq is not in the list"),
        (
            IN_LIST,
            IN_LIST.replace("0.16", "0.99"),
            "mqtt_nodes = 192.168.0.99: this is no machine of the cluster, but vernemq runs on group vernemq",
        ),
        (ADDRESS, ADDRESS.replace("0.16", "0.15"), "third_verne_worker_host = 192.168.0.15: second_verne_worker_host"),
        (
            ADDRESS,
            "      ansible_host: verne-3.example.org\n",
            "third_verne_worker_host = verne-3.example.org: this is no IPv4 address",
        ),
        (
            ADDRESS,
            ADDRESS.replace("host", "hots"),
            "third_verne_worker_host = third_verne_worker_host: this is no IPv4",
        ),
        (
            WORKERS,
            WORKERS.replace("nodes", "node"),
            "worker_node: no playbook of the reference deployment uses this group. Did you mean worker_nodes?",
        ),
        (
            WORKERS,
            WORKERS.replace("hosts", "host"),
            "worker_nodes.host: unknown key of a group; left out, as Ansible does. Did you mean hosts?",
        ),
        (
            MASTERS,
            f"{MASTERS}            kafka_worker_host:\n",
            "master_nodes: the playbooks make one control plane; kafka_worker_host is taken, left out: master_host",
        ),
        (LAST, "            verne[1:3]:\n", "verne[1:3]: a range of hosts"),
        (LAST, "", "third_verne_worker_host = 192.168.0.16: the machine is in no group"),
        (LAST, f"{LAST}            master_host:\n", "master_host: the host is in master_nodes and in worker_nodes"),
        ("    nginx:\n", "    third_verne_worker_host:\n", "the key is written twice"),
    ],
)
def test_hosts_that_need_a_person(machines, ansible, old, new, finding):
    assert not _found(machines()[1], finding)
    ansible.change(HOSTS, old, new)
    report = machines()[1]
    assert all(line.startswith(str(ansible.folder)) for line in _found(report, finding))
    assert _found(report, finding), report.findings


def test_no_load_balancer(machines, ansible):
    ansible.change(HOSTS, "    haproxy:\n      ansible_host: 192.168.0.12\n", "")
    found, report = machines(balancer=None)
    assert (found.balancer.hostname, found.balancer.address) == ("haproxy", "")
    assert _found(report, "haproxy: there is no host of this name")


def test_nginx_is_not_taken_over(machines, ansible):
    ansible.change(HOSTS, "NGINX_HOST_ADDRESS", "192.168.0.18")
    assert [note for note in machines()[1].notes if "nginx = 192.168.0.18: left out: HAProxy is the one" in note]


def _found(report, text: str) -> list[str]:
    return [line for line in report.findings if text in line]


def _rename(ansible, old: str, new: str) -> None:
    path = ansible.folder / HOSTS
    path.write_text(path.read_text("utf-8").replace(f" {old}:", f" {new}:"), "utf-8")
