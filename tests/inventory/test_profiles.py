"""The profiles beside the load test: what each has, what it has not, and which ways lead to it."""

from __future__ import annotations

import re

import pytest
import yaml

from components.cluster import load
from components.cluster.capacity import limits
from tests.inventory.targets import ROOT, Fixture, renderer, write_inventory
from tests.inventory.variants import Variants

_PROFILES = ROOT / "inventory" / "classes" / "profile"
BROKER = {"service.vmq-operator", "service.vernemq", "service.bridges"}


def _services(name: str) -> set[str]:
    """Classes of the services of a profile, with those of the classes that it is made of."""
    return _within(f"profile.{name}")


def _within(name: str) -> set[str]:
    if name.startswith("service."):
        return {name}
    path = (ROOT / "inventory" / "classes" / name.replace(".", "/")).with_suffix(".yml")
    return set().union(*map(_within, yaml.safe_load(path.read_text("utf-8"))["classes"]))


def test_every_service_is_in_a_profile():
    known = {f"service.{path.stem}" for path in (ROOT / "inventory" / "classes" / "service").glob("*.yml")}
    used = set().union(*(_services(path.stem) for path in _PROFILES.glob("*.yml")))
    assert used == known


def test_profiles_differ_by_their_agent_only():
    full, mosca, lwm2m = (_services(name) for name in ("full", "mosca", "lwm2m"))
    assert full - mosca == full - lwm2m == BROKER
    assert mosca - full == {"service.iotagent-mosca"} and lwm2m - full == {"service.iotagent-lwm2m"}
    # The reference deployment has the loopback in the load test alone.
    assert _services("load-test") - full == {"service.kafka-loopback"}


def test_servers_that_know_nothing_of_each_other_are_single():
    """Told by other keys: a volume and nobody to share it with, no second pod even for a moment, memory as a store.

    And those whose second one would tell everything again.
    """
    apart, single = set(), set()
    for path in (ROOT / "inventory" / "classes" / "service").glob("*.yml"):
        for name, entry in yaml.safe_load(path.read_text("utf-8"))["parameters"]["services"].items():
            single |= {name} if "single" in entry else set()
            alone = entry.get("update_strategy") == "Recreate" and not entry.get("volumes")
            store = entry["kind"] == "StatefulSet" and entry.get("volumes") and not entry.get("peers")
            memory = entry.get("args", [""])[0] == "redis-server"
            apart |= {name} if alone or store or memory else set()
    assert single == apart | {"alertmanager", "kafka-exporter", "kube-state-metrics", "postgres-exporter"}


def test_mosca_takes_the_brokers_place(variants):
    files = variants["profile-mosca"].files
    assert not [path for path in files if re.search(r"vernemq|vmq|bridge", path)]
    config = files["haproxy/haproxy.cfg"]
    for listen, node_port in ((1883, 30004), (8883, 30005)):
        assert re.search(rf"bind :{listen}\n(.*\n)*?    server dojot 192\.168\.0\.11:{node_port} ", config)


def test_mosca_over_tls_only(tmp_path_factory):
    text = (
        "classes: [guide-machines, hardware.full, profile.mosca, scale.full]\n"
        "parameters: {insecure_mqtt: false, scale: {devices: 10000}}\n"
    )
    variant = Variants([Fixture("mosca-tls", text)], tmp_path_factory.mktemp)["mosca-tls"]
    for path, found in variant.files.items():
        assert not re.search(r"\b(1883|30004)\b", found), path
    assert "bind :8883\n" in variant.files["haproxy/haproxy.cfg"]


def test_datagrams_reach_the_node_itself(variants):
    variant = variants["profile-lwm2m"]
    service = next(one for one in variant.tree.of_kind("Service") if one["metadata"]["name"] == "iotagent-lwm2m")
    ports = {port["nodePort"]: (port["protocol"], port["port"]) for port in service["spec"]["ports"]}
    assert ports == {
        30006: ("UDP", 5683),
        30007: ("UDP", 5684),
        30008: ("UDP", 30008),
        30009: ("UDP", 30009),
        30010: ("TCP", 30010),
    }
    # Another node would put its own address in place of the device's.
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert not re.search(r"\b300(0[6-9]|10)\b|lwm2m", variant.files["haproxy/haproxy.cfg"])


def test_devices_fetch_firmware_where_the_agent_says(variants):
    """The agent tells address and ports of its file servers: they must be those of the node."""
    deployment = next(
        one
        for one in variants["profile-lwm2m"].tree.of_kind("Deployment")
        if one["metadata"]["name"] == "iotagent-lwm2m"
    )
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert (env["FILE_SERVER_ADDRESS"], env["FILE_SERVER_HTTP_PORT"]) == ("192.168.0.11", "30010")
    for said in ("COAP_PORT=30008", "COAP_SECURE_PORT=30009"):
        assert said in container["command"][-1]


@pytest.mark.parametrize("profile", ["mosca", "lwm2m"])
def test_nothing_is_left_of_the_brokers(variants, profile):
    """Neither their definition, nor a right, a Secret or a kind of theirs."""
    for path, text in variants[f"profile-{profile}"].files.items():
        if path.startswith("manifests/") or path == "argocd/project.yml":
            assert not re.search(r"(?i)vernemq", text), path


def test_pages_speak_of_no_brokers_that_are_not_there(variants):
    mosca, lwm2m = (variants[f"profile-{name}"].files["README.md"] for name in ("mosca", "lwm2m"))
    assert "for 10,000 devices: MQTT agent (Mosca), on Kubernetes" in mosca
    assert "for 10,000 devices: LwM2M agent, on Kubernetes" in lwm2m
    assert "has neither TLS nor authentication" in mosca and "has neither TLS" not in lwm2m
    assert "| the node itself | `30006` UDP | dojot |" in lwm2m and "| the node itself | `30010` | dojot |" in lwm2m
    for page in (mosca, lwm2m):
        assert "Sessions of each broker" not in page


def test_the_lab_fits_a_small_machine(tmp_path):
    """With volumes, too: 4 cores, 8 GiB and 40 GiB, judged by the same rules as everybody's machines."""
    lab = Fixture(
        "lab",
        """
classes: [cluster, platform.current, hardware.lab, release.v0-6-0, scale.lab]
parameters:
  cluster:
    domain: lab.example.org
    nodes:
      control: {address: 192.168.56.10, group: control-plane}
      worker: {address: 192.168.56.11, group: worker, hardware: {cpu: 4, memory: 8Gi, disk: 40Gi}}
  load_balancers: {haproxy: {address: 192.168.56.5}}
""",
    )
    cluster = load(*renderer(write_inventory(tmp_path, [lab]))(lab.name))
    assert (cluster.scale.brokers, cluster.scale.bridges, cluster.scale.kafka.partitions) == (1, 1, 1)
    assert any(limit.what == "memory requests on node worker" for limit in limits(cluster))
    assert {service.name for service in cluster.services} >= {"gui", "flowbroker", "vernemq"}
