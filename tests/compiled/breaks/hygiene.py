"""Bad manners of pods, whichever check reports them."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import containers, hygiene, network, objects, storage
from tests.compiled.tree import Absent, Object, Tree
from tests.compiled.workloads import workloads


def _deployment(tree: Tree) -> tuple[str, dict, dict]:
    """(name, pod, first container)."""
    found = tree.some("Deployment")
    pod = found["spec"]["template"]["spec"]
    return found["metadata"]["name"], pod, pod["containers"][0]


@breaks(containers.programs_are_those_of_the_inventory, "requests are None")
def a_container_without_resources(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    del container["resources"]
    return name


@breaks(containers.programs_are_those_of_the_inventory, "requests are")
def brokers_without_a_cpu_request(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    del found["spec"]["resources"]["requests"]["cpu"]
    return found["metadata"]["name"]


@breaks(containers.programs_are_those_of_the_inventory, "limits are")
def a_limit_below_its_request(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["resources"]["limits"]["memory"] = "1Mi"
    return name


@breaks(hygiene.containers_are_probed, "livenessProbe is missing")
def a_container_without_a_probe(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    del container["livenessProbe"]
    return name


@breaks(hygiene.containers_are_probed, "needs exactly one of")
def a_probe_that_asks_nothing(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["readinessProbe"] = {"periodSeconds": 10}
    return name


@breaks(hygiene.containers_are_probed, "successThreshold must be 1")
def a_liveness_that_succeeds_twice(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["livenessProbe"]["successThreshold"] = 2
    return name


@breaks(hygiene.containers_are_probed, "longer than its period")
def a_probe_slower_than_its_period(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["readinessProbe"]["timeoutSeconds"] = 600
    return name


@breaks(containers.security_contexts_are_those_of_the_inventory, "'drop': ['NET_RAW']")
def a_container_with_capabilities(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["securityContext"]["capabilities"] = {"drop": ["NET_RAW"]}
    return name


@breaks(containers.security_contexts_are_those_of_the_inventory, "its securityContext is")
def a_container_that_may_rise(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    del container["securityContext"]["allowPrivilegeEscalation"]
    return name


@breaks(containers.security_contexts_are_those_of_the_inventory, "'privileged': True")
def a_privileged_container(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["securityContext"]["privileged"] = True
    return name


@breaks(containers.security_contexts_are_those_of_the_inventory, "its securityContext is")
def root_that_says_it_is_not(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["securityContext"] |= {"runAsUser": 0, "runAsNonRoot": True}
    return name


@breaks(containers.mounts_are_those_of_the_inventory, "nobody mounts volume")
def a_directory_of_the_host(tree: Tree) -> str:
    name, pod, _ = _deployment(tree)
    pod.setdefault("volumes", []).append({"name": "root", "hostPath": {"path": "/"}})
    return name


@breaks(objects.workloads_have_the_fields_of_the_inventory, "hostPID is True")
def the_hosts_processes(tree: Tree) -> str:
    name, pod, _ = _deployment(tree)
    pod["hostPID"] = True
    return name


@breaks(containers.security_contexts_are_those_of_the_inventory, "its securityContext is")
def brokers_as_root(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    del found["spec"]["securityContext"]["runAsNonRoot"]
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "enableServiceLinks is None")
def service_links(tree: Tree) -> str:
    name, pod, _ = _deployment(tree)
    del pod["enableServiceLinks"]
    return name


def _need_rbac(tree: Tree) -> None:
    if not tree.cluster.rbac:
        raise Absent("without RBAC every token has every right")


@breaks(objects.workloads_have_the_fields_of_the_inventory, "automountServiceAccountToken is True")
def a_token_for_nothing(tree: Tree) -> str:
    _need_rbac(tree)
    name, pod, _ = _deployment(tree)
    pod["automountServiceAccountToken"] = True
    return name


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def a_token_for_the_brokers(tree: Tree) -> str:
    _need_rbac(tree)
    found = tree.some("VerneMQ")
    account = tree.some(
        "ServiceAccount", lambda entry: entry["metadata"]["name"] == found["spec"]["serviceAccountName"]
    )
    del account["automountServiceAccountToken"]
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "automountServiceAccountToken is False")
def an_operator_without_a_token(tree: Tree) -> str:
    bound = [entry["subjects"][0]["name"] for entry in tree.of_kind("RoleBinding")]
    found = tree.some("Deployment", lambda entry: entry["spec"]["template"]["spec"].get("serviceAccountName") in bound)
    found["spec"]["template"]["spec"]["automountServiceAccountToken"] = False
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "there is none")
def an_account_that_is_missing(tree: Tree) -> str:
    found = tree.some("ServiceAccount")
    found["metadata"]["name"] += "-renamed"
    return found["metadata"]["name"].removesuffix("-renamed")


@breaks(objects.rights_are_those_of_the_inventory, "'verbs': ['*']")
def every_verb(tree: Tree) -> str:
    found = tree.some("Role")
    found["rules"][0]["verbs"] = ["*"]
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def a_binding_to_nothing(tree: Tree) -> str:
    # The reference bound a Role to nobody, and nobody noticed.
    found = tree.some("RoleBinding")
    found["roleRef"]["name"] = "nothing"
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def a_binding_of_another_namespace(tree: Tree) -> str:
    found = tree.some("RoleBinding")
    found["subjects"][0]["namespace"] = "default"
    return found["metadata"]["name"]


@breaks(objects.rights_are_those_of_the_inventory, "differs from what the inventory grants")
def a_cluster_wide_binding_to_nothing(tree: Tree) -> str:
    found = tree.some("ClusterRoleBinding")
    found["roleRef"]["name"] = "nothing"
    return found["metadata"]["name"]


@breaks(containers.mounts_are_those_of_the_inventory, "not ('host'")
def a_directory_of_the_host_to_write_to(tree: Tree) -> str:
    found = tree.some("DaemonSet")
    for mount in found["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]:
        mount.pop("readOnly", None)
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "serviceName is None")
def a_set_without_a_service(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    del found["spec"]["serviceName"]
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "serviceName is")
def a_set_with_anothers_service(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    other = tree.some("Service", lambda entry: entry["metadata"]["labels"] != found["metadata"]["labels"])
    found["spec"]["serviceName"] = other["metadata"]["name"]
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def several_pods_without_names(tree: Tree) -> str:
    found = tree.some("StatefulSet", lambda entry: entry["spec"]["replicas"] > 1)
    service = tree.some("Service", lambda entry: entry["metadata"]["name"] == found["spec"]["serviceName"])
    del service["spec"]["clusterIP"]
    return service["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "selector is")
def a_selector_of_other_pods(tree: Tree) -> str:
    found = tree.some("Deployment")
    found["spec"]["selector"]["matchLabels"] = {"app": "other"}
    return found["metadata"]["name"]


@breaks(objects.workloads_have_the_fields_of_the_inventory, "selector is")
def a_selector_of_everybodys_pods(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    found["spec"]["selector"]["matchLabels"] = {"app": "dojot"}
    return found["metadata"]["name"]


def _with_files(tree: Tree) -> tuple[Object, dict, dict]:
    found = tree.some("Job", lambda entry: "configMap" in str(entry))
    pod = found["spec"]["template"]["spec"]
    return found, pod, next(volume for volume in pod["volumes"] if "configMap" in volume)


@breaks(containers.mounts_are_those_of_the_inventory, "is ('files', ()), not")
def files_that_are_missing(tree: Tree) -> str:
    found, _, volume = _with_files(tree)
    volume["configMap"]["name"] = "missing"
    return found["metadata"]["name"]


@breaks(containers.mounts_are_those_of_the_inventory, "is ('files', ()), not")
def files_that_nobody_reads(tree: Tree) -> str:
    found, _, volume = _with_files(tree)
    volume["configMap"]["name"] = "missing"
    return found["metadata"]["name"]


@breaks(containers.mounts_are_those_of_the_inventory, " is (")
def a_mount_without_a_volume(tree: Tree) -> str:
    found, pod, volume = _with_files(tree)
    pod["volumes"].remove(volume)
    return found["metadata"]["name"]


@breaks(containers.mounts_are_those_of_the_inventory, "/tmp is (")
def one_path_for_two_volumes(tree: Tree) -> str:
    found, pod, _ = _with_files(tree)
    mounts = pod["containers"][0]["volumeMounts"]
    mounts.append({**mounts[0], "name": mounts[-1]["name"]})
    return found["metadata"]["name"]


@breaks(containers.mounts_are_those_of_the_inventory, "nobody mounts volume idle")
def a_volume_that_nobody_mounts(tree: Tree) -> str:
    name, pod, _ = _deployment(tree)
    pod.setdefault("volumes", []).append({"name": "idle", "emptyDir": {}})
    return name


@breaks(storage.claims_are_those_of_the_inventory, "the inventory has no such volume")
def a_claim_that_is_missing(tree: Tree) -> str:
    found = tree.some("PersistentVolumeClaim")
    name = found["metadata"]["name"]
    found["metadata"]["name"] += "-renamed"
    return name


@breaks(hygiene.names_are_legal, "the name is not legal")
def a_name_with_an_underscore(tree: Tree) -> str:
    found = tree.some("Service")
    found["metadata"]["name"] = "kafka_ws"
    return "kafka_ws"


@breaks(hygiene.names_are_legal, "the name is longer than")
def a_set_with_a_long_name(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    found["metadata"]["name"] = "s" * 60
    return found["metadata"]["name"]


@breaks(hygiene.names_are_legal, "is not a legal port name")
def a_port_with_a_long_name(tree: Tree) -> str:
    found = tree.some("Deployment", lambda entry: entry["spec"]["template"]["spec"]["containers"][0].get("ports"))
    found["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"] = "identity-management"
    return found["metadata"]["name"]


@breaks(hygiene.names_are_legal, "is there twice")
def one_port_for_two(tree: Tree) -> str:
    found = tree.some("Deployment", lambda entry: entry["spec"]["template"]["spec"]["containers"][0].get("ports"))
    ports = found["spec"]["template"]["spec"]["containers"][0]["ports"]
    ports.append({**ports[0], "name": "again"})
    return found["metadata"]["name"]


@breaks(hygiene.names_are_legal, "variable PORT is there twice")
def one_variable_for_two(tree: Tree) -> str:
    name, _, container = _deployment(tree)
    container["env"] = [{"name": "PORT", "value": "1"}, {"name": "PORT", "value": "2"}]
    return name


@breaks(hygiene.names_are_legal, "is not legal")
def a_label_with_a_slash(tree: Tree) -> str:
    found = tree.some("Service")
    found["metadata"]["labels"]["name"] = "a/b"
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_service_with_one_port_twice(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("ports"))
    found["spec"]["ports"].append({**found["spec"]["ports"][0], "name": "again"})
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_service_with_one_name_twice(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("ports"))
    found["spec"]["ports"].append({**found["spec"]["ports"][0], "port": 9})
    return found["metadata"]["name"]


@breaks(hygiene.quoted_variables_come_first, "which does not stand above it")
def a_variable_above_the_one_it_quotes(tree: Tree) -> str:
    for workload in workloads(tree):
        env = workload.containers[0].get("env", [])
        if len(env) > 1 and "value" in env[0]:
            env[0]["value"] = f"before $({env[-1]['name']})"
            return workload.name
    raise Absent("no variables")
