"""What the page of all clusters says of one: compiled/<cluster>/summary.json, so that each may be compiled alone."""

from __future__ import annotations

import json
from typing import Any

from components.cluster.capacity import Limit, limits
from components.cluster.types import Cluster

from .capacity import percent, sentence
from .marks import FORMAT


def text(cluster: Cluster) -> str:
    return json.dumps(_facts(cluster), indent=2, ensure_ascii=False) + "\n"


def _facts(cluster: Cluster) -> dict[str, Any]:
    found = sorted(limits(cluster), key=lambda limit: limit.headroom)
    fits = [limit for limit in found if limit.fits]
    exceeded = [limit for limit in found if not limit.fits]
    return {
        "format": FORMAT,
        "cluster": cluster.name,
        "dojot": cluster.release,
        "devices": cluster.scale.devices,
        "machines": len(cluster.nodes) + 1,
        "brokers": cluster.scale.brokers if cluster.brokers else 0,
        "services": len(cluster.services),
        "headroom": _said(fits[0]) if fits else None,
        "advice": _said(exceeded[0]) if exceeded else None,
        "platform": _platform(cluster),
    }


def _said(limit: Limit) -> dict[str, str]:
    return {"what": sentence(limit), "percent": percent(abs(limit.headroom))}


def _platform(cluster: Cluster) -> dict[str, dict[str, str | None]]:
    """Part of the platform -> its name, its version, and the month until which it is supported."""
    platform = cluster.platform
    system = platform.operating_system
    found = {
        "kubernetes": ("Kubernetes", platform.kubernetes.version, platform.kubernetes.supported_until),
        "runtime": (platform.runtime.name, platform.runtime.version, platform.runtime.supported_until),
        "operating_system": (system.name.capitalize(), system.version, system.supported_until),
        "haproxy": ("HAProxy", platform.haproxy.version, platform.haproxy.supported_until),
    }
    if not platform.argocd.existing:
        found["argocd"] = ("Argo CD", platform.argocd.version, platform.argocd.supported_until)
    return {
        part: {"name": name, "version": version, "supported_until": until}
        for part, (name, version, until) in found.items()
    }
