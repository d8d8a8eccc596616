"""The pods' network, and who enforces its policies."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..entry import Entry, Maybe
from ..scalar import Scalar
from ..shapes import IMAGE, Cpu, Image, Size, Subnet


class AgentRequests(Entry):
    """What each node keeps for the pod."""

    wanted: ClassVar = "cpu and memory that each node keeps for the pod"

    cpu: Cpu
    """cores"""
    memory: Size
    """memory"""


class AgentLimits(Entry):
    """At which it is ended."""

    wanted: ClassVar = "the memory at which the pod is ended"

    memory: Size
    """memory"""


class AgentResources(Entry):
    """Of a pod that runs on every node."""

    wanted: ClassVar = "requests and limits of a pod that runs on every node"

    requests: AgentRequests
    """what each node keeps for it"""
    limits: AgentLimits
    """at which it is ended"""


class NetworkPolicyAgent(Entry):
    """What enforces NetworkPolicies."""

    wanted: ClassVar = "what enforces NetworkPolicies, with name, image, endpoints and resources"

    name: Annotated[
        Literal["kube-router"],
        Scalar("an enforcer of NetworkPolicies that the bootstrap can install (kube-router)"),
    ]
    """kube-router"""
    image: Image
    """its image"""
    endpoints: Annotated[
        Literal["Endpoints", "EndpointSlice"],
        Scalar("the kind by which it watches the pods behind a Service, Endpoints or EndpointSlice"),
    ]
    """the kind by which it watches the pods behind a Service"""
    resources: AgentResources
    """requests and limits"""


class PodNetwork(Entry):
    """The pods' network."""

    name: Annotated[Literal["flannel"], Scalar("a pod network that the bootstrap can install (flannel)")]
    """flannel"""
    cidr: Subnet
    """network of the pods"""
    backend: Annotated[
        Literal["vxlan", "host-gw"],
        Scalar("how flannel carries packets, vxlan (any network) or host-gw (one layer-2 network)"),
    ]
    """how it carries packets"""
    image: Image
    """its image"""
    cni_plugin_image: Maybe[
        Annotated[
            str,
            IMAGE("the image that brings flannel's CNI plugin, where the host's CNI plugins do not hold it"),
        ]
    ] = None
    """image that brings its CNI plugin, where the host's do not hold it"""
    resources: AgentResources
    """requests and limits of its pods"""
    policy: NetworkPolicyAgent
    """what enforces NetworkPolicies"""
