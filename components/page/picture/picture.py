"""Cluster -> SVG, in the order of a message's way; what it says in words is beside, in told.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from components.cluster.types import CONTROL_PLANE, EVERY_NODE, BalancerHost, Cluster, Group, Node, Service
from components.render import template

from .. import way
from ..capacity import percent, tightest
from ..words import count, names, plural
from .canvas import GAP, HEAD, TITLE, WIDTH, Canvas, Chip
from .told import about, alternative, chips, node_port_of, sentences

_TEMPLATE = Path(__file__).parent / "cluster.svg.j2"
#: Width at which a page shows it that has the room.
_SHOWN = 440
#: More hosts of a frame than this share one box.
_DRAWN = 12
#: Bars; the page's table has all limits.
_BARS = 8

__all__ = ["alternative", "svg"]


def svg(cluster: Cluster) -> str:
    canvas = Canvas()
    canvas.line(cluster.name, style="title", size=TITLE, bold=True)
    canvas.paragraph(f"dojot {cluster.release}, Kubernetes {cluster.platform.kubernetes.version}")
    canvas.space(GAP)
    _entrance(canvas, cluster)
    for group in _in_the_messages_order(cluster):
        _group(canvas, cluster, group)
    _everywhere(canvas, cluster)
    _headroom(canvas, cluster)
    if cluster.disks:
        canvas.legend("keeps data on a volume")
    return template(
        _TEMPLATE,
        name=cluster.name,
        title=alternative(cluster),
        description=" ".join(sentences(cluster)),
        width=WIDTH,
        shown=_SHOWN,
        height=canvas.y,
        shapes=canvas.shapes,
        short=_short,
    )


def _entrance(canvas: Canvas, cluster: Cluster) -> None:
    """Devices, and the load balancer with its ports."""
    step, balancer, listeners = way.steps(cluster), cluster.load_balancer, way.listeners(cluster)
    with canvas.frame("devices"):
        canvas.line(
            plural(cluster.scale.devices, "device"),
            f"{count(cluster.scale.messages_per_second)} messages/s",
            "group",
            HEAD,
            True,
        )
    if listeners:
        doors = " or ".join(str(listener.listen) for listener in listeners)
        back = (step["answer"], "on the same connection") if "answer" in step else None
        canvas.arrows((step["connect"], f"port {doors} of {cluster.domain}"), back)
    else:
        canvas.space(GAP)
    with canvas.frame("frame"):
        canvas.line("Load balancer", f"HAProxy {cluster.platform.haproxy.version}", "group", HEAD, True)
        _hosts(canvas, balancer.hosts)
        for frontend in sorted(balancer.frontends, key=lambda frontend: (not frontend.devices, frontend.listen)):
            canvas.columns(
                [
                    (f":{frontend.listen}", "strong"),
                    ("devices" if frontend.devices else "clients", "faint"),
                    (f"→ {node_port_of(frontend)}", "text"),
                    (cluster.service(frontend.service).title, "text"),
                ],
                (0.17, 0.21, 0.21, 0.41),
            )
    if listeners:
        ports = " or ".join(dict.fromkeys(map(node_port_of, listeners)))
        canvas.arrows((step["balance"], f"NodePort {ports}"), (None, "") if "answer" in step else None)
    else:
        canvas.space(GAP)


def _in_the_messages_order(cluster: Cluster) -> list[Group]:
    """Groups of the brokers and of Kafka first, that of the control plane last."""
    on_the_way = [service.group for service in _on_the_way(cluster)]
    first = [group for group in dict.fromkeys(on_the_way) if group != CONTROL_PLANE]
    others = [name for name in cluster.groups if name not in (*first, CONTROL_PLANE)]
    return [cluster.groups[name] for name in (*first, *others, CONTROL_PLANE) if name in cluster.groups]


def _on_the_way(cluster: Cluster) -> list[Service]:
    """The brokers, then Kafka; none where devices do without brokers."""
    logs = [cluster.service(way.LOG)] if way.runs(cluster, way.LOG) else []
    return [cluster.brokers, *logs] if cluster.brokers else []


def _group(canvas: Canvas, cluster: Cluster, group: Group) -> None:
    stages = [service for service in _on_the_way(cluster) if service.group == group.name]
    with canvas.frame("frame"):
        canvas.line(f"Group {group.name}", plural(len(group.nodes), "node"), "group", HEAD, True)
        _hosts(canvas, group.nodes)
        found = chips(cluster, group)
        for number, stage in enumerate(stages):
            if number:
                _between(canvas, cluster)
            canvas.chips([chip for chip, beside in found if beside == stage.name])
        canvas.chips([chip for chip, beside in found if beside not in {stage.name for stage in stages}])
    following = [service for service in _on_the_way(cluster) if service.group != group.name]
    if cluster.brokers in stages and following:
        _between(canvas, cluster)
    else:
        canvas.space(GAP)


def _hosts(canvas: Canvas, hosts: Sequence[Node | BalancerHost]) -> None:
    if len(hosts) == 1:
        canvas.host(hosts[0].name, *about(hosts[0]))
    elif len(hosts) > _DRAWN:
        canvas.hosts([[names([host.name for host in hosts]), names([host.address for host in hosts])]])
    elif hosts:
        canvas.hosts([[host.name, *about(host)] for host in hosts])


def _between(canvas: Canvas, cluster: Cluster) -> None:
    """From the brokers to Kafka and back."""
    step = way.steps(cluster)
    there = (step["write"], f"{way.DATA_TOPIC}, {plural(cluster.scale.kafka.partitions, 'partition')}")
    canvas.arrows(
        there if "write" in step else None,
        (step["read"], way.ACTUATION_TOPIC) if "read" in step else None,
    )


def _everywhere(canvas: Canvas, cluster: Cluster) -> None:
    found: Iterable[Service] = (service for service in cluster.services if service.group == EVERY_NODE)
    if everywhere := [Chip(service.title) for service in found]:
        with canvas.frame("frame"):
            canvas.line("On every node", style="group", size=HEAD, bold=True)
            canvas.chips(everywhere)
        canvas.space(GAP)


def _headroom(canvas: Canvas, cluster: Cluster) -> None:
    found = tightest(cluster, _BARS)
    if not found:
        return
    with canvas.frame("frame"):
        canvas.line("Headroom", "the least first", "group", HEAD, True)
        canvas.space(4)
        for what, limit in found:
            left = percent(abs(limit.headroom))
            canvas.bar(what, f"{left} left" if limit.fits else f"{left} too much", 1 - limit.headroom, not limit.fits)
    canvas.space(GAP)


def _short(length: float) -> str:
    """1234.50 -> "1234.5"."""
    return f"{length:.1f}".removesuffix(".0")
