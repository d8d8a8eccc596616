"""What dojot runs on: one file for each of the platform classes."""

from __future__ import annotations

from ..entry import Entry, Maybe
from .argocd import ArgoCD
from .haproxy import HAProxy
from .kubernetes import Kubernetes
from .operating_system import OperatingSystem
from .pod_network import PodNetwork
from .proxy import Proxy
from .runtime import Runtime


class Platform(Entry):
    """Versions and abilities of what dojot runs on, as written in the platform classes."""

    kubernetes: Kubernetes
    """the Kubernetes release"""
    runtime: Runtime
    """the container runtime"""
    pod_network: PodNetwork
    """the pods' network and who enforces its policies"""
    operating_system: OperatingSystem
    """the machines' operating system"""
    haproxy: HAProxy
    """HAProxy on the load balancer's host"""
    argocd: ArgoCD
    """Argo CD"""
    proxy: Maybe[Proxy] = None
    """a proxy between the hosts and the Internet"""


__all__ = ["ArgoCD", "HAProxy", "Kubernetes", "OperatingSystem", "Platform", "PodNetwork", "Runtime"]
