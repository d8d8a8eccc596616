"""Each switch of docs/switches.md changes what it is for, on every face, and nothing else."""

from __future__ import annotations

import re
import subprocess
from functools import partial

import pytest

from components.cluster import load
from components.inventory.origin import Origin
from components.manifests.files import files as manifests
from tests.compiled.bootstrap_values import table
from tests.compiled.workloads import broker_config
from tests.engines.programs import installed
from tests.inventory.variants import Difference, difference

#: Faces that are one file for the whole cluster.
PAGE, PICTURE, SCRIPT, CONFIG = "README.md", "cluster.svg", "bootstrap/bootstrap.sh", "haproxy/haproxy.cfg"


def test_nothing_persistent(variants, guide):
    """Every volume becomes an emptyDir; volumes, claims, their class and their directories are gone."""
    variant = variants["with-nothing-persistent"]
    found = difference(variant, guide)
    kinds = ("PersistentVolume", "PersistentVolumeClaim", "StorageClass")
    with_volumes = {
        f"{service.kind} {service.spec.custom_resource.name if service.spec.custom_resource else service.name}"
        for service in guide.tree.cluster.services
        if service.volumes
    }
    assert found.made == set()
    assert found.gone == {f"{one['kind']} {one['metadata']['name']}" for one in guide.tree.of_kind(*kinds)} != set()
    assert found.altered == with_volumes | {f"AppProject {guide.tree.cluster.name}", PAGE, PICTURE, SCRIPT}
    for path, text in variant.files.items():
        assert not re.search(r"/mnt/data|local-storage", text), path
    for workload in variant.tree.of_kind("Deployment", "StatefulSet"):
        volumes = workload["spec"]["template"]["spec"].get("volumes", ())
        assert not any("persistentVolumeClaim" in volume for volume in volumes)
        assert "volumeClaimTemplates" not in workload["spec"]
        mounted = {
            mount["name"] for mount in workload["spec"]["template"]["spec"]["containers"][0].get("volumeMounts", ())
        }
        assert mounted <= {volume["name"] for volume in volumes}
    assert variant.tree.some("VerneMQ")["spec"]["storage"] == {"emptyDir": {"sizeLimit": "5Gi"}}


@pytest.mark.parametrize("default", [True, False])
def test_persistence_of_each_service(guide, request, default):
    """What a volume says wins over the default, in both directions."""
    before = manifests(_loaded(guide, request, default, {}))
    for name in (service.name for service in guide.tree.cluster.services if service.volumes):
        volumes = guide.tree.parameters["services"][name]["volumes"]
        own = {volume: {**entry, "persistent": not default} for volume, entry in volumes.items()}
        changed = _loaded(guide, request, default, {name: own})
        assert {disk.host_path for service, _, disk in changed.disks if service.name == name} == (
            set() if default else {entry["host_path"] for entry in volumes.values()}
        )
        after = manifests(changed)
        files = {file for file in before.keys() | after.keys() if before.get(file) != after.get(file)}
        assert files == {f"{name}.yml"} | (set() if default else {"storage-class.yml"})


def test_tls_only(variants, guide):
    """Nothing opens, forwards, reserves or speaks of plain MQTT; what its share of connections was is not needed."""
    variant = variants["with-tls-only"]
    texts = {**variant.files, "vernemq.conf": broker_config(variant.tree.some("VerneMQ"))}
    for path, text in texts.items():
        assert not re.search(r"\b(1883|30004)\b", text), path
    assert "bind :8883\n" in variant.files[CONFIG] and "0.0.0.0:8883\n" in texts["vernemq.conf"]
    assert difference(variant, guide) == Difference(
        made=set(),
        gone=set(),
        altered={
            "VerneMQ k8s",
            "Service vernemq-k8s",
            "Service vernemq-k8s-pods",
            "Service vernemq-k8s-external-service",
            "NetworkPolicy vernemq",
            CONFIG,
            "haproxy/99-dojot-haproxy.conf",
            "haproxy/haproxy.service.d-limits.conf",
            "bootstrap/kubeadm-init.yml",
            SCRIPT,
            PAGE,
            PICTURE,
        },
    )


def test_mosca_with_tls_only(variants):
    variant, other = variants["profile-mosca-with-tls-only"], variants["profile-mosca"]
    for path, text in variant.files.items():
        assert not re.search(r"\b(1883|30004)\b", text), path
    found = difference(variant, other)
    assert (
        found.made == found.gone == set()
        and {"Deployment iotagent-mosca", "Service iotagent-mosca", CONFIG} <= found.altered
    )
    assert _environment(variant, "iotagent-mosca")["ALLOW_UNSECURED_MODE"] == "false"


def test_email(variants, guide):
    """auth alone is told the server; the password is a Secret that people bring."""
    variant = variants["with-email"]
    assert difference(variant, guide) == Difference(made=set(), gone=set(), altered={"Deployment auth", SCRIPT, PAGE})
    before, after = (_environment(one, "auth") for one in (guide, variant))
    assert {name: after[name] for name in after.keys() - before.keys()} == {
        "AUTH_EMAIL_HOST": "smtp.intranet",
        "AUTH_EMAIL_PORT": "587",
        "AUTH_EMAIL_TLS": "true",
        "AUTH_EMAIL_USER": "dojot@intranet",
        "AUTH_EMAIL_PASSWD": {"secretKeyRef": {"name": "auth-email-secret", "key": "password"}},
    }
    assert before.items() <= after.items()
    new = {tuple(row) for row in table(variant.files, "SECRETS")} - {
        tuple(row) for row in table(guide.files, "SECRETS")
    }
    assert new == {("dojot/auth-email-secret", "password", "provided", "")}
    assert "| `auth-email-secret` | Auth | `password` | `auth` |" in variant.files[PAGE]


def test_mutual_tls(variants, guide):
    """Kong opens one port more, on every face, with certificates from Secrets; without the switch there is no trace."""
    variant = variants["with-mutual-tls"]
    assert difference(variant, guide) == Difference(
        made=set(),
        gone=set(),
        altered={
            "Deployment kong",
            "Job kong-migrate",
            "Service kong-external",
            "NetworkPolicy kong",
            CONFIG,
            "haproxy/99-dojot-haproxy.conf",
            "haproxy/haproxy.service.d-limits.conf",
            SCRIPT,
            PAGE,
            PICTURE,
        },
    )
    # A picture's lengths may be any number.
    others = {path: text for path, text in guide.files.items() if path != PICTURE}
    assert not [path for path, text in others.items() if re.search(r"\b(443|8443|30002)\b", text)]
    assert "bind :443\n" in variant.files[CONFIG] and "192.168.0.11:30002\n" in variant.files[CONFIG]
    kong = _environment(variant, "kong")
    assert kong["KONG_PROXY_LISTEN"].split(",") == [
        "0.0.0.0:8000",
        "0.0.0.0:8010 proxy_protocol",
        "0.0.0.0:8443 ssl",
        "0.0.0.0:8453 ssl proxy_protocol",
    ]
    assert {row[0]: row[2] for row in table(variant.files, "SECRETS") if row[0].endswith("-tls")} == {
        "dojot/kong-tls": "provided",
        "dojot/kong-internal-tls": "provided",
    }
    for kind, name in (("Deployment", "kong"), ("Job", "kong-migrate")):
        _named_files_are_mounted(variant.tree.some(kind, lambda found: found["metadata"]["name"] == name))


def test_proxy_protocol(variants, guide):
    """HAProxy tells Kong whose connection it is, and Kong believes nobody else; without the switch there is no trace."""
    variant = variants["without-proxy-protocol"]
    assert difference(variant, guide) == Difference(
        made=set(),
        gone=set(),
        altered={"Deployment kong", "Job kong-migrate", "Service kong-external", "NetworkPolicy kong", CONFIG, PAGE},
    )
    for path, text in variant.files.items():
        assert not re.search(r"\b8010\b|[Pp][Rr][Oo][Xx][Yy][- _][Pp]rotocol|PROXY protocol|send-proxy", text), path
    trusted = ("KONG_REAL_IP_HEADER", "KONG_NGINX_PROXY_SET_REAL_IP_FROM")
    assert not any(name in _environment(variant, "kong") for name in trusted)
    assert [_environment(guide, "kong")[name] for name in trusted] == ["proxy_protocol", "192.168.0.17"]
    # Where the pod may be on another node than the one that HAProxy calls, it sees an address of the pod network.
    several = variants["with-two-nodes-for-kong"]
    assert _environment(several, "kong")[trusted[1]] == several.tree.parameters["platform"]["pod_network"]["cidr"]
    policies = [
        one.tree.some("Service", lambda found: found["metadata"]["name"] == "kong-external")["spec"]["externalTrafficPolicy"]
        for one in (guide, several, variant)
    ]
    assert policies == ["Local", "Cluster", "Cluster"]


def test_tls_of_kafka_ws(variants):
    """Beside Kong's own switch: kafka-ws asks for certificates, and its routes lead to https."""
    variant, other = variants["with-mutual-tls-of-kafka-ws"], variants["with-mutual-tls"]
    routes = "kong-route-config-files"
    assert difference(variant, other) == Difference(
        made=set(),
        gone=set(),
        altered={
            "Deployment kafka-ws",
            f"ConfigMap {routes}",
            SCRIPT,
            PAGE,
        },
    )
    environment = _environment(variant, "kafka-ws")
    assert environment["KAFKA_WS_SERVER_TLS"] == environment["KAFKA_WS_SERVER_REQUEST_CERT"] == "true"
    deployment = variant.tree.some("Deployment", lambda found: found["metadata"]["name"] == "kafka-ws")
    _named_files_are_mounted(deployment)
    calls = variant.tree.some("ConfigMap", lambda found: found["metadata"]["name"] == routes)["data"]["kong-calls.txt"]
    assert calls.count('"url":"https://kafka-ws:8080"') == 2 and "http://kafka-ws" not in calls


def _named_files_are_mounted(workload):
    """Every certificate and key that the environment names is a file of a mounted Secret, for the pod's group to read."""
    spec = workload["spec"]["template"]["spec"]
    container = spec["containers"][0]
    volumes = {volume["name"]: volume["secret"] for volume in spec["volumes"] if "secret" in volume}
    files = {
        f"{mount['mountPath']}/{item['path']}"
        for mount in container["volumeMounts"]
        if mount["name"] in volumes
        for item in volumes[mount["name"]]["items"]
    }
    named = {entry["value"] for entry in container["env"] if re.search(r"\.(crt|key)$", entry.get("value", ""))}
    assert named and named <= files
    assert all(secret["defaultMode"] == 0o440 for secret in volumes.values()) and "fsGroup" in spec["securityContext"]


def test_chosen_node_ports(variants, guide, tmp_path):
    """No Service states a number; HAProxy has a variable for each, and reads the file once they are set."""
    variant = variants["with-chosen-node-ports"]
    exposed = {f"Service {service.spec.external_service}" for service in guide.tree.cluster.services if service.exposed}
    assert difference(variant, guide) == Difference(made=set(), gone=set(), altered=exposed | {CONFIG, SCRIPT, PAGE, PICTURE})
    assert not any(
        "nodePort" in port for found in variant.tree.of_kind("Service") for port in found["spec"].get("ports", ())
    )
    for path, text in variant.files.items():
        assert not re.search(r"\b3000[1-9]\b", text), path
    (tmp_path / "haproxy.cfg").write_text(variant.files[CONFIG])
    chosen = {row[0]: str(31000 + place) for place, row in enumerate(table(variant.files, "NODE_PORTS"))}
    read = partial(
        subprocess.run, [installed("haproxy"), "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, timeout=60
    )
    assert read(env=chosen).returncode == 0
    assert [name for name in chosen if read(env={**chosen, name: ""}).returncode == 0] == []


def _environment(variant, deployment):
    found = variant.tree.some("Deployment", lambda one: one["metadata"]["name"] == deployment)
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom"))
        for entry in found["spec"]["template"]["spec"]["containers"][0]["env"]
    }


def _loaded(guide, request, persistent, own):
    parameters = dict(guide.tree.parameters)
    services = {
        name: {**entry, "volumes": own[name]} if name in own else entry
        for name, entry in parameters["services"].items()
    }
    parameters |= {"volumes": {**parameters["volumes"], "persistent": persistent}, "services": services}
    return load(
        parameters,
        Origin([request.config.rootpath / "inventory" / "targets" / "dojot-100k.yml"], request.config.rootpath),
    )
