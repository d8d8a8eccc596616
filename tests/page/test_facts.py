"""Each table of the page says what the model says, and what the other faces say."""

from __future__ import annotations

import re

import pytest
import yaml

from components.cluster.capacity import limits
from components.cluster.types import CONTROL_PLANE, PROVIDED
from components.page.words import count, names, node_port, plural
from tests.conftest import ROOT


def _list(cell: str) -> list[str]:
    return [item for item in cell.split(", ") if item]


def _may_move(cluster, service) -> bool:
    """May the scheduler choose a node for each of the service's pods?"""
    bound = service.spec.one_per_node or service.per_node is not None or any(volume.disks for volume in service.volumes)
    return not bound and service.kind != "DaemonSet" and len(cluster.nodes_of(service)) > 1


def _brokers(cluster):
    return next((service for service in cluster.services if service.kind == "VerneMQ"), None)


def test_the_summary_has_the_counts_and_the_versions(cluster, page):
    line = next(line for line in page.text.splitlines() if line.startswith("dojot "))
    platform = cluster.platform
    for fact in (
        cluster.release,
        plural(cluster.scale.devices, "device"),
        platform.kubernetes.version,
        platform.runtime.version,
        platform.operating_system.version,
        f"HAProxy {platform.haproxy.version}",
        f"Argo CD {platform.argocd.version}",
    ):
        assert fact in line
    if _brokers(cluster):
        assert plural(cluster.scale.brokers, "VerneMQ broker") in line
        for name in ("v2k-bridge", "k2v-bridge"):
            assert f"{cluster.scale.bridges} × {cluster.service(name).title}" in line


def test_every_machine_has_its_row(cluster, page):
    rows = {row["Host"]: row for row in page.table("Machines")}
    assert list(rows) == [*(node.name for node in cluster.nodes), *(host.name for host in cluster.load_balancer.hosts)]
    for node in (*cluster.nodes, *cluster.load_balancer.hosts):
        row = rows[node.name]
        assert row["Address"] == node.address
        if node.hardware is None:
            assert (row["CPU"], row["Memory"], row["Disk"]) == ("", "", "")
            continue
        assert float(row["CPU"]) * 1000 == node.hardware.cpu
        assert row["Memory"] == f"{node.hardware.memory / 2**30:g} GiB"
        assert row["Disk"] == f"{node.hardware.disk / 2**30:g} GiB"
    for node in cluster.nodes:
        assert rows[node.name]["Group"] == node.group
        label = "" if node.group == CONTROL_PLANE else cluster.groups[node.group].label
        assert rows[node.name]["Label"] == label


def test_the_pods_on_the_machines_add_up(cluster, page):
    """Every pod of every service is on exactly one machine of the table."""
    found: dict[str, int] = {}
    free: dict[str, list[int]] = {}
    for row in page.table("Machines"):
        for item in _list(row["Runs"]):
            at_most, number, title = re.fullmatch(r"(up to )?(?:([\d,]+) × )?(.+)", item).groups()
            pods = int((number or "1").replace(",", ""))
            if at_most:
                free.setdefault(title, []).append(pods)
            else:
                found[title] = found.get(title, 0) + pods
    assert {
        title: found[title] for title in found if title not in ("HAProxy", "Argo CD", "Kubernetes control plane")
    } == {service.title: service.replicas for service in cluster.services if not _may_move(cluster, service)}
    # Where the scheduler chooses, each node of the group may get them all.
    assert free == {
        service.title: [service.replicas] * len(cluster.nodes_of(service))
        for service in cluster.services
        if _may_move(cluster, service)
    }


def test_every_service_has_its_row(cluster, page):
    rows = {row["Service"].split("<br>")[1]: row for row in page.table("Who runs where")}
    assert sorted(rows) == sorted(service.name for service in cluster.services)
    for service in cluster.services:
        row = rows[service.name]
        assert row["Service"].split("<br>")[0] == service.title
        assert int(row["Pods"].split(" ")[0].replace(",", "")) == service.replicas
        assert (row["Group"], row["Wave"]) == (service.group, str(service.wave))
        assert float(row["CPU"]) * 1000 == service.replicas * sum(each.resources.cpu for each in service.containers)
        called = {item.split(" ")[0] for item in re.sub(r" \([^)]*\)", "", row["Calls (port)"]).split(", ") if item}
        assert called == {use.service for use in service.uses}


def test_the_kinds_are_those_of_the_manifests(cluster, page, objects):
    for row in page.table("Who runs where"):
        number, kind = re.fullmatch(r"(?:(\d+) × )?(\w+)", row["Kind"]).groups()
        labels = dict(cluster.service(row["Service"].split("<br>")[1]).pod_labels)
        if kind == "VerneMQ":
            continue
        matching = [
            each
            for each in objects.of(kind).values()
            if labels.items() <= each["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert len(matching) == int(number or 1)
        pods = len(cluster.nodes) if kind == "DaemonSet" else sum(each["spec"]["replicas"] for each in matching)
        assert pods == int(row["Pods"].split(" ")[0])


def test_the_jobs_are_those_of_the_manifests(cluster, page, objects):
    rows = page.tables("Who runs where")[1]
    jobs = objects.of("Job")
    assert sorted(row["Job"] for row in rows) == sorted(jobs)
    for row in rows:
        job = jobs[row["Job"]]
        assert job["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == row["Wave"]
        assert job["spec"]["template"]["spec"]["containers"][0]["image"] == row["Image"]


def test_the_waves_are_in_order(page):
    waves = [int(row["Wave"]) for row in page.table("Who runs where")]
    assert waves == sorted(waves)


def test_ports_from_outside_lead_to_the_container(cluster, page, objects):
    """Listener -> frontend -> NodePort Service -> container, each in its own face's words."""
    rows = page.table("From outside to the container")
    exposed = [(service, port) for service in cluster.services for port in service.exposed]
    assert len(rows) == len(exposed)
    services = objects.of("Service")
    frontends = {frontend.listen: frontend for frontend in cluster.load_balancer.frontends}
    for row in rows:
        shown, _, protocol = row["NodePort"].partition(" ")
        number = int(shown) if row["NodePort"] != node_port(None) else None
        if row["Client connects to"] != "the node itself":
            host, listen = row["Client connects to"].split(":")
            frontend = frontends.pop(int(listen))
            hosts = [one.name for one in cluster.load_balancer.hosts]
            assert host == (hosts[0] if len(hosts) == 1 else "load balancer")
            assert frontend.node_port == number
            assert row["on"] == names([server.name for server in frontend.servers])
            assert row["Connections at most"] == f"{frontend.maxconn:,}"
            assert row["For"] == ("devices" if frontend.devices else "clients")
        name, inside = row["Service"].split(":")
        port = next(each for each in services[name]["spec"]["ports"] if each["port"] == int(inside))
        assert (port.get("nodePort"), port["protocol"]) == (number, protocol if number and protocol else "TCP")
        assert str(port["targetPort"]) == row["Container port"].split(" ")[-1]
    assert not frontends


def test_ports_inside_are_the_services_and_policies_of_the_manifests(cluster, page, objects):
    rows = page.table("Inside the cluster")
    offered = {
        (name, port["port"], port["targetPort"])
        for name, each in objects.of("Service").items()
        if each["spec"]["type"] == "ClusterIP"
        for port in each["spec"].get("ports", ())
    }
    listed = set()
    for row in rows:
        number = int(row["Container port"].split(" ")[0])
        if row["Service"]:
            name, port = row["Service"].split(" ")[0].split(":")
            listed.add((name, int(port), number))
            assert ("headless" in row["Service"]) == (objects.of("Service")[name]["spec"].get("clusterIP") == "None")
    assert listed == offered
    titles = {service.title: service for service in cluster.services}
    policies = objects.of("NetworkPolicy")
    for row in rows:
        number, service = int(row["Container port"].split(" ")[0]), titles[row["Leads to"]]
        if service.spec.host_network:
            assert service.name not in policies and row["Admits"] == "everybody"
            continue
        rules = policies[service.name]["spec"]["ingress"] if service.name in policies else []
        here = [rule for rule in rules if any(port["port"] == number for port in rule.get("ports", ()))]
        assert (row["Admits"] == "everybody") == any("from" not in rule for rule in here)
        if row["Admits"] != "everybody":
            admitted = [peer["podSelector"]["matchLabels"] for rule in here for peer in rule["from"]]
            assert len(admitted) == len(_list(row["Admits"]))
    assert {(row["Leads to"], int(row["Container port"].split(" ")[0])) for row in rows} == {
        (service.title, port.number) for service in cluster.services for port in service.container.ports
    }


def test_the_volumes_are_those_of_the_manifests(cluster, page, objects):
    rows = page.table("Volumes") if cluster.disks else []
    assert len(rows) == len(cluster.disks)
    volumes = objects.of("PersistentVolume")
    assert sorted(row["PersistentVolume"] for row in rows) == sorted(volumes)
    sizes = {disk.persistent_volume: (disk.size, disk.owner) for _, _, disk in cluster.disks}
    for row in rows:
        spec = volumes[row["PersistentVolume"]]["spec"]
        assert spec["local"]["path"] == row["Directory"]
        assert spec["claimRef"]["name"] == row["Claim"]
        terms = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"]
        assert [row["Node"]] in [term["values"] for term in terms]
        size, owner = sizes[row["PersistentVolume"]]
        number, unit = row["Size"].split(" ")
        assert float(number) * {"MiB": 2**20, "GiB": 2**30}[unit] == pytest.approx(size, rel=0.01)
        assert row["Owner (uid)"] == str(owner)


def test_secrets_are_named_and_never_shown(cluster, page, objects):
    rows = {row["Secret"]: row for row in page.table("Secrets")}
    declared = {
        name: keys
        for service in cluster.services
        for name, keys in service.secrets.items()
        if PROVIDED not in keys.values()
    }
    assert sorted(rows) == sorted(declared)
    for name, keys in declared.items():
        assert _list(rows[name]["Random keys"]) == [key for key, value in keys.items() if value.startswith("random")]
        assert _list(rows[name]["Other keys"]) == [key for key, value in keys.items() if not value.startswith("random")]
    used = set(re.findall(r"'secretKeyRef': {'name': '([^']+)'", str(objects.all)))
    provided = (
        {row["Secret"]: row for row in page.table("Secrets that you provide")} if "you provide" in page.text else {}
    )
    assert used <= {*rows, *provided}
    assert all((rows | provided)[name]["Read by"] for name in used)


def test_every_limit_is_on_the_page(cluster, page):
    rows = page.table("Capacity")
    found = {(row["Needed"], row["Available"], row["Kind"]) for row in rows}
    assert len(rows) <= len(limits(cluster))
    for limit in limits(cluster):
        if limit.unit == "count":
            assert (f"{limit.needed:,}", f"{limit.available:,}", "rule" if limit.binding else "advice") in found
    for node in cluster.workers:
        assert node.hardware is None or any(re.search(rf"\b{node.name}\b|…", row["Limit"]) for row in rows)


def test_identical_nodes_share_a_row(cluster, page):
    whole = [row["Limit"] for row in page.table("Capacity")]
    assert len(whole) == len(set(whole))
    brokers = _brokers(cluster)
    nodes = [node.name for node in cluster.groups[brokers.group].nodes if node.hardware] if brokers else []
    assert len(nodes) < 2 or f"CPU requests on each of {names(nodes)}" in whole


def test_what_is_exceeded_is_marked_and_explained(cluster, page):
    marked = [row["Limit"] for row in page.table("Capacity") if "exceeded" in row["Headroom"]]
    expected = [limit for limit in limits(cluster) if not limit.fits]
    assert [what.lower() for what in marked] == [limit.what.lower() for limit in expected]
    capacity = page.section("Capacity")
    for limit in expected:
        assert f"{limit.way_out}: `{'.'.join(limit.path)}`." in capacity


def test_rates_and_times_follow_from_the_scale(cluster, page):
    scale = cluster.scale
    rates = {row["What"]: row["Value"] for row in page.table("Load")}
    assert rates["Messages from devices"] == f"{count(scale.devices / scale.message_interval)}/s"
    reconnects = rates.get("Reconnects in normal operation")
    assert reconnects == (f"{count(scale.devices / (scale.session_lifetime / 1000))}/s" if _brokers(cluster) else None)
    times = [int(row["Time"].split(" ")[0].replace(",", "")) for row in page.table("Times, from the shortest")]
    assert times == sorted(times)
    said = {cluster.load_balancer.session_timeout}
    if _brokers(cluster):
        said |= {scale.keepalive, scale.session_lifetime // 1000}
    assert said <= set(times)


def test_the_message_log_adds_up(cluster, page):
    """(segments + arriving) x topics is what the model sized the volume for."""
    rows = page.table("Kafka's message log")
    kafka, scale = cluster.scale.kafka, cluster.scale
    arriving = scale.devices * scale.message_bytes * kafka.retention / scale.message_interval
    assert kafka.bytes_needed == pytest.approx(kafka.topics * (kafka.partitions * kafka.segment_bytes + arriving))
    number, unit = rows[2]["Bytes"].split(" ")
    factor = {"MiB": 2**20, "GiB": 2**30}[unit]
    assert float(number.replace(",", "")) == pytest.approx(kafka.bytes_needed / factor, abs=0.05)


def test_a_drain_leaves_exactly_the_pods_of_its_node_pending(cluster, page, objects):
    rows = page.table("Draining a node")
    drains = [
        (group, nodes)
        for name, group in cluster.groups.items()
        if name != CONTROL_PLANE
        for nodes in _with_the_same_volumes(cluster, group)
    ]
    assert [row["Drained"].removeprefix("one of ") for row in rows] == [names(nodes) for _, nodes in drains]
    budgets = objects.of("PodDisruptionBudget")
    waiting: dict[str, int] = {}
    for row, (group, nodes) in zip(rows, drains, strict=False):
        assert row["Drained"].startswith("one of ") == (len(nodes) > 1)
        for item in _list(row["Pending until it is back"]):
            number, name = re.fullmatch(r"(?:([\d,]+) × )?(.+)", item).groups()
            waiting[name] = waiting.get(name, 0) + int(number or 1) * len(nodes)
        moving = {item.rpartition(" × ")[2] for item in _list(row["Moves to another node"])} - {"Argo CD"}
        assert moving == {
            service.name for service in cluster.services if service.group == group.name and _may_move(cluster, service)
        }
        for item in _list(row["Budget"]):
            name, number = item.split(" ")
            assert budgets[f"{name}-pdb"]["spec"]["maxUnavailable"] == int(number)
    waiting.pop("Argo CD", None)
    assert waiting == {
        service.name: service.replicas
        for service in cluster.services
        # A drain leaves the pods of DaemonSets where they are.
        if not _may_move(cluster, service) and service.kind != "DaemonSet"
    }
    assert {f"{item.split(' ')[0]}-pdb" for row in rows for item in _list(row["Budget"])} == budgets.keys()


def _with_the_same_volumes(cluster, group) -> list[list[str]]:
    """Names of the group's nodes, together those whose drain stops the same pods."""
    alike: dict[frozenset, list[str]] = {}
    for node in group.nodes:
        held = frozenset(service.name for service, _, disk in cluster.disks if disk.node.name == node.name)
        alike.setdefault(held, []).append(node.name)
    return list(alike.values())


def test_no_drain_of_a_committed_cluster_is_blocked(page):
    assert "never ends" not in page.text


def test_the_plain_listener_is_warned_of_where_it_exists(cluster, page):
    plain = any(port.listener for service in cluster.services for port in service.exposed)
    assert ("neither TLS nor authentication" in page.section("Ports")) == plain


def test_every_route_of_the_gateway_has_its_row(cluster, page):
    rows = {row["Route"]: row for row in page.table("API gateway")}
    routes = [route for service in cluster.services for route in service.routes]
    assert sorted(rows) == sorted(route.name for route in routes)
    for route in routes:
        row = rows[route.name]
        assert row["Paths"].split("<br>") == list(route.paths)
        assert row["Leads to"] == route.url
        assert row["Strip"] == ("yes" if route.strip_path else "no")
        assert [item.split(" ")[0] for item in row["Plugins"].split("<br>") if item] == [
            plugin.name for plugin in route.plugins
        ]


def test_who_has_to_be_started_again_is_told(cluster, page):
    wanted = {}
    for service in cluster.services:
        file = ROOT / "inventory" / "contracts" / f"{service.container.image.rpartition(':')[0]}.yml"
        known = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
        if "works_for" in known:
            wanted[service.title] = known["works_for"]["days"], f"{service.kind.lower()}/{service.name}"
    rows = {row["Service"]: row for row in page.table("Before its time is over")}
    assert rows.keys() == wanted.keys()
    for title, (days, workload) in wanted.items():
        assert rows[title]["Days"] == str(days)
        assert f"rollout restart {workload}" in rows[title]["Start it again"]


def test_whose_data_go_with_their_pod_is_told(cluster, page):
    wanted = [
        service.name
        for service in cluster.services
        if service.volumes and not any(volume.disks for volume in service.volumes)
    ]
    told = [line for line in page.text.splitlines() if "outlives a pod" in line]
    assert bool(wanted) == bool(told)
    assert all(f"`{name}`" in told[0] for name in wanted)
