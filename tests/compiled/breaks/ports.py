"""Ways that lead nowhere or too far, whichever check reports them."""

import base64

from tests.compiled.breaking import breaks, gateway_of
from tests.compiled.calls import calls
from tests.compiled.checks import containers, network, ports
from tests.compiled.checks.ports import CALLS
from tests.compiled.tree import Absent, Object, Tree, first
from tests.compiled.workloads import broker_config, selected


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_service_with_another_node_port(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort")
    port = found["spec"]["ports"][0]
    number, port["nodePort"] = port["nodePort"], 32000
    return str(number)


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_node_port_too_many(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort")
    found["spec"]["ports"].append({"name": "more", "port": 9, "targetPort": 9, "nodePort": 32000})
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_node_port_without_a_number(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort")
    del found["spec"]["ports"][0]["nodePort"]
    return found["metadata"]["name"]


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_node_port_to_other_pods(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort")
    other = tree.some(
        "Deployment", lambda entry: entry["metadata"]["labels"]["name"] != found["spec"]["selector"].get("name")
    )
    found["spec"]["selector"] = other["spec"]["selector"]["matchLabels"]
    return str(found["spec"]["ports"][0]["nodePort"])


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def a_node_port_to_another_container_port(tree: Tree) -> str:
    # mqtts must not end at the listener without TLS.
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort" and len(entry["spec"]["ports"]) > 1)
    first, second, *_ = found["spec"]["ports"]
    second["targetPort"] = first["targetPort"]
    return str(second["nodePort"])


@breaks(network.services_are_those_of_the_inventory, "its spec is")
def one_node_port_twice(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"]["type"] == "NodePort")
    port = found["spec"]["ports"][0]
    found["spec"]["ports"].append({**port, "name": "again"})
    return str(port["nodePort"])


@breaks(ports.services_reach_pods, "selects no pod")
def a_service_of_nobody(tree: Tree) -> str:
    found = tree.some("Service")
    found["spec"]["selector"] = {"app": "nobody"}
    return found["metadata"]["name"]


@breaks(ports.services_reach_pods, "selects pods of several services")
def a_service_of_everybody(tree: Tree) -> str:
    found = tree.some("Service")
    found["spec"]["selector"] = {"app": "dojot"}
    return found["metadata"]["name"]


@breaks(ports.services_reach_pods, "leads to 4711")
def a_service_to_a_closed_port(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("ports"))
    found["spec"]["ports"][0]["targetPort"] = 4711
    return found["metadata"]["name"]


@breaks(ports.services_reach_pods, "VerneMQ")
def a_listener_that_the_brokers_do_not_open(tree: Tree) -> str:
    # The reference's websocket port: the Service led to 8080, the listener was on 1888.
    found = tree.some("VerneMQ")
    found["spec"]["config"]["listeners"].pop()
    return found["metadata"]["name"]


@breaks(ports.services_reach_pods, "VerneMQ")
def brokers_without_tls(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    text = "\n".join(line for line in broker_config(found).splitlines() if "listener.ssl" not in line)
    entry = next(one for one in found["spec"]["env"] if one["name"] == "VERNEMQ_CONF")
    entry["value"] = base64.b64encode(text.encode()).decode()
    return "8883"


def _probed(found: Object) -> bool:
    return "tcpSocket" in found["spec"]["template"]["spec"]["containers"][0].get("livenessProbe", {})


@breaks(containers.ports_and_probes_are_those_of_the_inventory, "livenessProbe is")
def a_probe_of_a_closed_port(tree: Tree) -> str:
    found = tree.some("Deployment", _probed)
    found["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["tcpSocket"]["port"] = 4711
    return found["metadata"]["name"]


def _calling(tree: Tree, wanted) -> tuple[Object, dict]:
    for kind in ("Deployment", "StatefulSet"):
        for found in tree.of_kind(kind):
            for entry in found["spec"]["template"]["spec"]["containers"][0].get("env", ()):
                if wanted(entry.get("value") or ""):
                    return found, entry
    raise Absent("no container is told such an address")


@breaks(ports.environment_leads_to_services, "has no port 4711")
def a_call_to_a_closed_port(tree: Tree) -> str:
    found, entry = _calling(
        tree, lambda value: value.startswith("http://") and value.count(":") == 2 and "127.0" not in value
    )
    entry["value"] = f"{entry['value'].rpartition(':')[0]}:4711"
    return f"{found['metadata']['name']}: {entry['name']}"


@breaks(ports.environment_leads_to_services, "there is no Service ejbca")
def a_call_to_a_service_of_another_profile(tree: Tree) -> str:
    found, entry = _calling(tree, lambda value: value.startswith("http://") and value.count(":") == 2)
    entry["value"] = "http://ejbca:5583"
    return f"{found['metadata']['name']}: {entry['name']}"


@breaks(ports.environment_leads_to_services, "a NetworkPolicy keeps it from port")
def a_call_that_a_policy_stops(tree: Tree) -> str:
    gateway = gateway_of(tree)
    port = next(
        port["port"]
        for rule in tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == gateway)["spec"]["ingress"]
        if "from" in rule
        for port in rule["ports"]
    )
    found = first(
        (
            entry
            for service, entry in tree.manifests
            if entry["kind"] in ("Deployment", "StatefulSet")
            if service != gateway and gateway not in calls(tree.parameters["services"][service])
        ),
        "every service has business at the gateway",
    )
    env = found["spec"]["template"]["spec"]["containers"][0].setdefault("env", [])
    env.append({"name": "GATEWAY", "value": f"{gateway}:{port}"})
    return found["metadata"]["name"]


@breaks(ports.environment_leads_to_services, "there is no Service nowhere")
def a_host_without_a_service(tree: Tree) -> str:
    found = tree.some("Deployment")
    env = found["spec"]["template"]["spec"]["containers"][0].setdefault("env", [])
    env.append({"name": "MORE_DB_HOST", "value": "nowhere"})
    return found["metadata"]["name"]


def _calls(tree: Tree) -> tuple[Object, list[str]]:
    found = tree.some("ConfigMap", lambda entry: CALLS in entry["data"])
    return found, found["data"][CALLS].splitlines()


@breaks(ports.routes_lead_to_services, "there is no Service ejbca")
def a_route_to_a_missing_service(tree: Tree) -> str:
    found, _ = _calls(tree)
    found["data"][CALLS] += '/services/ejbca-paths {"url":"http://ejbca:5583"}\n'
    return "/services/ejbca-paths"


@breaks(ports.routes_lead_to_services, "has no port 4711")
def a_route_to_a_closed_port(tree: Tree) -> str:
    found, lines = _calls(tree)
    host = lines[0].split('"http://')[1].split(":")[0]
    found["data"][CALLS] += f'/services/more {{"url":"http://{host}:4711"}}\n'
    return host


@breaks(ports.routes_lead_to_services, "does not speak http, as its port does")
def a_route_that_speaks_tls_to_a_plain_port(tree: Tree) -> str:
    found, _ = _calls(tree)
    found["data"][CALLS] = found["data"][CALLS].replace('"url":"http://', '"url":"https://')
    return "route"


@breaks(ports.routes_lead_to_services, "comes before its service")
def routes_before_their_services(tree: Tree) -> str:
    found, lines = _calls(tree)
    found["data"][CALLS] = "\n".join(reversed(lines))
    return "/services/"


@breaks(ports.routes_lead_to_services, "is sent twice")
def one_plugin_id_for_two(tree: Tree) -> str:
    found, lines = _calls(tree)
    found["data"][CALLS] += lines[-1]
    return lines[-1].split(" ")[0]


@breaks(ports.routes_lead_to_services, "of the inventory is missing")
def a_route_that_nobody_sends(tree: Tree) -> str:
    service = first((entry for entry in tree.parameters["services"].values() if entry.get("routes")), "no routes")
    service["routes"]["forgotten"] = next(iter(service["routes"].values()))
    return "forgotten"


@breaks(ports.local_services_have_local_pods, "same-node routing is False")
def bridges_that_call_any_broker(tree: Tree) -> str:
    found = tree.some(
        "Service", lambda entry: "topologyKeys" in entry["spec"] or "internalTrafficPolicy" in entry["spec"]
    )
    found["spec"].pop("topologyKeys", None)
    found["spec"].pop("internalTrafficPolicy", None)
    return found["metadata"]["name"]


@breaks(ports.local_services_have_local_pods, "same-node routing is False")
def bridges_with_a_way_out(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: "topologyKeys" in entry["spec"])
    found["spec"]["topologyKeys"].append("*")
    return found["metadata"]["name"]


@breaks(ports.local_services_have_local_pods, "has no pod on every node")
def local_traffic_without_local_pods(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("externalTrafficPolicy") == "Cluster")
    found["spec"]["externalTrafficPolicy"] = "Local"
    (workload,) = selected(tree, found["spec"]["selector"])
    # The pod may be on the other node.
    group = tree.parameters["services"][workload.service]["group"]
    tree.parameters["cluster"]["nodes"]["another"] = {"address": "192.0.2.1", "group": group}
    return found["metadata"]["name"]


@breaks(ports.local_services_have_local_pods, "exclude each other")
def two_policies_that_exclude_each_other(tree: Tree) -> str:
    found = tree.some("Service", lambda entry: entry["spec"].get("externalTrafficPolicy") == "Local")
    found["spec"]["topologyKeys"] = ["kubernetes.io/hostname"]
    return found["metadata"]["name"]
