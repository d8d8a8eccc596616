"""Breaks of tests/compiled/checks/monitoring.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import monitoring
from tests.compiled.tree import Absent, Tree, first


def _service(tree: Tree, wanted) -> dict:
    """A Service of whose pods Prometheus asks metrics."""
    asked = {job["job_name"] for job in monitoring.scrape_jobs(tree)}
    return first(
        (entry for name, entry in tree.manifests if name in asked and entry["kind"] == "Service" and wanted(entry)),
        "no such Service is asked",
    )


def _headless(entry: dict) -> bool:
    return entry["spec"].get("clusterIP") == "None"


@breaks(monitoring.targets_are_there, "there is no Service")
def a_service_of_another_name(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["metadata"]["name"] == "kube-state-metrics")
    found["metadata"]["name"] = "state-metrics"
    return "kube-state-metrics"


@breaks(monitoring.targets_are_there, "has no port")
def a_port_of_another_number(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["metadata"]["name"] == "kube-state-metrics")
    found["spec"]["ports"][0]["port"] += 1
    return "kube-state-metrics"


@breaks(monitoring.targets_are_there, "is no headless Service")
def brokers_behind_one_address(tree: Tree) -> str:
    found = _service(tree, _headless)
    del found["spec"]["clusterIP"]
    return found["metadata"]["name"]


@breaks(monitoring.prometheus_is_let_in, "no NetworkPolicy of")
def a_policy_that_forgets_prometheus(tree: Tree) -> str:
    # The brokers' own first: devices may come from anywhere, but not to this port.
    found = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == "vernemq")
    rules = [rule for rule in found["spec"]["ingress"] if "from" in rule]
    if not rules:
        raise Absent("the brokers admit everybody")
    for rule in rules:
        rule["from"] = [peer for peer in rule["from"] if peer["podSelector"]["matchLabels"].get("name") != "prometheus"]
    return "vernemq"


def _in_prometheus(tree: Tree, file: str, old: str, new: str) -> None:
    found = tree.some("ConfigMap", lambda entry: entry["metadata"]["name"] == "prometheus-files")
    assert old in found["data"][file]
    found["data"][file] = found["data"][file].replace(old, new)


@breaks(monitoring.rules_speak_of_what_there_is, "there is no namespace")
def alerts_about_another_namespace(tree: Tree) -> str:
    # The reference's looked into `monitoring`, and were true for ever.
    _in_prometheus(tree, "rules.yml", "dojot-monitoring", "monitoring")
    return "monitoring"


@breaks(monitoring.metrics_are_read_at_leisure, "metrics are read every 1s")
def brokers_that_are_asked_each_second(tree: Tree) -> str:
    _in_prometheus(tree, monitoring.CONFIG, "job_name: vernemq\n", "job_name: vernemq\n  scrape_interval: 1s\n")
    return "vernemq"


@breaks(monitoring.files_fit_their_object, "more than kubectl apply can remember")
def a_dashboard_of_a_quarter_megabyte(tree: Tree) -> str:
    found = tree.some("ConfigMap")
    found["data"]["large.json"] = " " * 256 * 1024
    return found["metadata"]["name"]
