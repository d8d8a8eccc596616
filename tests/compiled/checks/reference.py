"""What went wrong in the reference deployment in ways of its own: facts about single services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from components.cluster.quantity import size
from tests.compiled import said
from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, workloads

_ROOM = Path(__file__).resolve().parents[1]
_KAFKA, _ZOOKEEPER = "kafka-server", "zookeeper"


def _of(tree: Tree, service: str) -> list[Workload]:
    return [one for one in workloads(tree) if one.service == service and one.runs_on]


def _env(workload: Workload) -> dict[str, Any]:
    """Name -> value (None where it comes from elsewhere) of the first container."""
    return {entry["name"]: entry.get("value") for entry in workload.containers[0].get("env", ())}


def migrations_run_to_their_end(tree: Tree) -> list[str]:
    """`&&` works in a shell only; as an argument it is text, and what follows never runs."""
    found = []
    for workload in workloads(tree):
        for container in workload.containers:
            words = [*container.get("command", ()), *container.get("args", ())]
            if any(word in ("&&", "||", ";", "|") for word in words):
                found.append(f"{workload}: an operator of the shell stands alone among the arguments")
            if words and any("&&" in word for word in words) and words[:2] not in (["sh", "-c"], ["bash", "-c"]):
                found.append(f"{workload}: `&&` without a shell")
    return found


def brokers_of_kafka_differ(tree: Tree) -> list[str]:
    """No id, name or factor is fixed where the number of brokers is a variable."""
    found = []
    for workload in _of(tree, _KAFKA):
        env, copies = _env(workload), str(min(3, workload.replicas))
        for name in ("KAFKA_BROKER_ID", "KAFKA_ADVERTISED_LISTENERS"):
            if name in env:
                found.append(f"{workload}: {name} is the same in every pod")
        for name in (
            "KAFKA_DEFAULT_REPLICATION_FACTOR",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
        ):
            if env.get(name) != copies:
                found.append(f"{workload}: {name} is {env.get(name)}, {workload.replicas} brokers want {copies}")
        # One of three may be away, and what was acknowledged is on two; with fewer copies, each that is left will do.
        written = "2" if copies == "3" else "1"
        for name in ("KAFKA_MIN_INSYNC_REPLICAS", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"):
            if env.get(name) != written:
                found.append(f"{workload}: {name} is {env.get(name)}, with {copies} copies it has to be {written}")
    return found


def topics_have_a_partition_for_each_bridge(tree: Tree) -> list[str]:
    """Whoever creates a topic, on purpose or by writing first."""
    bridges = max(
        (
            sum(one.replicas for one in _of(tree, service))
            for service, entry in tree.parameters["services"].items()
            if entry.get("spread_evenly")
        ),
        default=1,
    )
    return [
        f"{workload}: KAFKA_NUM_PARTITIONS is {_env(workload).get('KAFKA_NUM_PARTITIONS')}, "
        f"{bridges} bridges read each topic"
        for service in (_KAFKA, "data-broker")
        for workload in _of(tree, service)
        if int(_env(workload).get("KAFKA_NUM_PARTITIONS") or 1) < bridges
    ]


def zookeeper_is_an_ensemble(tree: Tree) -> list[str]:
    """Each server knows all others, and old snapshots go."""
    found = []
    for workload in _of(tree, _ZOOKEEPER):
        env = _env(workload)
        servers = [one.split(":")[0] for one in (env.get("ZOOKEEPER_SERVERS") or "").split(";")]
        wanted = [
            f"{workload.pods}-{number}.{workload.found['spec']['serviceName']}" for number in range(workload.replicas)
        ]
        if servers != wanted:
            found.append(f"{workload}: ZOOKEEPER_SERVERS names {servers}, the pods are {wanted}")
        if "ZOOKEEPER_SERVER_ID" in env:
            found.append(f"{workload}: ZOOKEEPER_SERVER_ID is the same in every pod")
        if int(env.get("ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL") or 0) < 1:
            found.append(f"{workload}: snapshots are never purged")
    return found


def kafka_fits_its_disk(tree: Tree) -> list[str]:
    """A segment in each partition of each topic, which retention never takes, and what arrives during retention."""
    scale = tree.parameters["scale"]
    found = []
    for workload in _of(tree, _KAFKA):
        env = _env(workload)
        partitions, segment = int(env["KAFKA_NUM_PARTITIONS"]), int(env["KAFKA_LOG_SEGMENT_BYTES"])
        seconds = 60 * int(env["KAFKA_LOG_RETENTION_MINUTES"])
        rate = scale["devices"] / scale["message"]["interval"] * scale["message"]["stored_bytes"]
        topics, copies = scale["kafka"]["topics"] * scale.get("tenants", 1), min(3, workload.replicas)
        needed = topics * (partitions * segment + rate * seconds) * copies
        for there in _disks(tree, workload):
            if there < needed:
                found.append(f"{workload}: its volumes have {there} bytes, the messages need {needed:.0f}")
            # Kafka deletes by bytes while at least so many are left, a segment at a time.
            kept = int(env.get("KAFKA_LOG_RETENTION_BYTES", -1))
            most = topics * partitions * (kept + segment) * copies
            if kept < 0 or most > there:
                found.append(f"{workload}: KAFKA_LOG_RETENTION_BYTES is {kept}: {there} bytes can be full")
            if 0 <= kept < rate * seconds / partitions:
                found.append(f"{workload}: KAFKA_LOG_RETENTION_BYTES is {kept}: messages go before their time")
    return found


def _disks(tree: Tree, workload: Workload) -> list[int]:
    """Bytes of each volume of a workload, in all its pods together."""
    rooms = [one["emptyDir"]["sizeLimit"] for one in workload.spec.get("volumes", ()) if "emptyDir" in one]
    found = [size(room) * workload.replicas for room in rooms]
    for template in workload.claim_templates:
        pods = {f"{template['metadata']['name']}-{workload.pods}-{number}" for number in range(workload.replicas)}
        capacities = [
            volume["spec"]["capacity"]["storage"]
            for volume in tree.of_kind("PersistentVolume")
            if volume["spec"]["claimRef"]["name"] in pods
        ]
        found.append(sum(map(size, capacities)))
    return found


def databases_forget_in_time(tree: Tree) -> list[str]:
    """persister's time to live is a number: the text that its variable would be is none to MongoDB, which keeps all."""
    found = []
    for service, entry in tree.parameters["services"].items():
        if "stores" not in entry:
            continue
        hours = entry["stores"]["hours"]
        for workload in _of(tree, service):
            env, start = _env(workload), " ".join(workload.containers[0].get("command", ()))
            if service == "persister" and f"conf.db_expiration = 3600 * {hours}\n" not in start:
                found.append(f"{workload}: what it writes is not deleted after {hours} hours")
            if "HISTORY_DB_DATA_EXPIRATION" in env:
                found.append(f"{workload}: a time to live that is a text is none")
            if service == "influxdb-storer" and env.get("STORER_INFLUX_RETENTION_HRS") != str(hours):
                found.append(f"{workload}: its buckets do not forget after {hours} hours")
    for workload in workloads(tree):
        kept = _env(workload).get("INFLUX_RETENTION") if workload.containers else None
        if kept and kept != f"{tree.parameters['influxdb']['hours']}h":
            found.append(f"{workload}: the first bucket forgets after {kept}")
    return found


def mongodb_bounds_its_cache(tree: Tree) -> list[str]:
    """Its own choice follows the machine's memory, not the container's limit."""
    found = []
    for workload in _of(tree, "mongodb"):
        container = workload.containers[0]
        cache = re.search(r"--wiredTigerEngineConfigString=cache_size=([0-9]+)M", " ".join(container.get("args", ())))
        if cache is None or int(cache[1]) * 2**20 > size(container["resources"]["limits"]["memory"]) / 2:
            found.append(f"{workload}: its cache may outgrow its container")
    return found


def brokers_keep_their_sessions(tree: Tree) -> list[str]:
    """Sessions and offline messages outlive a pod where the inventory says that the volume persists."""
    found = []
    for workload in workloads(tree):
        if workload.kind == "VerneMQ":
            volumes = tree.parameters["services"][workload.service].get("volumes", {})
            default = tree.parameters["volumes"]["persistent"]
            if any(volume.get("persistent", default) for volume in volumes.values()) and not workload.claim_templates:
                found.append(f"{workload}: keeps its sessions in an emptyDir")
    return found


def nobody_logs_in_as_admin_admin(tree: Tree) -> list[str]:
    """Who logs in at auth takes name and password from a Secret; the default password is replaced."""
    found = []
    for workload in workloads(tree):
        env = {entry["name"]: entry for container in workload.containers for entry in container.get("env", ())}
        if "AUTH_ADDRESS" in env:
            for name in ("DOJOT_USERNAME", "DOJOT_PASSWORD"):
                if "secretKeyRef" not in env.get(name, {}).get("valueFrom", {}):
                    found.append(f"{workload}: {name} comes from no Secret, so the image's default is used")
    if _of(tree, "auth") and not any("admin-password.sh" in entry["data"] for entry in tree.of_kind("ConfigMap")):
        found.append("auth: nothing replaces the administrator's first password")
    return found


def databases_ask_for_a_password(tree: Tree) -> list[str]:
    """MongoDB asks whoever comes, and its clients answer."""
    found = []
    for workload in workloads(tree):
        env = {entry["name"]: entry for container in workload.containers for entry in container.get("env", ())}
        wanted: tuple[str, ...] = ()
        if workload.service == "mongodb":
            wanted = ("MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD")
        elif "MONGO_URI" in env:
            wanted = ("MONGO_USER", "MONGO_PASS")
        found += [
            f"{workload}: {name} comes from no Secret"
            for name in wanted
            if "secretKeyRef" not in env.get(name, {}).get("valueFrom", {})
        ]
    return found


def admin_ports_are_guarded(tree: Tree) -> list[str]:
    """Kong's admin API has no password: only a NetworkPolicy stands before it."""
    found = []
    gateway = tree.parameters.get("gateway", {}).get("service")
    for workload in _of(tree, gateway) if gateway else ():
        listen = _env(workload).get("KONG_ADMIN_LISTEN") or ""
        number = int(listen.rpartition(":")[2] or 8001)
        policies = [
            policy
            for policy in tree.of_kind("NetworkPolicy")
            if policy["spec"]["podSelector"].get("matchLabels", {}).items() <= workload.labels.items()
        ]
        if not listen.startswith("127.") and not policies:
            found.append(f"{workload}: admin port {number} is open to every pod")
        for policy in policies:
            for rule in policy["spec"].get("ingress", ()):
                if "from" not in rule and number in [port["port"] for port in rule.get("ports", [{"port": number}])]:
                    found.append(f"{name_of(policy)}: admits everybody to admin port {number}")
    return found


def names_are_those_that_images_look_up(tree: Tree) -> list[str]:
    """Services, ports, Secrets and variables are the reference deployment's, but for what differs with a reason."""
    found = []
    for service, facts in _facts().items():
        if service not in tree.parameters["services"]:
            continue
        reasons = set(facts.get("differs", {}))
        problems = dict(_differences(tree, service, facts))
        found += [f"{service}: {text}" for key, text in problems.items() if key not in reasons]
        found += [f"{service}: {key} is said to differ, and does not" for key in sorted(reasons - problems.keys())]
    return found


def _differences(tree: Tree, service: str, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, in words) of all in which a service is not as in the reference deployment."""
    entry = tree.parameters["services"][service]
    services = {one["metadata"]["name"]: one["spec"].get("ports", ()) for one in tree.of_kind("Service")}
    # A listener that the inventory switches off is missing on purpose.
    switched_off = {port["number"] for port in entry.get("ports", {}).values() if not port.get("enabled", True)}
    for name, ports in facts.get("kubernetes", {}).items():
        there = {port["port"] for port in services.get(name, ())}
        for port in sorted(set(ports) - there - switched_off):
            yield f"{name}:{port}", f"Service {name} has no port {port}"
    for secret, keys in facts.get("secrets", {}).items():
        for key in sorted(set(keys) - entry.get("secrets", {}).get(secret, {}).keys()):
            yield f"{secret}/{key}", f"Secret {secret} has no key {key}"
    for container, variables in facts.get("env", {}).items():
        env = _variables(tree, service, container)
        # The reference deployment has everything in its cluster.
        hosts = [other["external"] for other in said.elsewhere(tree.parameters).values()]
        for name, value in (variables or {}).items():
            if name not in env:
                yield name, f"container {container} has no variable {name}"
            elif value is not None and env[name] != value and not any(host in str(env[name]) for host in hosts):
                yield name, f"{name} is {env[name]}, {value} in the reference deployment"


def _variables(tree: Tree, service: str, container: str) -> dict[str, Any]:
    """Name -> text, or [Secret, key], of a container of the service."""
    found = {}
    for workload in workloads(tree):
        for one in workload.containers if workload.service == service else ():
            for entry in one.get("env", ()) if one["name"] == container else ():
                reference = entry.get("valueFrom", {}).get("secretKeyRef")
                found[entry["name"]] = [reference["name"], reference["key"]] if reference else entry.get("value")
    return found


@lru_cache
def _facts() -> dict[str, Any]:
    return yaml.load((_ROOM / "reference.yml").read_text("utf-8"), Loader=yaml.CSafeLoader)


CHECKS = (
    names_are_those_that_images_look_up,
    migrations_run_to_their_end,
    brokers_of_kafka_differ,
    topics_have_a_partition_for_each_bridge,
    zookeeper_is_an_ensemble,
    kafka_fits_its_disk,
    databases_forget_in_time,
    mongodb_bounds_its_cache,
    brokers_keep_their_sessions,
    nobody_logs_in_as_admin_admin,
    databases_ask_for_a_password,
    admin_ports_are_guarded,
)
