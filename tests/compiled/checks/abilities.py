"""What the platform can do beyond the oldest release is used, and its demands are met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.compiled.bootstrap_values import scalar, table
from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, system_workloads, workloads

ENFORCE = "pod-security.kubernetes.io/enforce"
# Pod Security Standards, baseline: the capabilities that a container may add.
_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}
_HOST = ("hostNetwork", "hostPID", "hostIPC")


def pods_state_a_seccomp_profile(tree: Tree) -> list[str]:
    """The runtime's own profile for every compiled pod, the pod network's too, where the platform has the field."""
    wanted = {"type": "RuntimeDefault"} if tree.cluster.platform.kubernetes.seccomp else None
    return [
        f"{workload}: its seccompProfile is {found}, not {wanted}"
        # The operator writes the brokers'.
        for workload in [*workloads(tree), *system_workloads(tree)]
        if workload.kind != "VerneMQ"
        for found in [workload.spec.get("securityContext", {}).get("seccompProfile")]
        if found != wanted
    ]


def pods_meet_the_namespaces_standard(tree: Tree) -> list[str]:
    """Each namespace enforces what the platform class says, and no pod would be refused there.

    Where a service of the inventory sees its host, nothing less than privileged admits its pods.
    """
    level = tree.cluster.platform.kubernetes.pod_security
    found = []
    private = {
        entry.get("namespace", tree.parameters["cluster"]["namespace"])
        for entry in tree.parameters["services"].values()
        if level != "none" and any(entry.get(key) for key in ("host_network", "host_pid", "host_paths"))
    }
    for entry in tree.of_kind("Namespace"):
        stated = entry["metadata"]["labels"].get(ENFORCE, "none")
        wanted = "privileged" if entry["metadata"]["name"] in private else level
        if stated != wanted:
            found.append(f"{name_of(entry)}: enforces {stated}, the platform class says {wanted}")
        if level != "none" and f"{ENFORCE}-version" not in entry["metadata"]["labels"]:
            found.append(f"{name_of(entry)}: an upgrade would change what it enforces")
    if level in ("baseline", "restricted"):
        for workload in workloads(tree):
            if workload.namespace not in private:
                found += [f"{workload}: {problem} is above baseline" for problem in _above_baseline(workload)]
    return found


def _above_baseline(workload: Workload) -> Iterator[str]:
    yield from (word for word in _HOST if workload.spec.get(word))
    yield from (f"the hostPath of {one['name']}" for one in workload.spec.get("volumes", ()) if "hostPath" in one)
    for container in workload.containers:
        context: dict[str, Any] = container.get("securityContext", {})
        if context.get("privileged"):
            yield "privileged"
        yield from sorted(set(context.get("capabilities", {}).get("add", ())) - _CAPABILITIES)
        yield from (f"hostPort {port['hostPort']}" for port in container.get("ports", ()) if "hostPort" in port)


def brokers_may_open_a_file_for_each_session(tree: Tree) -> list[str]:
    """Where the packages' units say nothing of LimitNOFILE, the bootstrap does, and verify asks for what is needed.

    Docker's containerd.io has said infinity up to 1.x, and nothing since 2.0.
    """
    runtime, entry = tree.parameters["platform"]["runtime"], tree.parameters["load_balancer"]
    given, rows = scalar(tree.files, "RUNTIME_OPEN_FILES"), table(tree.files, "BROKERS")
    found = []
    if int(runtime["packages"]["containerd.io"].partition(".")[0]) >= 2 and not given:
        found.append(
            f"{runtime['service']}: neither its package nor the bootstrap says how many files a container may open"
        )
    brokers = [workload for workload in workloads(tree) if workload.kind == "VerneMQ"]
    if [row[:3] for row in rows] != [[one.namespace, one.pods, str(one.replicas)] for one in brokers]:
        found.append(f"BROKERS: {rows} are not {', '.join(map(str, brokers)) or 'nobody'}")
    for workload in brokers:
        devices = tree.parameters["scale"]["devices"] * (100 + entry["reconnect_overlap"]) / 100
        sessions = devices / max(1, workload.replicas - 1)
        asked = min((int(row[4]) for row in rows), default=0)
        # A broker's stores, ports and peers; the sessions alone would not leave it one file to work with.
        if asked < sessions + 1000:
            found.append(
                f"{workload}: verify is content with {asked} open files, "
                f"and {sessions:.0f} sessions come when one is lost"
            )
        if given and int(given) < asked:
            found.append(f"{workload}: needs {asked} open files, {runtime['service']} gives {given}")
    return found


CHECKS = (pods_state_a_seccomp_profile, pods_meet_the_namespaces_standard, brokers_may_open_a_file_for_each_session)
