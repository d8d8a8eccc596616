"""Breaks of tests/compiled/checks/placement.py."""

from tests.compiled.breaking import breaks, gateway_of
from tests.compiled.checks import placement
from tests.compiled.tree import Absent, Object, Tree, first
from tests.compiled.workloads import workloads

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _pod(found: Object) -> dict:
    return found["spec"]["template"]["spec"]


def _brokers(tree: Tree) -> str:
    """The brokers' service."""
    return first((one.service for one in workloads(tree) if one.kind == "VerneMQ"), "no brokers")


def _beside_brokers(tree: Tree) -> list[Object]:
    """The sets of one service that is spread evenly."""
    for service, entry in tree.parameters["services"].items():
        if entry.get("spread_evenly"):
            return [found for name, found in tree.manifests if name == service and found["kind"] == "StatefulSet"]
    raise Absent("no service is spread evenly")


@breaks(placement.pods_stay_in_their_group, "no required node affinity")
def a_deployment_without_a_place(tree: Tree) -> str:
    found = tree.some("Deployment")
    del _pod(found)["affinity"]
    return found["metadata"]["name"]


@breaks(placement.pods_stay_in_their_group, "no required node affinity")
def a_place_that_is_only_preferred(tree: Tree) -> str:
    found = tree.some("StatefulSet")
    node = _pod(found)["affinity"]["nodeAffinity"]
    node["preferredDuringSchedulingIgnoredDuringExecution"] = node.pop(_REQUIRED)["nodeSelectorTerms"]
    return found["metadata"]["name"]


@breaks(placement.pods_stay_in_their_group, "no required node affinity")
def a_job_in_another_group(tree: Tree) -> str:
    found = tree.some("Job")
    _pod(found)["affinity"]["nodeAffinity"][_REQUIRED]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] = ["x"]
    return found["metadata"]["name"]


@breaks(placement.pods_stay_in_their_group, "no required node affinity")
def an_alternative_without_the_group(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    terms = found["spec"]["affinity"]["nodeAffinity"][_REQUIRED]["nodeSelectorTerms"]
    terms.append({"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]})
    return found["metadata"]["name"]


@breaks(placement.pods_stay_in_their_group, "tolerations gets around")
def a_pod_that_tolerates_everything(tree: Tree) -> str:
    found = tree.some("Deployment")
    _pod(found)["tolerations"] = [{"operator": "Exists"}]
    return found["metadata"]["name"]


@breaks(placement.pods_stay_in_their_group, "no required node affinity")
def a_service_that_the_inventory_moved(tree: Tree) -> str:
    service, found = first((pair for pair in tree.manifests if pair[1]["kind"] == "Deployment"), "no Deployment")
    groups = [name for name in tree.parameters["node_groups"] if name != tree.parameters["services"][service]["group"]]
    tree.parameters["services"][service]["group"] = groups[0]
    return found["metadata"]["name"]


@breaks(placement.brokers_stand_apart, "no required anti-affinity")
def brokers_without_distance(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    del found["spec"]["affinity"]["podAntiAffinity"]
    return found["metadata"]["name"]


@breaks(placement.brokers_stand_apart, "no required anti-affinity")
def brokers_that_keep_away_from_others(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["affinity"]["podAntiAffinity"][_REQUIRED][0]["labelSelector"]["matchLabels"] = {"app": "other"}
    return found["metadata"]["name"]


@breaks(placement.brokers_stand_apart, "no required anti-affinity")
def brokers_apart_by_zone(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    found["spec"]["affinity"]["podAntiAffinity"][_REQUIRED][0]["topologyKey"] = "topology.kubernetes.io/zone"
    return found["metadata"]["name"]


@breaks(placement.distances_are_between_equals, "keeps its distance from")
def bridges_spread_among_others(tree: Tree) -> str:
    found = _beside_brokers(tree)[0]
    pod = _pod(found)
    terms = pod.get("topologySpreadConstraints") or pod["affinity"]["podAntiAffinity"][placement._REQUIRED]
    terms[0]["labelSelector"]["matchLabels"]["name"] = "other"
    return found["metadata"]["name"]


@breaks(placement.replicas_follow_the_scale, "but the inventory asks for")
def too_few_brokers(tree: Tree) -> str:
    service = _brokers(tree)
    tree.some("VerneMQ")["spec"]["size"] -= 1
    return service


@breaks(placement.replicas_follow_the_scale, "but the inventory asks for")
def twice_the_devices(tree: Tree) -> str:
    tree.some("VerneMQ")
    tree.parameters["scale"]["devices"] *= 2
    return first(
        (name for name, entry in tree.parameters["services"].items() if entry["replicas"] == "bridges"), "no bridges"
    )


@breaks(placement.replicas_follow_the_scale, "but the inventory asks for")
def a_set_of_bridges_is_missing(tree: Tree) -> str:
    lost = _beside_brokers(tree)[-1]
    for path, found in tree.documents.items():
        if lost in found:
            found.remove(lost)
            return path.removeprefix("manifests/").removesuffix(".yml")
    raise Absent("unreachable: the set stands in a file")


@breaks(placement.every_order_gives_each_node_its_share, "instead of")
def bridges_without_distance(tree: Tree) -> str:
    for found in _beside_brokers(tree):
        _pod(found)["affinity"].pop("podAntiAffinity", None)
        _pod(found).pop("topologySpreadConstraints", None)
    return found["metadata"]["labels"]["name"]


@breaks(placement.every_order_gives_each_node_its_share, "finds no node")
def bridges_that_keep_away_from_all_bridges(tree: Tree) -> str:
    # The obvious wrong spread: one rule for the whole service leaves one pod a node.
    for found in _beside_brokers(tree):
        apart = {
            "labelSelector": {"matchLabels": {"name": found["metadata"]["labels"]["name"]}},
            "topologyKey": "kubernetes.io/hostname",
        }
        _pod(found)["affinity"]["podAntiAffinity"] = {_REQUIRED: [apart]}
    return found["metadata"]["labels"]["name"]


@breaks(placement.every_order_gives_each_node_its_share, "finds no node")
def requests_that_fit_no_node(tree: Tree) -> str:
    found = tree.some("Deployment")
    _pod(found)["containers"][0]["resources"]["requests"]["memory"] = "1Ti"
    return found["metadata"]["name"]


@breaks(placement.every_order_gives_each_node_its_share, "no two may share a node")
def gateways_that_may_be_lost_together(tree: Tree) -> str:
    name = gateway_of(tree)
    tree.parameters["availability"]["replicas"] = tree.parameters["services"][name]["replicas"] = 2
    found = tree.some("Deployment", lambda entry: entry["metadata"]["name"] == name)
    found["spec"]["replicas"] = 2
    _pod(found)["affinity"].pop("podAntiAffinity", None)
    return name


@breaks(placement.every_order_gives_each_node_its_share, "which is not of group")
def a_pod_that_may_stand_anywhere(tree: Tree) -> str:
    """Many small ones, so that some order takes one astray."""
    found = tree.some("StatefulSet", lambda entry: "volumeClaimTemplates" not in entry["spec"])
    del _pod(found)["affinity"]
    found["spec"]["replicas"] = 8
    return found["metadata"]["labels"]["name"]


@breaks(placement.every_order_gives_each_node_its_share, "finds no node")
def brokers_whose_volumes_are_on_one_node(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    if found["spec"]["size"] < 2 or "volumeClaimTemplate" not in found["spec"]["storage"]:
        raise Absent("no several brokers with volumes")
    stem = found["spec"]["storage"]["volumeClaimTemplate"]["metadata"]["name"]
    volumes = [
        one for one in tree.of_kind("PersistentVolume") if one["spec"]["claimRef"]["name"].startswith(f"{stem}-")
    ]
    for volume in volumes:
        volume["spec"]["nodeAffinity"] = volumes[0]["spec"]["nodeAffinity"]
    return f"vernemq-{found['metadata']['name']}"


@breaks(placement.a_node_that_joins_late_gets_its_share, "instead of")
def bridges_that_do_not_wait_for_a_node(tree: Tree) -> str:
    # Preferred distance: the present nodes take the absent one's share.
    for found in _beside_brokers(tree):
        _pod(found)["affinity"].pop("podAntiAffinity", None)
        for rule in _pod(found).get("topologySpreadConstraints", ()):
            rule.pop("minDomains", None)
    return found["metadata"]["labels"]["name"]


@breaks(placement.a_node_that_joins_late_gets_its_share, "of another group waits")
def a_service_that_waits_for_anothers_node(tree: Tree) -> str:
    # Its pod may stand on the brokers' nodes only.
    place = tree.some("VerneMQ")["spec"]["affinity"]["nodeAffinity"]
    found = tree.some("Deployment", lambda entry: "persistentVolumeClaim" not in str(_pod(entry).get("volumes")))
    _pod(found)["affinity"]["nodeAffinity"] = place
    _pod(found)["containers"][0]["resources"]["requests"]["cpu"] = "100"
    return found["metadata"]["name"]


@breaks(placement.every_node_can_be_drained, "may not be evicted")
def a_budget_that_allows_nothing(tree: Tree) -> str:
    found = tree.some("PodDisruptionBudget")
    found["spec"]["maxUnavailable"] = 0
    return found["metadata"]["name"]


@breaks(placement.every_node_can_be_drained, "wants 1 of 1 pods")
def half_of_one_pod(tree: Tree) -> str:
    # The reference deployment's budget: 50 % of one pod, rounded up, is one pod.
    budgets = tree.of_kind("PodDisruptionBudget")
    for found in tree.of_kind("StatefulSet"):
        labels = found["spec"]["template"]["metadata"]["labels"]
        if found["spec"]["replicas"] == 1:
            for other in budgets:
                if other["spec"]["selector"]["matchLabels"].items() <= labels.items():
                    tree.documents[f"manifests/{labels['name']}.yml"].remove(other)
            budget = first((one for one in budgets if one in tree.of_kind("PodDisruptionBudget")), "no other budget")
            budget["spec"] = {"minAvailable": "50%", "selector": found["spec"]["selector"]}
            return f"{found['metadata']['name']}-0"
    raise Absent("no set has one pod")


@breaks(placement.every_node_can_be_drained, "may not be evicted")
def one_bridge_at_a_time(tree: Tree) -> str:
    name = _beside_brokers(tree)[0]["metadata"]["labels"]["name"]
    budget = tree.some(
        "PodDisruptionBudget", lambda entry: entry["spec"]["selector"]["matchLabels"].get("name") == name
    )
    budget["spec"]["maxUnavailable"] = 1
    return budget["metadata"]["name"]


@breaks(placement.every_node_can_be_drained, "2 budgets select it")
def two_budgets_for_one_pod(tree: Tree) -> str:
    budget = tree.some("PodDisruptionBudget")
    tree.documents["manifests/namespace.yml"].append({**budget, "metadata": {**budget["metadata"], "name": "another"}})
    return "evicted"


@breaks(placement.jobs_find_room, "no room on any node")
def a_job_too_large_for_its_node(tree: Tree) -> str:
    found = tree.some("Job")
    _pod(found)["containers"][0]["resources"]["requests"]["cpu"] = "2000"
    return found["metadata"]["name"]


@breaks(placement.updates_find_room, "no room for the new pod")
def an_update_of_a_pod_that_fills_its_node(tree: Tree) -> str:
    found = tree.some("Deployment", lambda entry: entry["spec"]["strategy"]["type"] == "RollingUpdate")
    largest = max((node.hardware.memory for node in tree.cluster.nodes if node.hardware), default=0)
    if not largest:
        raise Absent(f"nobody says what the nodes of {tree.cluster.name} have")
    _pod(found)["containers"][0]["resources"]["requests"]["memory"] = str(largest // 2 + 1)
    return found["metadata"]["name"]


@breaks(placement.budgets_select_pods, "selects no pod")
def a_budget_for_nobody(tree: Tree) -> str:
    found = tree.some("PodDisruptionBudget")
    found["spec"]["selector"]["matchLabels"] = {"app": "nobody"}
    return found["metadata"]["name"]


@breaks(placement.budgets_select_pods, "without a disruption budget")
def brokers_without_a_budget(tree: Tree) -> str:
    service = _brokers(tree)
    documents = tree.documents[f"manifests/{service}.yml"]
    documents[:] = [found for found in documents if found["kind"] != "PodDisruptionBudget"]
    return service
