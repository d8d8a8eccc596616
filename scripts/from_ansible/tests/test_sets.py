"""Sets of services by tag, optional ones by variable; the compiler accepts what comes of them."""

from __future__ import annotations

import pytest
import yaml

from scripts.from_ansible.classes import classes_of
from scripts.from_ansible.inventory import find_hosts, read_inventory
from scripts.from_ansible.report import Report
from scripts.from_ansible.tests.conftest import DOJOT, HOSTS, NODES, SERVICES
from scripts.from_ansible.values import Values

LISTED = ("--nodes", str(NODES), "--load-balancer", "192.168.0.17", "--output", "-")


@pytest.fixture
def classes(ansible, inventory):
    """The classes for these tags, without those that every target has."""

    def classes(*tags: str, workers: int = 6) -> list[str]:
        values = Values(read_inventory(find_hosts(ansible.folder), Report()).last)
        found = classes_of(tags, "guide", values, workers, inventory, Report())
        return [name for name in found if name.startswith(("hardware.", "profile.", "service."))]

    return classes


@pytest.mark.parametrize(
    "tags, expected",
    [
        ((), ["hardware.full", "profile.full"]),
        (("100k",), ["hardware.guide", "profile.load-test"]),
        (("mosca",), ["hardware.full", "profile.mosca"]),
        (("vernemq", "lwm2m"), ["hardware.full", "profile.full", "profile.lwm2m"]),
    ],
)
def test_tags(classes, tags, expected):
    assert classes(*tags) == expected


@pytest.mark.parametrize("affinity, hardware", [("true", "hardware.guide"), ("false", "hardware.lab")])
def test_one_worker_carries_everything_where_pods_are_not_bound(classes, ansible, affinity, hardware):
    ansible.change(DOJOT, "dojot_enable_node_affinity: true", f"dojot_enable_node_affinity: {affinity}")
    assert classes("100k", workers=1)[0] == hardware


def test_the_load_test_has_no_optional_services(classes, ansible):
    ansible.change(DOJOT, "dojot_guiv2_enabled: false", "dojot_guiv2_enabled: true")
    assert classes("100k")[-1] == "profile.load-test"
    assert classes("mosca")[-1] == "profile.gui-v2"


def test_a_storer_without_its_database(classes, ansible):
    ansible.change(SERVICES, "  influxdb_storer: false", "  influxdb_storer: true")
    assert classes()[-1] == "profile.full"
    ansible.change(SERVICES, "  influxdb: false", "  influxdb: true")
    assert classes()[-2:] == ["service.influxdb", "service.influxdb-storer"]


def test_a_service_is_taken_out(classes, ansible):
    """The profile is spelt out as far as it has to be."""
    ansible.change(SERVICES, "  history: true", "  history: false")
    assert "service.history" not in classes() and "service.persister" in classes()
    assert "profile.core" in classes() and "profile.full" not in classes()


def test_everything_switched(run, ansible):
    for old, new in (
        ("dojot_apigw_enable_mutual_tls: false", "dojot_apigw_enable_mutual_tls: true"),
        ("dojot_kafka_ws_enable_tls: false", "dojot_kafka_ws_enable_tls: true"),
        (
            "dojot_auth_email_enabled: false",
            (
                "dojot_auth_email_enabled: true\ndojot_auth_email_host: mail.example.org\n"
                "dojot_auth_email_user: dojot@example.org"
            ),
        ),
        ("dojot_guiv2_enabled: false", "dojot_guiv2_enabled: true"),
        ("dojot_insecure_mqtt: 'true'", "dojot_insecure_mqtt: false"),
        ("dojot_fixed_nodeports_enabled: true", "dojot_fixed_nodeports_enabled: false"),
        ("dojot_enable_locust_exporter: false", "dojot_enable_locust_exporter: true"),
        ("  ip: 127.0.0.1", "  ip: 192.168.0.20"),
    ):
        ansible.change(DOJOT, old, new)
    for name, before in (("influxdb", "false"), ("history", "true")):
        ansible.change(SERVICES, f"  {name}: {before}", f"  {name}: {'true' if before == 'false' else 'false'}")
    ansible.add("\ndojot_influxdb_persistent_volumes: true\ndojot_influxdb_retention: 30d\n")
    _, out, err = run(*LISTED)
    assert "make compile would refuse" not in err, err
    target = yaml.safe_load(out)
    parameters = target["parameters"]
    assert {"profile.gui-v2", "service.influxdb"} <= set(target["classes"])
    assert "service.history" not in target["classes"]
    assert parameters["gateway"] == {"mutual_tls": True} and parameters["kafka_ws"] == {"tls": True}
    assert parameters["email"] == {"enabled": True, "host": "mail.example.org", "user": "dojot@example.org"}
    assert parameters["insecure_mqtt"] is False and parameters["nodeports"] == {"fixed": False}
    assert parameters["monitoring"] == {"locust_exporter": {"address": "192.168.0.20", "port": 9646}}
    assert parameters["influxdb"] == {"hours": 720} and "services" not in parameters


def test_mosca_has_no_use_for_nodes_of_brokers(run):
    code, out, err = run("--tags", "mosca", *LISTED)
    assert code == 1 and yaml.safe_load(out)["classes"][-1] == "profile.mosca"
    assert "dojot_vernemq_replicas, dojot_bridges_replicas: of no effect" in err
    assert (
        "mqtt_nodes = 192.168.0.14: this is first_verne_worker_host, of group vernemq, but iotagent-mosca runs on "
        "group dojot" in err
    )


def test_one_worker_that_carries_everything(run, ansible):
    """As in the example inventory: pods bound to no node, nothing kept, one of each."""
    text = (ansible.folder / HOSTS).read_text("utf-8").replace("192.168.0.13:\n", "192.168.0.11:\n")
    for name in ("kafka", "x509", "first_verne", "second_verne", "third_verne"):
        text = text.replace(f"            {name}_worker_host:\n", "")
    for end in range(14, 17):
        text = text.replace(f"        192.168.0.{end}:\n", "" if end > 14 else "        192.168.0.11:\n")
    (ansible.folder / HOSTS).write_text(text, "utf-8")
    lines = (ansible.folder / DOJOT).read_text("utf-8").replace("volumes: true", "volumes: false")
    (ansible.folder / DOJOT).write_text(lines, "utf-8")
    for old, new in (
        ("node_affinity: true", "node_affinity: false"),
        ("vernemq_replicas: 3", "vernemq_replicas: 1"),
        ("bridges_replicas: 9", "bridges_replicas: 1"),
    ):
        ansible.change(DOJOT, old, new)
    _, out, err = run("--tags", "100k", *LISTED[2:])
    assert "make compile would refuse" not in err, err
    parameters = yaml.safe_load(out)["parameters"]
    assert [node["group"] for node in parameters["cluster"]["nodes"].values()] == ["control-plane", "worker"]
    assert parameters["volumes"] == {"persistent": False}
    assert parameters["scale"] == {"devices": 33334, "minimum_brokers": 1, "bridges_per_broker": 1}


def test_parts_that_share_a_label_share_their_nodes(run, ansible):
    """Two labels of one value: the brokers run where all else does, and HAProxy's lists agree with that."""
    text = (ansible.folder / HOSTS).read_text("utf-8").replace("192.168.0.13:\n", "192.168.0.11:\n")
    for end in range(14, 17):
        text = text.replace(f"        192.168.0.{end}:\n", "" if end > 14 else "        192.168.0.11:\n")
    (ansible.folder / HOSTS).write_text(text, "utf-8")
    ansible.change(DOJOT, "  vernemq: vernemq", "  vernemq: dojot")
    _, out, err = run("--tags", "100k", *LISTED[2:])
    assert yaml.safe_load(out)["parameters"]["placement"] == {"vernemq": "dojot"}
    assert "mqtt_nodes" not in err
