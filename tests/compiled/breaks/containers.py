"""Breaks of tests/compiled/checks/containers.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import containers
from tests.compiled.tree import Tree, first


def _containers(tree: Tree):
    for entry in tree.of_kind("Deployment", "StatefulSet"):
        for container in entry["spec"]["template"]["spec"]["containers"]:
            yield entry, container


def _with(tree: Tree, key: str) -> tuple[str, dict]:
    entry, container = first((pair for pair in _containers(tree) if key in pair[1]), f"no container has {key}")
    return entry["metadata"]["name"], container


@breaks(containers.every_container_is_there, "has the containers")
def a_sidecar_nobody_asked_for(tree: Tree) -> str:
    pod = tree.some("Deployment")["spec"]["template"]["spec"]
    pod["containers"].append({**pod["containers"][0], "name": "more"})
    return "more"


@breaks(containers.every_container_is_there, "its jobs run")
def a_job_that_is_lost(tree: Tree) -> str:
    job = tree.some("Job")
    for documents in tree.documents.values():
        if job in documents:
            documents.remove(job)
    return job["metadata"]["name"]


@breaks(containers.programs_are_those_of_the_inventory, "image is")
def another_image(tree: Tree) -> str:
    _, container = _with(tree, "image")
    container["image"] = "dojot/other:v0.6.0"
    return "dojot/other"


@breaks(containers.programs_are_those_of_the_inventory, "limits are")
def a_lower_limit(tree: Tree) -> str:
    _, container = _with(tree, "resources")
    container["resources"]["limits"]["memory"] = "999Mi"
    return "999Mi"


@breaks(containers.variables_are_those_of_the_inventory, "has no variable")
def a_variable_that_is_lost(tree: Tree) -> str:
    _, container = _with(tree, "env")
    return container["env"].pop(0)["name"]


@breaks(containers.variables_are_those_of_the_inventory, "nobody asked for the variable")
def a_variable_nobody_asked_for(tree: Tree) -> str:
    _, container = _with(tree, "env")
    container["env"].append({"name": "MORE", "value": "1"})
    return "MORE"


@breaks(containers.variables_are_those_of_the_inventory, "not ('secret'")
def a_password_from_another_key(tree: Tree) -> str:
    variable = first(
        (
            one
            for _, container in _containers(tree)
            for one in container.get("env", ())
            if "secretKeyRef" in one.get("valueFrom", {})
        ),
        "no variable comes from a Secret",
    )
    variable["valueFrom"]["secretKeyRef"]["key"] = "other"
    return variable["name"]


@breaks(containers.ports_and_probes_are_those_of_the_inventory, "its ports are")
def another_port(tree: Tree) -> str:
    _, container = _with(tree, "ports")
    container["ports"][0]["containerPort"] = 7
    return f"container {container['name']}"


@breaks(containers.ports_and_probes_are_those_of_the_inventory, "livenessProbe is")
def a_probe_with_less_patience(tree: Tree) -> str:
    _, container = _with(tree, "livenessProbe")
    container["livenessProbe"]["timeoutSeconds"] = 77
    return "77"


@breaks(containers.security_contexts_are_those_of_the_inventory, "its securityContext is")
def another_user(tree: Tree) -> str:
    _, container = _with(tree, "securityContext")
    container["securityContext"]["runAsUser"] = 4711
    return "4711"


@breaks(containers.security_contexts_are_those_of_the_inventory, "fsGroup is")
def another_group_of_the_pod(tree: Tree) -> str:
    found = tree.some(
        "StatefulSet", lambda entry: "fsGroup" in entry["spec"]["template"]["spec"].get("securityContext", {})
    )
    found["spec"]["template"]["spec"]["securityContext"]["fsGroup"] = 4712
    return "4712"


@breaks(containers.mounts_are_those_of_the_inventory, "/elsewhere is")
def a_mount_in_another_place(tree: Tree) -> str:
    _, container = _with(tree, "volumeMounts")
    container["volumeMounts"][0]["mountPath"] = "/elsewhere"
    return f"container {container['name']}"


@breaks(containers.mounts_are_those_of_the_inventory, "readOnly")
def a_script_that_can_be_changed(tree: Tree) -> str:
    def of_files(pair) -> bool:
        maps = {
            volume["name"] for volume in pair[0]["spec"]["template"]["spec"].get("volumes", ()) if "configMap" in volume
        }
        return any(mount["name"] in maps for mount in pair[1].get("volumeMounts", ()))

    entry, container = first(filter(of_files, _containers(tree)), "no container has files")
    maps = {volume["name"] for volume in entry["spec"]["template"]["spec"]["volumes"] if "configMap" in volume}
    next(mount for mount in container["volumeMounts"] if mount["name"] in maps)["readOnly"] = False
    return f"container {container['name']}"


def _variable(tree: Tree, name: str) -> dict:
    return first(
        (one for _, container in _containers(tree) for one in container.get("env", ()) if one["name"] == name),
        f"no {name}",
    )


@breaks(containers.variables_are_those_of_the_inventory, "_user, not ")
def a_database_called_after_its_user(tree: Tree) -> str:
    _variable(tree, "DATABASE_1_NAME")["value"] += "_user"
    return "DATABASE_1_NAME"


@breaks(containers.variables_are_those_of_the_inventory, "'another'")
def a_password_of_another_service(tree: Tree) -> str:
    _variable(tree, "DATABASE_1_PASSWORD")["valueFrom"]["secretKeyRef"]["name"] = "another"
    return "DATABASE_1_PASSWORD"


@breaks(containers.variables_are_those_of_the_inventory, "is 99, not ")
def a_number_that_does_not_follow(tree: Tree) -> str:
    _variable(tree, "KAFKA_REPLICATION_FACTOR")["value"] = "99"
    return "KAFKA_REPLICATION_FACTOR"
