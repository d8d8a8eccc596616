"""The way to the API server of a cluster: by a kubeconfig of this desk, or by that of a control plane, over SSH."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, ApiException, Configuration, CoreV1Api
from kubernetes.config import ConfigException, load_kube_config, load_kube_config_from_dict
from urllib3.exceptions import HTTPError

from components.cluster.firewall import API_PORT
from components.cluster.types import Cluster

from ..hosts import Host, control_planes
from ..ssh import Desk, Failed, Unreached

_ADMIN_CONF = "/etc/kubernetes/admin.conf"
#: Seconds: until the desk's own kubeconfig counts as one that leads nowhere, and until a tunnel is open.
_OWN, _TUNNEL = 5, 20
#: A name that kubeadm's certificates of API servers have, whatever the way to them.
_NAME = "kubernetes"


@asynccontextmanager
async def way(desk: Desk, cluster: Cluster, machines: Sequence[Host], given: Path | None) -> AsyncIterator[ApiClient]:
    """Failed where `given` leads to another cluster; Unreached where no way does."""
    own = await asyncio.to_thread(_own, cluster, given)
    if own:
        with own:
            yield own
        return
    async with AsyncExitStack() as stack:
        *others, last = control_planes(machines)
        for master in others:
            try:
                client = await _by(desk, master, stack)
                break
            except (Unreached, Failed):
                continue
        else:
            client = await _by(desk, last, stack)
        yield client


async def _by(desk: Desk, master: Host, stack: AsyncExitStack) -> ApiClient:
    """By a control plane, as long as `stack` is open. Unreached, Failed."""
    content = (await desk.as_root(master, "cat", _ADMIN_CONF)).output
    port = await stack.enter_async_context(_tunnel(desk, master))
    return stack.enter_context(await asyncio.to_thread(_through, content, port))


def _own(cluster: Cluster, given: Path | None) -> ApiClient | None:
    """By the kubeconfig that was given, or $KUBECONFIG, or ~/.kube/config, if that is of this cluster."""
    configuration = Configuration()
    try:
        load_kube_config(config_file=str(given) if given else None, client_configuration=configuration)
        client = ApiClient(configuration)
        found = CoreV1Api(client).list_node(_request_timeout=_OWN)
    except (ConfigException, OSError, HTTPError, yaml.YAMLError, ApiException) as error:
        if given:
            raise Failed(f"with {given} no API server says which nodes it has: {error}") from None
        return None
    if not of_cluster(client.sanitize_for_serialization(found)["items"], cluster):
        client.close()
        if given:
            raise Failed(f"{given} leads to another cluster: {cluster.control_plane.name} is no node there")
        return None
    return client


def of_cluster(nodes: Sequence[dict[str, Any]], cluster: Cluster) -> bool:
    """Has it a control plane of the inventory, by name and address? As bootstrap/lib/which-cluster.sh asks."""
    return any(
        node["metadata"]["name"] == master.name and {"type": "InternalIP", "address": master.address} in addresses
        for master in cluster.control_planes
        for node in nodes
        if (addresses := node["status"].get("addresses", []))
    )


def _through(content: str, port: int) -> ApiClient:
    """The administrator's kubeconfig, by a tunnel. What the client writes of it is for its user alone, and goes."""
    kubeconfig = yaml.safe_load(content)
    for each in kubeconfig["clusters"]:
        each["cluster"] |= {"server": f"https://127.0.0.1:{port}", "tls-server-name": _NAME}
    configuration = Configuration()
    load_kube_config_from_dict(kubeconfig, client_configuration=configuration)
    # To this machine goes no proxy.
    configuration.proxy = None
    return ApiClient(configuration)


@asynccontextmanager
async def _tunnel(desk: Desk, host: Host) -> AsyncIterator[int]:
    """The port of this machine that leads to the API server. Unreached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *desk.tunnel(host, port, f"{host.address}:{API_PORT}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        end = asyncio.get_running_loop().time() + _TUNNEL
        while not await _open(port):
            if process.returncode is not None or asyncio.get_running_loop().time() > end:
                raise Unreached(f"{host}: no way to its port {API_PORT} by SSH (AllowTcpForwarding of its sshd?)")
            await asyncio.sleep(0.2)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
