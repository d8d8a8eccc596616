"""The values that the bootstrap script reads: shell variables, quoted by shlex.

Rows of a table are one quoted word; their columns are separated by `|`, the last
column takes the rest of the row. Whole files are here-documents, to be read as they are.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from math import ceil

from components.cluster.brokers import broker_open_files
from components.cluster.databases import databases
from components.cluster.input.platform import Kubernetes
from components.cluster.input.platform.haproxy import HAProxyRepository
from components.cluster.input.platform.packages import PackageRepository
from components.cluster.kernel import kernel_settings
from components.cluster.proxy import environment
from components.cluster.rotation import AUTH, Rotation, readers, rotations
from components.cluster.types import CONFIG_END, CONTROL_PLANE, PROVIDED, PULL_KEY, RANDOM, Cluster, Service
from components.render import yaml_documents

from . import api_server, configs, firewall, pod_network, runtimes

_SEPARATOR = "|"


def block(cluster: Cluster) -> str:
    """The generated part of the script: read-only variables."""
    lines = [
        *(f"readonly {name}={shlex.quote(value)}" for name, value in _scalars(cluster).items()),
        *(_array(name, rows) for name, rows in tables(cluster).items()),
        *(_text(name, text) for name, text in _texts(cluster).items()),
    ]
    return "\n".join(lines) + "\n"


def _scalars(cluster: Cluster) -> dict[str, str]:
    platform = cluster.platform
    kubernetes, system, runtime = platform.kubernetes, platform.operating_system, platform.runtime
    argocd, haproxy, balancer = platform.argocd, platform.haproxy, cluster.load_balancer
    plugins = kubernetes.cni_plugins
    return {
        "CLUSTER_NAME": cluster.name,
        "GROUP_LABEL": cluster.group_label,
        "OS_NAME": system.name,
        "OS_VERSION": system.version,
        # Empty for a system that has none.
        "NEEDRESTART_FOLDER": system.needrestart or "",
        "RUNTIME_NAME": runtime.name,
        "RUNTIME_SERVICE": runtime.service,
        # Empty where the runtime's own unit says it.
        "RUNTIME_OPEN_FILES": str(runtime.open_files or ""),
        "RUNTIME_MIRROR": runtime.mirror if runtime.mirror and runtime.name == "containerd" else "",
        "KUBERNETES_VERSION": kubernetes.version,
        # Which of the two functions installs it: the other's values are empty.
        "KUBERNETES_FROM": "packages" if kubernetes.packages else "binaries",
        # Of evictions, too.
        "POLICY_API": kubernetes.api_versions.get("PodDisruptionBudget", "policy/v1"),
        "CNI_PLUGINS_URL": plugins.url if plugins else "",
        "CNI_PLUGINS_SHA256": plugins.sha256 if plugins else "",
        "FIREWALL_ENABLED": "true" if cluster.firewall.enabled else "false",
        "KUBELET_CONFIG_MAP": kubernetes.kubelet_config_map,
        "AUDIT_POLICY_FILE": api_server.audit_policy_file(cluster),
        "ENCRYPTION_FILE": api_server.ENCRYPTION_FILE,
        "ENCRYPTION_PROVIDER": kubernetes.secrets_encryption,
        "JOIN_TOKEN_TTL": kubernetes.join_token_ttl,
        "API_HOST": cluster.api_host,
        "ARGOCD_EXISTING": "true" if argocd.existing else "false",
        "ARGOCD_VERSION": argocd.version,
        "ARGOCD_NAMESPACE": argocd.namespace,
        "ARGOCD_LABEL": cluster.groups[argocd.group].label,
        "ARGOCD_MANIFEST_URL": argocd.install.url,
        "ARGOCD_MANIFEST_SHA256": argocd.install.sha256,
        "ARGOCD_SERVER_SIDE": "true" if argocd.install.server_side else "false",
        # Empty where none is shared by keepalived.
        "SHARED_ADDRESS": balancer.keepalived.address if balancer.keepalived else "",
        # Empty where nobody asks for what it measures.
        "NODE_EXPORTER_PACKAGE": balancer.node_exporter.package if balancer.node_exporter else "",
        "NODE_EXPORTER_PORT": str(balancer.node_exporter.port) if balancer.node_exporter else "",
        "LOAD_BALANCER_OPEN_FILES": str(balancer.open_files),
        # url | suite | component | key url | key fingerprint
        "KUBERNETES_REPOSITORY": _repository(kubernetes.packages.repository) if kubernetes.packages else "",
        "RUNTIME_REPOSITORY": _repository(runtime.repository),
        "HAPROXY_REPOSITORY": _repository(haproxy.repository),
        "HAPROXY_CONFIG": haproxy.paths.config,
        "HAPROXY_CONFIG_END": CONFIG_END,
        # Both empty where HAProxy speaks no TLS itself. The name is what clients call it.
        "HAPROXY_CERTIFICATE": haproxy.paths.certificate if balancer.ends_tls else "",
        "HAPROXY_CERTIFICATE_NAME": cluster.domain if balancer.ends_tls else "",
        "HAPROXY_SYSCTL": haproxy.paths.sysctl,
        "HAPROXY_UNIT_LIMITS": haproxy.paths.unit_limits,
        "HAPROXY_ADMIN_SOCKET": haproxy.paths.admin_socket,
        # Seconds that an old process lives after a reload, and how many of them may live at once.
        "HAPROXY_HARD_STOP_AFTER": str(balancer.hard_stop_after),
        "HAPROXY_MAX_RELOADS": str(balancer.max_reloads),
        # Seconds after which a broker ends a session.
        "SESSION_LIFETIME": str(ceil(cluster.scale.session_seconds)),
    }


def tables(cluster: Cluster) -> dict[str, list[str]]:
    """Name -> its rows, each as it stands in the script."""
    platform, backup, follow = cluster.platform, cluster.backup, cluster.load_balancer.follow
    git, keepalived = cluster.git, cluster.load_balancer.keepalived
    return {
        # name | address | role | group label
        "NODES": [
            _row(
                node.name,
                node.address,
                "control-plane" if node.group == CONTROL_PLANE else "worker",
                configs.group_label(cluster, node),
            )
            for node in cluster.nodes
        ],
        # name | address | role, as in NODES | further addresses from which it connects to brokers, parted by spaces
        "LOAD_BALANCERS": [
            _row(host.name, host.address, "load-balancer", " ".join(host.source_addresses))
            for host in cluster.load_balancer.hosts
        ],
        # node | owner (numeric) | directory
        "DISKS": [
            _row(disk.node.name, str(disk.owner), disk.host_path)
            for _, _, disk in sorted(cluster.disks, key=lambda item: (item[2].node.name, item[2].host_path))
        ],
        # Names of those beside the first, which join it.
        "OTHER_CONTROL_PLANES": [node.name for node in cluster.control_planes[1:]],
        "NAMESPACES": list(cluster.namespaces),
        "PERSISTENT_VOLUMES": sorted(disk.persistent_volume for _, _, disk in cluster.disks),
        # namespace/secret | key | random, provided or literal | the value; of a random one its length, where it matters
        "SECRETS": _secrets(cluster),
        # namespace/secret | random key | how a new value gets to where it is kept | namespace | workload of who keeps
        # it | auth's port, or why there is never a new one
        "ROTATIONS": _rotations(cluster),
        # namespace/secret | workload whose pods read it | their labels | rolling, or together: all pods at once. As the
        # waves come
        "READERS": _readers(cluster),
        # namespace | StatefulSet that the operator makes | its pods | their group label | open files that each needs
        "BROKERS": _brokers(cluster),
        # service | namespace | kind of its workload | whose programs dump it: postgres or mongodb
        "DATABASES": [
            _row(service.name, service.namespace, service.kind.lower(), maker)
            for service, maker in databases(cluster.services)
        ],
        # time of day (UTC) | how many are kept | directory: one row, or none where no backups are made
        "BACKUPS": [_row(backup.at, str(backup.keep), backup.folder)] if backup.enabled else [],
        # port | what listens
        "LOAD_BALANCER_PORTS": [
            _row(str(frontend.listen), frontend.name) for frontend in cluster.load_balancer.frontends
        ],
        # seconds between two looks | revision | folder in the repository | its address: one row, or none where the load
        # balancer does not follow
        "FOLLOW": [_row(str(follow.every), git.revision, git.folder, git.repository)] if follow.enabled else [],
        # who may sign commits | public key
        "SIGNERS": [_row(name, key) for name, key in sorted(follow.signers.items())],
        # variable of HAProxy | namespace/Service | port: the NodePorts that Kubernetes chooses
        "NODE_PORTS": _node_ports(cluster),
        # name | url | sha256
        "BINARIES": [
            _row(name, binary.url, binary.sha256) for name, binary in sorted(platform.kubernetes.binaries or ())
        ],
        # NAME=VALUE of the environment in which something is fetched
        "PROXY": [f"{name}={value}" for name, value in environment(cluster).items()],
        "OS_PACKAGES": list(platform.operating_system.packages),
        "KERNEL_MODULES": list(platform.operating_system.kernel_modules),
        # package | exact version (or a pattern of it)
        "KUBERNETES_PACKAGES": _packages(kubernetes_packages(platform.kubernetes)),
        "RUNTIME_PACKAGES": _packages(platform.runtime.packages),
        "KEEPALIVED_PACKAGES": _packages({"keepalived": keepalived.version or ""} if keepalived else {}),
        "HAPROXY_PACKAGES": _packages({platform.haproxy.package.name: platform.haproxy.package.version}),
    }


def _texts(cluster: Cluster) -> dict[str, str]:
    settings = kernel_settings(cluster.platform)
    return {
        "SYSCTL_CONF": "".join(f"{name} = {value}\n" for name, value in sorted(settings.items())),
        "RUNTIME_CONFIG": runtimes.config(cluster),
        "FIREWALL": firewall.text(cluster),
        "AUDIT_POLICY": yaml_documents(api_server.audit_policy(cluster)),
        "KUBEADM_INIT": yaml_documents(configs.init_documents(cluster)),
        "KUBEADM_JOIN": yaml_documents(configs.join_documents(cluster)),
        # Empty where one control plane is all there is.
        "KUBEADM_JOIN_CONTROL_PLANE": yaml_documents(configs.join_control_plane_documents(cluster))
        if len(cluster.control_planes) > 1
        else "",
        "POD_NETWORK": yaml_documents(pod_network.documents(cluster)),
    }


def _brokers(cluster: Cluster) -> list[str]:
    """One row, or none where devices do without brokers."""
    service = cluster.brokers
    if service is None:
        return []
    label = cluster.groups[service.group].label
    return [_row(service.namespace, service.pods_prefix, str(service.replicas), label, str(broker_open_files(cluster)))]


def _node_ports(cluster: Cluster) -> list[str]:
    chosen: dict[tuple[str, int | None], str] = {
        (frontend.service, frontend.listen): frontend.variable
        for frontend in cluster.load_balancer.frontends
        if frontend.node_port is None
    }
    return sorted(
        _row(
            chosen[service.name, port.exposure.listen],
            f"{service.namespace}/{service.spec.external_service}",
            port.name,
        )
        for service in cluster.services
        for port in service.exposed
        if (service.name, port.exposure.listen) in chosen
    )


def _secrets(cluster: Cluster) -> list[str]:
    """One row a key."""
    of_services = [
        _secret_row(f"{service.namespace}/{secret}", key, value)
        for service, secret in cluster.secrets
        for key, value in service.secrets[secret].items()
    ]
    opening = [
        _secret_row(f"{namespace}/{secret}", PULL_KEY, PROVIDED)
        for namespace in cluster.namespaces
        for secret in cluster.pull_secrets
    ]
    return sorted(of_services + opening)


def _secret_row(secret: str, key: str, value: str) -> str:
    word, _, length = value.partition(" ")
    return _row(secret, key, word, length) if word in (RANDOM, PROVIDED) else _row(secret, key, "literal", value)


def _rotations(cluster: Cluster) -> list[str]:
    return sorted(
        _row(f"{owner.namespace}/{secret}", each.key, each.how, *_keeper(each))
        for owner, secret in cluster.secrets
        for each in rotations(cluster.services, owner, secret)
    )


def _keeper(rotation: Rotation) -> tuple[str, str, str]:
    keeper = rotation.keeper
    if keeper is None:
        return "", "", rotation.why
    port = str(keeper.container.ports[0].number) if rotation.how == AUTH else ""
    return keeper.namespace, _workload(keeper), port


def _readers(cluster: Cluster) -> list[str]:
    return [
        _row(f"{owner.namespace}/{secret}", _workload(reader), ",".join(f"{key}={value}" for key, value in labels), how)
        for owner, secret in sorted(cluster.secrets, key=lambda found: (found[0].name, found[1]))
        for reader in readers(cluster.services, owner, secret)
        for labels in [sorted(reader.pod_labels.items())]
        # Brokers let nobody in whose cookie is another one.
        for how in ["together" if reader.kind == "VerneMQ" else "rolling"]
    ]


def _workload(service: Service) -> str:
    """As kubectl names it. The operator makes a StatefulSet of the brokers."""
    kind = "StatefulSet" if service.kind == "VerneMQ" else service.kind
    return f"{kind.lower()}/{service.pods_prefix}"


def kubernetes_packages(kubernetes: Kubernetes) -> dict[str, str]:
    """package -> exact version; nothing where the release comes as binaries."""
    if kubernetes.packages is None:
        return {}
    version = f"{kubernetes.version.removeprefix('v')}-{kubernetes.packages.build}"
    return {**dict.fromkeys(("kubeadm", "kubectl", "kubelet"), version), **kubernetes.packages.others}


def _packages(packages: Mapping[str, str]) -> list[str]:
    return [_row(name, version) for name, version in sorted(packages.items())]


def _repository(repository: PackageRepository | HAProxyRepository) -> str:
    key = repository.key
    return _row(repository.url, repository.suite, repository.component or "", key.url, key.fingerprint)


def _row(*columns: str) -> str:
    for column in columns[:-1]:
        if _SEPARATOR in column:
            raise ValueError(f"{column!r}: a value of the bootstrap script cannot contain {_SEPARATOR!r}")
    if any("\n" in column or "\r" in column for column in columns):
        raise ValueError(f"{columns!r}: a value of the bootstrap script cannot contain a line break")
    return _SEPARATOR.join(columns)


def _text(name: str, text: str) -> str:
    end = f"END_OF_{name}"
    if not text:
        return f"readonly {name}=''"
    if not text.endswith("\n") or end in text.splitlines() or "\0" in text:
        raise ValueError(f"{name}: this text cannot be a here-document")
    return f"IFS= read -r -d '' {name} <<'{end}' || true\n{text}{end}\nreadonly {name}"


def _array(name: str, rows: Iterable[str]) -> str:
    return "\n".join([f"readonly {name}=(", *(f"  {shlex.quote(row)}" for row in rows), ")"])
