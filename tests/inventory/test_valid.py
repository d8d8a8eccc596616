"""Changes that an operator makes in one line (or in the few that a refusal asks for):
each compiles, passes every check of tests/compiled, and every face follows it."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.compiled.rooms import CHECKS
from tests.engines.programs import installed
from tests.haproxy.configuration import CONFIG, SYSCTL, settings

MORE_THAN_ONE_LINE = {
    "with-alertmanager",
    "with-a-service-of-its-own",
    "with-200000-devices",
    "with-250000-devices",
    "with-three-control-planes",
    "with-three-control-planes-of-the-guide",
    "with-three-kafka-brokers",
    "with-databases-elsewhere",
    "with-kafka-elsewhere",
    "with-high-availability",
    "with-high-availability-and-nothing-persistent",
    "without-kafka-ws",
    "profile-lwm2m",
    "with-erlang-processes-for-more-sessions",
    "with-priorities-of-its-own",
}

# A change of one token changes that token wherever it stood, and nothing else.
RENAMED = {
    "with-another-node-address": ("192.168.0.15", "192.168.7.115"),
    "with-another-node-port": ("30004", "30104"),
    "with-another-domain": ("dojot.domain", "iot.intranet"),
    "with-another-group-label-key": ("dojot.components/group", "machines.intranet/role"),
    "with-another-volume-root": ("/mnt/data", "/srv/dojot"),
}
# Of a PersistentVolume's name: what it says of the machine, the directory, the class and the claim.
_DIGITS = re.compile(r"(local-pv-[-a-z0-9]+-)[0-9a-f]{8}\b")


def test_the_json_schema_accepts_it(valid, variants, json_schema):
    assert json_schema.is_valid(variants[valid.name].tree.parameters)


def test_every_check_passes(valid, variants):
    problems = {check.__name__: check(variants[valid.name].tree) for check in CHECKS}
    assert {name: found for name, found in problems.items() if found} == {}


def test_most_are_one_line(request):
    for path in (request.path.parent / "valid").glob("*.yml"):
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith(("#", "classes:"))]
        # None where the change is a class.
        one = not lines or (len(lines) == 1 and lines[0].startswith("parameters: "))
        assert one or path.stem in MORE_THAN_ONE_LINE, path.name


@pytest.mark.parametrize("name", RENAMED)
def test_only_the_token_changes(name, variants, guide):
    old, new = RENAMED[name]
    assert any(old in text for text in guide.files.values())
    found = {path: _DIGITS.sub(r"\1", text) for path, text in variants[name].files.items()}
    assert found == {path: _DIGITS.sub(r"\1", text).replace(old, new) for path, text in guide.files.items()}


def test_another_address_reaches_exactly_three_faces(variants, guide):
    changed = variants["with-another-node-address"].changed(guide)
    carried = {f"bootstrap/{name}" for name in ("bootstrap.sh", "firewall.nft", "kubeadm-init.yml")}
    assert changed == {"README.md", "cluster.svg", *carried, "haproxy/haproxy.cfg"}


def test_another_node_port_reaches_exactly_these_faces(variants, guide):
    changed = variants["with-another-node-port"].changed(guide)
    assert changed == {"README.md", "cluster.svg", "haproxy/haproxy.cfg", "manifests/vernemq.yml"}


def test_of_a_database_elsewhere_nothing_is_made(variants, guide):
    """Neither its objects nor a volume, a backup or its own Secret; who calls it is told where it is."""
    found, before = variants["with-databases-elsewhere"], guide
    assert {"manifests/postgres.yml", "manifests/mongodb.yml"} <= before.files.keys() - found.files.keys()
    assert "psql-volume" not in "".join(found.files.values())
    script = found.files["bootstrap/bootstrap.sh"]
    assert "readonly DATABASES=(\n)" in script
    assert "dojot/mongodb-secret|password|random" in script and "dojot/postgres-secret" not in script
    certificates = found.files["manifests/x509-identity-mgmt.yml"]
    assert "jdbc:postgresql://db.example.org:5432/ejbca" in certificates
    assert "mongodb://192.168.7.27:27018/x509-identity-mgmt" in certificates
    page = found.files["README.md"]
    assert "| PostgreSQL | `db.example.org` | 5432 |" in page and "| MongoDB | `192.168.7.27` | 27018 |" in page
    # Who makes the databases has to know of each.
    databases = {entry["database"]["name"] for entry in found.tree.parameters["services"].values() if "database" in entry}
    assert databases and all(f"| PostgreSQL | `{name}` |" in page for name in databases)


def test_another_listen_port(variants, guide):
    variant = variants["with-another-listen-port"]
    assert variant.changed(guide) == {
        "README.md",
        "bootstrap/bootstrap.sh",
        "cluster.svg",
        "haproxy/haproxy.cfg",
        "haproxy/99-dojot-haproxy.conf",
    }
    assert "bind :2883\n" in variant.files["haproxy/haproxy.cfg"]
    assert "1883" not in variant.files["haproxy/haproxy.cfg"]


def test_another_namespace(variants, guide):
    variant = variants["with-another-namespace"]
    for path, text in variant.files.items():
        before, after = (_DIGITS.sub(r"\1", one).splitlines() for one in (guide.files[path], text))
        assert len(before) == len(after), path
        for old, new in zip(before, after, strict=True):
            assert new == old or ("iot-platform" in new and new.replace("iot-platform", "dojot") == old), path
        assert not re.search(r"(?i)\bnamespace[=:]\s*[\"']?dojot\b", text), path
    namespaces = {entry.get("metadata", {}).get("namespace") for _, entry in variant.tree.manifests} | {
        entry["metadata"]["name"] for entry in variant.tree.of_kind("Namespace")
    }
    assert namespaces == {"iot-platform", None}
    assert variant.changed(guide) >= {
        "README.md",
        "argocd/application.yml",
        "argocd/project.yml",
        "bootstrap/bootstrap.sh",
        "manifests/namespace.yml",
    }


def test_a_namespace_of_its_own(variants, guide):
    """It is made, closed and allowed; callers find it by its whole name, and are let in by theirs."""
    variant = variants["with-a-namespace-of-its-own"]
    env = variant.tree.some("Deployment", lambda one: one["metadata"]["name"] == "data-broker")
    values = {entry["name"]: entry.get("value") for entry in env["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert values["DATABROKER_CACHE_HOST"] == "data-broker-redis.caches"
    policy = variant.tree.some("NetworkPolicy", lambda one: one["metadata"]["name"] == "data-broker-redis")
    (peer,) = policy["spec"]["ingress"][0]["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"dojot.components/namespace": "dojot"}
    assert {"namespace": "caches", "server": "https://kubernetes.default.svc"} in variant.tree.documents[
        "argocd/project.yml"
    ][0]["spec"]["destinations"]
    assert variant.changed(guide) == {
        "README.md",
        "argocd/project.yml",
        "bootstrap/bootstrap.sh",
        "manifests/data-broker-redis.yml",
        "manifests/data-broker.yml",
        "manifests/namespace.yml",
    }


def test_another_group_label_value(variants, guide):
    variant = variants["with-another-group-label-value"]
    key = variant.tree.cluster.group_label
    values = {
        (path, value)
        for path, entry in variant.tree.objects
        for expression in _maps_with(entry, "matchExpressions")
        if expression["key"] == key
        for value in expression["values"]
    }
    assert {value for _, value in values} == {"brokers", "dojot", "kafka", "x509"}
    on_brokers = {path for path, value in values if value == "brokers"}
    assert on_brokers == {f"manifests/{name}.yml" for name in ("vernemq", "v2k-bridge", "k2v-bridge")}
    assert variant.changed(guide) == on_brokers | {"README.md", "bootstrap/bootstrap.sh"}
    assert re.search(r"verne-1\|.*\bbrokers\b", variant.files["bootstrap/bootstrap.sh"])


def test_twice_the_devices(variants):
    variant = variants["with-200000-devices"]
    cluster = variant.tree.cluster
    assert (cluster.scale.brokers, cluster.scale.bridges, cluster.scale.kafka.partitions) == (6, 18, 18)
    for bridge in ("v2k-bridge", "k2v-bridge"):
        sets = [entry["spec"]["replicas"] for name, entry in _workloads(variant) if name.startswith(bridge)]
        assert sum(sets) == 18
    assert variant.tree.some("VerneMQ")["spec"]["size"] == 6
    servers = re.findall(r"^    server (\S+)", _section(variant, "listen vernemq-mqtt"), re.MULTILINE)
    assert servers == [f"verne-{number}" for number in range(1, 7)]
    assert len([pv for pv in variant.tree.of_kind("PersistentVolume") if "vernemq" in pv["metadata"]["name"]]) == 6
    for node in ("verne-4", "verne-5", "verne-6"):
        assert node in variant.files["README.md"] and node in variant.files["bootstrap/bootstrap.sh"]


def test_more_files_than_a_process_may_open_by_default(variants):
    """The kernel's limits and the unit's follow the devices, and HAProxy takes the configuration."""
    variant = variants["with-250000-devices"]
    # Two listeners, a tenth more connections than devices, two files for each.
    assert int(settings(variant.files[f"haproxy/{SYSCTL}"])["fs.nr_open"]) > 2 * 2 * 250_000 * 11 // 10 > 1_048_576
    done = subprocess.run(
        [installed("haproxy"), "-c", "-f", "/dev/stdin"],
        input=variant.files[f"haproxy/{CONFIG}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "WARNING" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr


def test_a_service_deleted(variants, guide):
    """Its objects, Secrets, routes, volume and NetworkPolicies are gone; nobody speaks of it."""
    assert any("kafka-ws" in text for text in guide.files.values())
    for path, text in variants["without-kafka-ws"].files.items():
        assert not re.search(r"kafka[-_ ]ws", text, re.IGNORECASE), path
    gone = guide.files.keys() - variants["without-kafka-ws"].files.keys()
    assert gone == {"manifests/kafka-ws.yml", "manifests/kafka-ws-redis.yml"}


def test_without_rbac(variants):
    variant = variants["without-rbac"]
    for path, entry in variant.tree.objects:
        if not path.startswith("bootstrap/"):
            assert entry["kind"] not in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), path
    assert "RoleBinding" not in variant.files["argocd/project.yml"]


def test_a_volume_that_is_not_persistent(variants, guide):
    variant = variants["with-volume-not-persistent"]
    stateful = next(entry for name, entry in _workloads(variant) if name == "mongodb")
    volumes = {volume["name"]: volume for volume in stateful["spec"]["template"]["spec"]["volumes"]}
    assert "emptyDir" in volumes["mongodb-volume"]
    assert "volumeClaimTemplates" not in stateful["spec"]
    assert not [pv for pv in variant.tree.of_kind("PersistentVolume") if "mongodb" in pv["metadata"]["name"]]
    assert "/mnt/data/mongodb" in guide.files["bootstrap/bootstrap.sh"]
    for path, text in variant.files.items():
        assert "/mnt/data/mongodb" not in text, path


def test_three_kafka_brokers(variants):
    variant = variants["with-three-kafka-brokers"]
    workloads = dict(_workloads(variant))
    kafka, zookeeper = workloads["kafka-server"], workloads["zookeeper"]
    assert kafka["spec"]["replicas"] == zookeeper["spec"]["replicas"] == 3
    assert _env(kafka)["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3"
    assert _env(kafka)["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == "3"
    assert _env(workloads["data-broker"])["KAFKA_REPLICATION_FACTOR"] == "3"
    assert _env(zookeeper)["ZOOKEEPER_SERVERS"].split(";") == [
        f"zookeeper-{pod}.zookeeper-cluster:2888:3888" for pod in range(3)
    ]
    claims = [pv["spec"]["claimRef"]["name"] for pv in variant.tree.of_kind("PersistentVolume")]
    assert [name for name in claims if "kafka-volume" in name] == [f"kafka-volume-kafka-server-{pod}" for pod in range(3)]
    # Nothing may say the identity of one broker for all three.
    assert "KAFKA_BROKER_ID" not in _env(kafka)
    assert "${HOSTNAME##*-}" in kafka["spec"]["template"]["spec"]["containers"][0]["command"][-1]


def _workloads(variant):
    return [
        (entry["metadata"]["name"], entry) for entry in variant.tree.of_kind("Deployment", "StatefulSet", "VerneMQ")
    ]


def _env(workload):
    return {
        variable["name"]: variable.get("value")
        for variable in workload["spec"]["template"]["spec"]["containers"][0]["env"]
    }


def _section(variant, heading):
    """The lines of haproxy.cfg from `heading` to the next unindented line."""
    _, _, rest = variant.files["haproxy/haproxy.cfg"].partition(f"\n{heading}\n")
    return re.split(r"^(?=\S)", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _maps_with(node, key):
    """Every item of every list under `key`, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, list):
                yield from value
            else:
                yield from _maps_with(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _maps_with(value, key)
