"""Images of the control plane and of the pod network: the programs themselves, under the names that are asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from components.cluster.types import Cluster
from scripts.engine_catalogue import Missing, builds, built, installed
from tests.engines.bootstrap.supplies import kubernetes_build
from tests.rehearsal.images.oci import Config, Store, skeleton
from tests.rehearsal.images.tree import File, Link, Tree, folder, programs

ETCD, COREDNS, FLANNEL, KUBE_ROUTER = "etcd-3-6", "coredns-1-14", "flannel-0-28", "kube-router-2-1"
# iptables' own names for one program.
_IPTABLES = [f"ip{six}tables{what}" for six in ("", "6") for what in ("", "-save", "-restore")]


def node_build(cluster: Cluster) -> str:
    """The entry of engines.yml with this cluster's kubelet and kube-proxy; Missing where there is none."""
    minor = cluster.platform.kubernetes.minor
    for build in builds().values():
        if build.minor == minor and {"kubelet", "kube-proxy"} <= build.programs.keys():
            return build.name
    raise Missing(f"no build of engines.yml has the kubelet {minor}")


def layouts(cluster: Cluster, folder: Path, pod_network: Path) -> dict[str, Path]:
    """Image -> folder with its layout, of all that runs on nodes before dojot does.

    `pod_network` is the compiled file with the DaemonSets. Raises Missing where a program is not built.
    """
    store = Store(folder)
    base, net = store.layer(skeleton()), store.layer(_net_tools())
    kubernetes, build = cluster.platform.kubernetes, kubernetes_build(cluster)

    def image(tree: Tree, *entrypoint: str, below: tuple[str, ...] = (), user: str = "") -> Path:
        return store.image([base, *below, store.layer(tree)], Config(entrypoint=entrypoint, user=user))

    def program(name: str, build: str, place: str = "/usr/local/bin", **more: object) -> Path:
        return image(programs({f"{place}/{name}": built(name, build)}), f"{place}/{name}", **more)

    found = {name: program(name, build) for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")} | {
        "kube-proxy": program("kube-proxy", node_build(cluster), below=(net,)),
        # The image has no entrypoint: kubeadm names the program, and a restore another one.
        "etcd": image(
            programs({f"/usr/local/bin/{name}": built(name, ETCD) for name in ("etcd", "etcdctl", "etcdutl")})
        ),
        "coredns": program("coredns", COREDNS, place="", user="65532:65532"),
        "pause": store.image(
            [store.layer({"/pause": File(built("pause", "pause"), 0o755)})],
            Config(entrypoint=("/pause",), user="65535:65535"),
        ),
    }
    asked = _asked_by_kubeadm(build, kubernetes.version, kubernetes.image_repository)
    named = {asked[name]: layout for name, layout in found.items()}
    busybox = programs({"/bin/busybox": installed("busybox")}) | {
        f"/bin/{name}": Link("busybox") for name in ("cp", "sh")
    }
    known = {
        "flannel": image(
            busybox | programs({"/opt/bin/flanneld": built("flanneld", FLANNEL)}), "/opt/bin/flanneld", below=(net,)
        ),
        "flannel-cni-plugin": image(busybox | {"/flannel": File(built("flannel", FLANNEL), 0o755)}),
        "kube-router": program("kube-router", KUBE_ROUTER, below=(net,)),
    }
    for name in _images(pod_network):
        named[name] = known[name.rpartition("/")[2].partition(":")[0]]
    return named


def _asked_by_kubeadm(build: str, version: str, repository: str) -> dict[str, str]:
    """Last part of an image's name -> the image, as this kubeadm lists them."""
    done = subprocess.run(
        [
            *(built("kubeadm", build), "config", "images", "list"),
            *("--kubernetes-version", version, "--image-repository", repository),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        # It looks for a configuration of this user's.
        env={**os.environ, "HOME": "/nonexistent"},
    )
    return {image.rpartition("/")[2].partition(":")[0]: image for image in done.stdout.split()}


def _images(manifest: Path) -> list[str]:
    """Images of the workloads of a file."""
    found = []
    for one in yaml.safe_load_all(manifest.read_text()):
        pod: Mapping = one.get("spec", {}).get("template", {}).get("spec", {})
        found += [each["image"] for each in (*pod.get("initContainers", ()), *pod.get("containers", ()))]
    return sorted(set(found))


def _net_tools() -> Tree:
    """iptables on nftables, as the hosts have it, and what goes with it."""
    iptables = installed("iptables").resolve()
    tools = {f"/usr/sbin/{iptables.name}": iptables} | {
        f"/usr/sbin/{name}": installed(name).resolve() for name in ("conntrack", "ip", "ipset", "nft")
    }
    # Matches and targets are libraries of their own.
    extensions = next(Path("/usr/lib").glob("*/xtables"))
    return (
        programs(tools)
        | {f"/usr/sbin/{name}": Link(iptables.name) for name in _IPTABLES}
        | folder(extensions, extensions.as_posix())
    )
