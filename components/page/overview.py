"""Title, summary, machines and services."""

from __future__ import annotations

from components.cluster.input.machines import Hardware
from components.cluster.quantity import cores
from components.cluster.types import CONTROL_PLANE, Cluster, Node, Service
from components.cluster.waves import job_wave

from .markdown import code, codes, link, section, table
from .pods import Share, request, shares
from .words import amount, count, plural


def title(cluster: Cluster) -> str:
    return f"# Cluster {cluster.name}"


def summary(cluster: Cluster) -> str:
    """The cluster in one sentence."""
    scale, platform = cluster.scale, cluster.platform
    runtime, system = platform.runtime, platform.operating_system
    return (
        f"dojot {cluster.release} for {plural(scale.devices, 'device')}: "
        f"{_messengers(cluster)}on Kubernetes {platform.kubernetes.version} ({runtime.name} {runtime.version}, "
        f"{platform.pod_network.name}, {system.name} {system.version}) "
        f"behind HAProxy {platform.haproxy.version}, "
        f"synced from Git by Argo CD {platform.argocd.version}."
    )


def _messengers(cluster: Cluster) -> str:
    """The brokers and the bridges beside them, or whoever else devices call; each with a comma behind it."""
    brokers = [
        plural(service.replicas, f"{service.title} broker") for service in cluster.services if service.kind == "VerneMQ"
    ]
    bridges = [
        f"{count(service.replicas)} × {service.title}" for service in cluster.services if service.per_node is not None
    ]
    agents = [
        service.title
        for service in cluster.services
        if service.kind != "VerneMQ" and any(port.exposure.devices for port in service.exposed)
    ]
    return "".join(f"{one}, " for one in brokers + bridges + agents)


def machines(cluster: Cluster) -> str:
    heads = ("Host", "Address", "Group", "Label", ">CPU", ">Memory", ">Disk", "Runs")
    rows = [_machine(cluster, node) for node in cluster.nodes]
    balancer = cluster.load_balancer
    rows.append(
        (
            code(balancer.hostname),
            code(balancer.address),
            "outside Kubernetes",
            "",
            *_hardware(balancer.hardware),
            "HAProxy",
        )
    )
    return section(
        "Machines",
        f"Pods are placed by the node label {code(cluster.group_label)}. In the namespace{'s' * (len(cluster.namespaces) > 1)} "
        f"{codes(cluster.namespaces)} every pod requires the label of its group.",
        table(heads, rows),
    )


def _machine(cluster: Cluster, node: Node) -> tuple[str, ...]:
    control_plane = node.group == CONTROL_PLANE
    label = "" if control_plane else code(cluster.groups[node.group].label)
    runs = ", ".join(["Kubernetes control plane"] * control_plane + _runs(cluster, node))
    return (code(node.name), code(node.address), node.group, label, *_hardware(node.hardware), runs)


def _hardware(hardware: Hardware | None) -> tuple[str, str, str]:
    if hardware is None:
        return "", "", ""
    return cores(hardware.cpu), amount(hardware.memory), amount(hardware.disk)


def _runs(cluster: Cluster, node: Node) -> list[str]:
    found = [_pods(share) for share in shares(cluster, node)]
    if cluster.platform.argocd.group == node.group:
        found.append("Argo CD")
    return found


def _pods(share: Share) -> str:
    number = count(share.pods) if share.exact else f"up to {count(share.pods)}"
    return share.service.title if number == "1" else f"{number} × {share.service.title}"


def services(cluster: Cluster) -> str:
    heads = ("Service", "Kind", ">Pods", "Group", ">Wave", ">CPU", ">Memory", "Calls (port)")
    rows = [
        (
            f"{link(service.title, f'manifests/{service.name}.yml')}<br>{code(service.name)}",
            _kind(cluster, service),
            _replicas(service),
            service.group,
            str(service.wave),
            cores(request(service, "cpu")),
            amount(request(service, "memory")),
            _uses(service),
        )
        for service in sorted(cluster.services, key=lambda service: (service.wave, service.name))
    ]
    return section(
        "Who runs where",
        "In the order of the sync: a lower wave is healthy before the next one starts. CPU and memory are the "
        "requests of all pods of the service together. *(later)*: not needed to start.",
        table(heads, rows),
        _jobs(cluster),
        _bundlers(cluster),
    )


def _kind(cluster: Cluster, service: Service) -> str:
    """Where pods are spread by anti-affinity, one set for each place beside a broker."""
    if service.per_node is not None and cluster.platform.kubernetes.pod_spread == "anti-affinity":
        return f"{count(service.per_node)} × {service.kind}"
    return service.kind


def _replicas(service: Service) -> str:
    pods = count(service.replicas)
    if service.per_node is not None:
        return f"{pods} ({count(service.per_node)} a node)"
    return f"{pods} (1 a node)" if service.spec.one_per_node else pods


def _uses(service: Service) -> str:
    called: dict[tuple[str, bool], list[str]] = {}
    for use in service.uses:
        called.setdefault((use.service, use.at_start), []).append(use.port)
    return ", ".join(
        code(name)
        + (f" ({', '.join(port for port in ports if port)})" if any(ports) else "")
        + ("" if at_start else " *(later)*")
        for (name, at_start), ports in called.items()
    )


def _jobs(cluster: Cluster) -> str:
    rows = [
        (
            code(job.name),
            f"{job.when} {code(service.name)}",
            str(job_wave(service.wave, job.when)),
            codes([job.container.image]),
        )
        for service in cluster.services
        for job in service.jobs
    ]
    return table(("Job", "Runs", ">Wave", "Image"), rows) if rows else ""


def _bundlers(cluster: Cluster) -> str:
    """The pod that is nobody's: VerneMQ's operator gives it no affinity and no requests."""
    return "\n".join(
        f"The operator makes one pod more for {service.title}, on any worker: it serves the brokers their plugins when they "
        f"start (image {code(service.spec.custom_resource.bundler_image)})."
        for service in cluster.services
        if service.spec.custom_resource
    )
