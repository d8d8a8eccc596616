"""Breaks of tests/compiled/checks/reference.py: the reference deployment's own mistakes, made again."""

from tests.compiled.breaking import breaks, gateway_of
from tests.compiled.checks import reference
from tests.compiled.tree import Absent, Tree, first
from tests.compiled.workloads import Workload, workloads


def _workload(tree: Tree, service: str) -> Workload:
    for workload in workloads(tree):
        if workload.service == service and workload.runs_on:
            return workload
    raise Absent(f"{tree.cluster.name} has no {service}")


def _env(workload: Workload, name: str, value: str) -> str:
    env = workload.containers[0]["env"]
    env[:] = [entry for entry in env if entry["name"] != name] + [{"name": name, "value": value}]
    return workload.name


@breaks(reference.migrations_run_to_their_end, "stands alone")
def an_operator_as_an_argument(tree: Tree) -> str:
    job = first((one for one in workloads(tree) if not one.runs_on), "no jobs")
    job.containers[0]["command"] = ["kong", "migrations", "up", "&&", "kong", "migrations", "finish"]
    return job.name


@breaks(reference.migrations_run_to_their_end, "without a shell")
def an_operator_without_a_shell(tree: Tree) -> str:
    job = first((one for one in workloads(tree) if not one.runs_on), "no jobs")
    job.containers[0]["command"] = ["kong migrations up && kong migrations finish"]
    return job.name


@breaks(reference.brokers_of_kafka_differ, "KAFKA_BROKER_ID is the same")
def one_id_for_every_broker(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_BROKER_ID", "1")


@breaks(reference.brokers_of_kafka_differ, "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR is 7")
def more_copies_than_brokers(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "7")


@breaks(reference.brokers_of_kafka_differ, "KAFKA_MIN_INSYNC_REPLICAS is 3")
def nothing_is_written_without_a_server(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_MIN_INSYNC_REPLICAS", "3")


@breaks(reference.topics_have_a_partition_for_each_bridge, "KAFKA_NUM_PARTITIONS is None")
def topics_of_one_partition(tree: Tree) -> str:
    first((name for name, entry in tree.parameters["services"].items() if entry.get("spread_evenly")), "no bridges")
    workload = _workload(tree, "kafka-server")
    env = workload.containers[0]["env"]
    env[:] = [entry for entry in env if entry["name"] != "KAFKA_NUM_PARTITIONS"]
    return workload.name


@breaks(reference.zookeeper_is_an_ensemble, "the pods are")
def servers_that_do_not_know_each_other(tree: Tree) -> str:
    workload = _workload(tree, "zookeeper")
    workload.found["spec"]["replicas"] += 2
    return workload.name


@breaks(reference.zookeeper_is_an_ensemble, "snapshots are never purged")
def snapshots_that_stay(tree: Tree) -> str:
    return _env(_workload(tree, "zookeeper"), "ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL", "0")


@breaks(reference.kafka_fits_its_disk, "the messages need")
def a_disk_of_two_gibibytes(tree: Tree) -> str:
    workload = _workload(tree, "kafka-server")
    claim = workload.claim_templates[0]["metadata"]["name"]
    found = tree.some("PersistentVolume", lambda one: one["spec"]["claimRef"]["name"].startswith(f"{claim}-"))
    found["spec"]["capacity"]["storage"] = "2Gi"
    return workload.name


@breaks(reference.kafka_fits_its_disk, "the messages need")
def ten_times_the_partitions(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_NUM_PARTITIONS", "90")


@breaks(reference.kafka_fits_its_disk, "can be full")
def a_log_that_grows_until_the_disk_is_full(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_LOG_RETENTION_BYTES", "-1")


@breaks(reference.kafka_fits_its_disk, "messages go before their time")
def a_log_that_forgets_too_early(tree: Tree) -> str:
    return _env(_workload(tree, "kafka-server"), "KAFKA_LOG_RETENTION_BYTES", "1000")


@breaks(reference.databases_forget_in_time, "is not deleted")
def a_history_that_is_never_deleted(tree: Tree) -> str:
    workload = _workload(tree, "persister")
    workload.containers[0]["command"] = ["sh", "./docker/falcon-docker-persister-entrypoint.sh", "start"]
    return workload.name


@breaks(reference.databases_forget_in_time, "that is a text is none")
def a_history_that_is_deleted_after_a_text(tree: Tree) -> str:
    return _env(_workload(tree, "persister"), "HISTORY_DB_DATA_EXPIRATION", "604800")


@breaks(reference.databases_forget_in_time, "do not forget")
def buckets_that_keep_everything(tree: Tree) -> str:
    return _env(_workload(tree, "influxdb-storer"), "STORER_INFLUX_RETENTION_HRS", "0")


@breaks(reference.databases_forget_in_time, "the first bucket")
def a_first_bucket_that_keeps_everything(tree: Tree) -> str:
    for workload in workloads(tree):
        if workload.name == "influxdb-job":
            return _env(workload, "INFLUX_RETENTION", "0h")
    raise Absent(f"{tree.cluster.name} has no InfluxDB")


@breaks(reference.mongodb_bounds_its_cache, "may outgrow")
def a_cache_of_the_machines_memory(tree: Tree) -> str:
    workload = _workload(tree, "mongodb")
    del workload.containers[0]["args"]
    return workload.name


@breaks(reference.brokers_keep_their_sessions, "keeps its sessions in an emptyDir")
def sessions_that_go_with_the_pod(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["storage"] = {"emptyDir": {}}
    return found["metadata"]["name"]


@breaks(reference.nobody_logs_in_as_admin_admin, "DOJOT_PASSWORD comes from no Secret")
def a_login_by_the_images_default(tree: Tree) -> str:
    for workload in workloads(tree):
        env = workload.containers[0].get("env", [])
        if any(entry["name"] == "AUTH_ADDRESS" for entry in env):
            env[:] = [entry for entry in env if entry["name"] != "DOJOT_PASSWORD"]
            return workload.name
    raise Absent("nobody logs in at auth")


@breaks(reference.nobody_logs_in_as_admin_admin, "nothing replaces")
def an_administrator_with_the_first_password(tree: Tree) -> str:
    found = tree.some("ConfigMap", lambda entry: "admin-password.sh" in entry["data"])
    del found["data"]["admin-password.sh"]
    return "auth"


@breaks(reference.databases_ask_for_a_password, "MONGO_INITDB_ROOT_PASSWORD comes from no Secret")
def a_database_that_asks_nobody(tree: Tree) -> str:
    workload = _workload(tree, "mongodb")
    del workload.containers[0]["env"]
    return workload.name


@breaks(reference.databases_ask_for_a_password, "MONGO_PASS comes from no Secret")
def a_client_without_a_password(tree: Tree) -> str:
    for workload in workloads(tree):
        env = workload.containers[0].get("env", [])
        if any(entry["name"] == "MONGO_URI" for entry in env):
            env[:] = [entry for entry in env if entry["name"] != "MONGO_PASS"]
            return workload.name
    raise Absent("nobody uses MongoDB")


@breaks(reference.admin_ports_are_guarded, "is open to every pod")
def a_gateway_without_a_policy(tree: Tree) -> str:
    gateway = gateway_of(tree)
    for documents in tree.documents.values():
        documents[:] = [found for found in documents if found["kind"] != "NetworkPolicy"]
    return gateway


@breaks(reference.admin_ports_are_guarded, "admits everybody")
def a_gateway_with_an_open_policy(tree: Tree) -> str:
    gateway = gateway_of(tree)
    found = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == gateway)
    for rule in found["spec"]["ingress"]:
        rule.pop("from", None)
    return gateway


@breaks(reference.names_are_those_that_images_look_up, "has no port")
def a_service_under_another_name(tree: Tree) -> str:
    service = next((one for one in tree.of_kind("Service") if one["metadata"]["name"] == "auth"), None)
    if service is None:
        raise Absent(f"{tree.cluster.name} has no Service auth")
    service["metadata"]["name"] = "authentication"
    return "auth"


@breaks(reference.names_are_those_that_images_look_up, "in the reference deployment")
def a_variable_with_another_value(tree: Tree) -> str:
    _env(_workload(tree, "auth"), "AUTH_CACHE_NAME", "nocache")
    return "auth"


@breaks(reference.names_are_those_that_images_look_up, "is said to differ, and does not")
def a_reason_without_a_difference(tree: Tree) -> str:
    _env(_workload(tree, "data-broker"), "DATABROKER_ZOOKEEPER_HOST", "zookeeper-client:2181")
    return "data-broker"
