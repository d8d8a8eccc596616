"""Who reaches whom: policies, NodePorts, the load balancer's listeners, addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from components.cluster.types import Cluster, Expose, Frontend
from components.page.words import names

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict

_PODS = ("DaemonSet", "Deployment", "Namespace", "StatefulSet", "VerneMQ")


@verdict(Level.DANGER)
def policy_gone(change: Change) -> Iterator[Verdict]:
    """A NetworkPolicy goes, while its pods stay: whoever is in the cluster reaches them."""
    # The pods of a service go with it, those of a namespace with that.
    gone = {found.service for found in change.objects if found.how == "removed" and found.identity.kind in _PODS}
    for found in change.of_kind("NetworkPolicy", how="removed"):
        if found.service in gone:
            continue
        yield Verdict(
            "policy-gone",
            Level.DANGER,
            str(found.identity),
            "Argo CD deletes it. Pods that no other policy selects take connections from every pod of the cluster",
        )


@verdict(Level.ATTENTION)
def policy_wider(change: Change) -> Iterator[Verdict]:
    """A NetworkPolicy lets in, or out, whom it did not."""
    for found in change.of_kind("NetworkPolicy", how="changed"):
        assert found.before and found.after
        for way in ("ingress", "egress"):
            if more := _pairs(found.after, way) - _pairs(found.before, way):
                yield Verdict(
                    "policy-wider",
                    Level.ATTENTION,
                    str(found.identity),
                    f"It now also allows {way} {'from' if way == 'ingress' else 'to'} "
                    + ", ".join(sorted(_told(*pair) for pair in more)),
                )
        if found.before["spec"]["podSelector"] != found.after["spec"]["podSelector"]:
            yield Verdict(
                "policy-wider",
                Level.ATTENTION,
                str(found.identity),
                "It is about other pods now; those that it was about are open to whom no other policy keeps away",
            )


def _pairs(policy: Mapping[str, Any], way: str) -> set[tuple[str, str]]:
    """(Peer, port) of each connection that is allowed, as text; empty stands for any."""
    peers = "from" if way == "ingress" else "to"
    return {
        (json.dumps(peer, sort_keys=True) if peer else "", json.dumps(port, sort_keys=True) if port else "")
        for rule in policy["spec"].get(way) or ()
        for peer in rule.get(peers) or [{}]
        for port in rule.get("ports") or [{}]
    }


def _told(peer: str, port: str) -> str:
    number = json.loads(port).get("port", "any port") if port else "any port"
    if not peer:
        return f"anybody ({number})"
    said = json.loads(peer)
    if "ipBlock" in said:
        return f"{said['ipBlock']['cidr']} ({number})"
    labels = said.get("podSelector", {}).get("matchLabels", {})
    return f"{labels.get('name') or labels or 'all pods'} ({number})"


@verdict(Level.DANGER)
def firewall_off(change: Change) -> Iterator[Verdict]:
    """The nodes have no firewall any more."""
    if (models := change.models) and models.before.firewall.enabled and not models.after.firewall.enabled:
        yield Verdict(
            "firewall-off",
            Level.DANGER,
            "Firewall",
            "Once node has been run again, everybody who reaches a node reaches the API server, the NodePorts and "
            "whatever else listens there",
            "Leave it on, and admit people's networks with firewall.operators",
        )


@verdict(Level.DANGER)
def nodeport_changed(change: Change) -> Iterator[Verdict]:
    """A NodePort is another number: the load balancer, or whoever calls the nodes, has to follow."""
    if not (models := change.models):
        return
    before, after = _frontends(models.before), _frontends(models.after)
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        if old.node_port != new.node_port:
            who = "devices" if new.devices else "clients"
            yield Verdict(
                "nodeport-changed",
                Level.DANGER if new.devices else Level.ATTENTION,
                f"NodePort/{name}",
                f"From the sync of {new.service} on, nodes answer at {_number(new.node_port)} and no more at "
                f"{_number(old.node_port)}: until HAProxy follows, {who} get no new connection, and those that are "
                "open end",
                f"In the same minutes, on {_balancers(models.after)}: bootstrap.sh load-balancer",
            )
    direct, now = _called_on_nodes(models.before), _called_on_nodes(models.after)
    for name in sorted(direct.keys() & now.keys()):
        if direct[name].node_port != now[name].node_port:
            who = "devices" if now[name].devices else "clients"
            yield Verdict(
                "nodeport-changed",
                Level.DANGER if now[name].devices else Level.ATTENTION,
                f"NodePort/{name}",
                f"From the sync on, nodes answer at {_number(now[name].node_port)} and no more at "
                f"{_number(direct[name].node_port)}: {who} call the nodes themselves, and have to be told",
            )


@verdict(Level.DANGER)
def proxy_protocol_changed(change: Change) -> Iterator[Verdict]:
    """The load balancer is to tell the client's address, or to cease to: both ends have to change at once."""
    if not (models := change.models):
        return
    before, after = _frontends(models.before), _frontends(models.after)
    for name in sorted(before.keys() & after.keys()):
        if before[name].proxy_protocol != after[name].proxy_protocol:
            yield Verdict(
                "proxy-protocol-changed",
                Level.DANGER,
                f"Listener/{name}",
                f"{after[name].service} {'expects' if after[name].proxy_protocol else 'no longer takes'} the PROXY "
                "protocol from the sync on: until HAProxy follows, every connection through it is refused",
                f"In the same minutes, on {_balancers(models.after)}: bootstrap.sh load-balancer",
            )


def _number(port: int | None) -> str:
    return "a port that Kubernetes chooses" if port is None else str(port)


@verdict(Level.DANGER)
def listener_changed(change: Change) -> Iterator[Verdict]:
    """The address, name or port at which devices and people come is another one, or gone."""
    if not (models := change.models):
        return
    old, new = models.before.load_balancer, models.after.load_balancer
    before, after = _frontends(models.before), _frontends(models.after)
    for name in sorted(before):
        level = Level.DANGER if before[name].devices else Level.ATTENTION
        who = "devices" if before[name].devices else "clients"
        if name not in after:
            yield Verdict(
                "listener-changed",
                level,
                f"Listener/{name}",
                f"HAProxy does not listen at {before[name].listen} any more: {who} that use it are refused",
            )
        elif before[name].listen != after[name].listen:
            yield Verdict(
                "listener-changed",
                level,
                f"Listener/{name}",
                f"HAProxy listens at {_called(after[name])} instead of {_called(before[name])}: {who} have to be told",
            )
        elif before[name].tls != after[name].tls:
            now = "speaks TLS" if after[name].tls else "speaks no TLS any more"
            yield Verdict(
                "listener-changed",
                level,
                f"Listener/{name}",
                f"HAProxy {now} at {after[name].listen}: {who} that go on as before are refused",
            )
    if old.addresses != new.addresses:
        was, now = (" and ".join(each.addresses) for each in (old, new))
        yield Verdict(
            "listener-changed",
            Level.DANGER,
            "Listener/address",
            f"The load balancer is {now} instead of {was}: every device and name server has to be told",
            f"Run all steps of the load balancer on {now} first, then lead devices there",
        )
    if models.before.domain != models.after.domain:
        yield Verdict(
            "listener-changed",
            Level.DANGER,
            "Listener/domain",
            f"Devices and browsers come to {models.after.domain} instead of {models.before.domain}: names, "
            "certificates and devices have to follow",
        )


def _called(frontend: Frontend) -> str:
    return f"{frontend.listen} (with TLS)" if frontend.tls else str(frontend.listen)


def _balancers(cluster: Cluster) -> str:
    return names([host.name for host in cluster.load_balancer.hosts])


def _frontends(cluster: Cluster) -> dict[str, Frontend]:
    return {frontend.name: frontend for frontend in cluster.load_balancer.frontends}


def _called_on_nodes(cluster: Cluster) -> dict[str, Expose]:
    """Ports that no load balancer stands before, by service and name."""
    return {
        f"{service.name} {port.name}": port.exposure
        for service in cluster.services
        for port in service.exposed
        if port.exposure.listen is None
    }
