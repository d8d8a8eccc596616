"""Cluster -> all that its hosts fetch from elsewhere, each with its version and the hosts that do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.cluster.types import CONTROL_PLANE, Cluster, Service
from components.kubeadm.values import kubernetes_packages

IMAGE, PACKAGE, FILE, SYSTEM = "image", "package", "file", "system"
#: What steps install of the system's own packages, beside those of the inventory.
_FOR_REPOSITORIES = ("ca-certificates", "curl", "gnupg")
_OF_THE_BALANCER = ("iproute2", "openssl", "socat")
_OF_THE_FOLLOWER = ("git", "openssh-client")
#: What kubeadm runs: on the control plane alone, and on every node.
_OF_THE_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_OF_EVERY_NODE = ("kube-proxy",)
#: From this minor release on, CoreDNS has a folder of its own in the registry (kubeadm, images.go).
_COREDNS_APART = 21


@dataclass(frozen=True, order=True)
class Item:
    """`version` is empty where the inventory leaves it to somebody else: Ubuntu's archive, or kubeadm.

    `source` is where it is fetched: of an image nothing (its name says it), of a package the repository, empty for the
    system's own. `sha256` is empty where the repository's signature, or a digest in an image's version, stands for it.
    """

    kind: str
    name: str
    version: str
    source: str
    sha256: str
    hosts: tuple[str, ...]


def items(cluster: Cluster) -> list[Item]:
    """By kind, name and version; what several hosts fetch is one, with all of them."""
    found: dict[tuple[str, str, str, str, str], set[str]] = {}
    for item in (*_system(cluster), *_packages(cluster), *_files(cluster), *_images(cluster)):
        key = (item.kind, item.name, item.version, item.source, item.sha256)
        found.setdefault(key, set()).update(item.hosts)
    return sorted(Item(*key, tuple(sorted(hosts))) for key, hosts in found.items())


def _nodes(cluster: Cluster) -> tuple[str, ...]:
    return tuple(node.name for node in cluster.nodes)


def _balancers(cluster: Cluster) -> tuple[str, ...]:
    return tuple(host.name for host in cluster.load_balancer.hosts)


def _of_the_control_plane(cluster: Cluster) -> tuple[str, ...]:
    return tuple(node.name for node in cluster.nodes if node.group == CONTROL_PLANE)


def _system(cluster: Cluster) -> Iterator[Item]:
    system, balancer = cluster.platform.operating_system, cluster.load_balancer
    nodes, balancers = _nodes(cluster), _balancers(cluster)
    yield Item(SYSTEM, system.name, system.version, "", "", (*nodes, *balancers))
    own = [(name, nodes) for name in system.packages]
    own += [(name, (*nodes, *balancers)) for name in _FOR_REPOSITORIES]
    own += [(name, balancers) for name in _OF_THE_BALANCER]
    if balancer.follow.enabled:
        own += [(name, balancers) for name in _OF_THE_FOLLOWER]
    if balancer.node_exporter:
        own.append((balancer.node_exporter.package, balancers))
    yield from (Item(PACKAGE, name, "", "", "", hosts) for name, hosts in own)
    if shared := balancer.keepalived:
        yield Item(PACKAGE, "keepalived", shared.version or "", "", "", balancers)


def _packages(cluster: Cluster) -> Iterator[Item]:
    """Those of other repositories."""
    platform = cluster.platform
    nodes, haproxy = _nodes(cluster), platform.haproxy
    pinned: list[tuple[Mapping[str, str], str, tuple[str, ...]]] = [
        (platform.runtime.packages, platform.runtime.repository.url, nodes),
        ({haproxy.package.name: haproxy.package.version}, haproxy.repository.url, _balancers(cluster)),
    ]
    if kubernetes := platform.kubernetes.packages:
        pinned.append((kubernetes_packages(platform.kubernetes), kubernetes.repository.url, nodes))
    for packages, url, hosts in pinned:
        yield from (Item(PACKAGE, name, version, url, "", hosts) for name, version in packages.items())


def _files(cluster: Cluster) -> Iterator[Item]:
    """Downloads that have a checksum."""
    kubernetes, argocd = cluster.platform.kubernetes, cluster.platform.argocd
    for name, binary in kubernetes.binaries or ():
        yield Item(FILE, name, kubernetes.version, binary.url, binary.sha256, _nodes(cluster))
    if plugins := kubernetes.cni_plugins:
        yield Item(FILE, "cni-plugins", plugins.version, plugins.url, plugins.sha256, _nodes(cluster))
    if not argocd.existing:
        install = argocd.install
        yield Item(FILE, "argo-cd", argocd.version, install.url, install.sha256, _of_the_control_plane(cluster))


def _images(cluster: Cluster) -> Iterator[Item]:
    nodes = _nodes(cluster)
    yield from (_image(image, nodes) for image in _of_the_nodes(cluster))
    yield from _of_kubeadm(cluster)
    for service in cluster.services:
        where = tuple(node.name for node in cluster.nodes_of(service))
        yield from (_image(image, where) for image in _of_service(service))
        if resource := service.spec.custom_resource:
            # The operator leaves its place to the scheduler.
            yield _image(resource.bundler_image, tuple(node.name for node in cluster.workers))
    for file in cluster.manifests:
        for each in file.objects:
            yield from (_image(image, nodes) for image in _named_in(each.content))


def _of_the_nodes(cluster: Cluster) -> Iterator[str]:
    network, kubernetes = cluster.platform.pod_network, cluster.platform.kubernetes
    yield network.image
    yield network.policy.image
    if network.cni_plugin_image:
        yield network.cni_plugin_image
    if cluster.platform.runtime.sandbox_image:
        yield cluster.platform.runtime.sandbox_image
    if kubernetes.pause_version:
        yield f"{kubernetes.image_repository}/pause:{kubernetes.pause_version}"


def _of_kubeadm(cluster: Cluster) -> Iterator[Item]:
    kubernetes = cluster.platform.kubernetes
    hosts = {_OF_THE_CONTROL_PLANE: _of_the_control_plane(cluster), _OF_EVERY_NODE: _nodes(cluster)}
    for names, where in hosts.items():
        yield from (_image(f"{kubernetes.image_repository}/{name}:{kubernetes.version}", where) for name in names)
    # Of these kubeadm itself knows the version.
    dns = "coredns/coredns" if int(kubernetes.minor.partition(".")[2]) >= _COREDNS_APART else "coredns"
    for name, where in (("etcd", hosts[_OF_THE_CONTROL_PLANE]), (dns, hosts[_OF_EVERY_NODE])):
        yield Item(IMAGE, f"{kubernetes.image_repository}/{name}", "", "", "", where)


def _of_service(service: Service) -> Iterator[str]:
    yield from (container.image for container in service.containers)
    yield from (job.container.image for job in service.jobs)


def _named_in(content: Any) -> Iterator[str]:
    """Images of objects that somebody brings: of any container, however deep it is."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key == "image" and isinstance(value, str):
                yield value
            else:
                yield from _named_in(value)
    elif isinstance(content, Iterable) and not isinstance(content, str):
        for value in content:
            yield from _named_in(value)


def _image(image: str, hosts: tuple[str, ...]) -> Item:
    name, at, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return Item(IMAGE, head, f"{tag}@{digest}" if at else tag, "", "", hosts)
    return Item(IMAGE, name, digest, "", "", hosts)
