"""The bootstrap script: parts of bootstrap/ as they stand there, and data that the inventory's parameters give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.compiled import reckoned, said
from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT, generated, heads, values, values_of
from tests.compiled.compare import differences
from tests.compiled.tree import Tree

# Before all values: which shell, and that an error ends it.
_SHELL, _ERRORS = "#!/usr/bin/env bash", "set -euo pipefail"
# Below all parts, which only define.
_START = 'main "$@"'
# What an entry of `secrets` says beside its keys.
_NO_KEYS = ("enabled", "rotation")
#: Why nobody here makes a new one.
_NOT_HERE = "who keeps it is not part of this cluster: change it there, then in the Secret, and restart its readers"
# Tables of the manifests' volumes, which volumes.py compares with those and with the inventory.
_OF_VOLUMES = ("DISKS", "PERSISTENT_VOLUMES")
# The table of who reads which Secret, which secrets.py compares with the pods.
_OF_SECRETS = ("READERS",)
# Tables of what the heads of the parts say.
_OF_HEADS = ("STEPS", "STEP_OPTIONS")


def the_script_is_values_and_parts(tree: Tree) -> list[str]:
    """Every part of bootstrap/ once, byte for byte; before them values, each stated once and for good; nothing else."""
    text, missing = generated(tree.files[SCRIPT])
    if missing:
        return [f"{SCRIPT}: bootstrap/{name} is not in it as it stands, once" for name in missing]
    found = values(text)
    others, lines = list(found.others), text.splitlines()
    problems = []
    if lines[0] != _SHELL or others[:1] != [_ERRORS] or lines.index(_ERRORS) > min(found.lines):
        problems.append(f"{SCRIPT}: does not begin with {_SHELL} and {_ERRORS}")
    else:
        del others[0]
    if others[-1:] == [_START] and lines[-1] == _START:
        others.pop()
    else:
        problems.append(f"{SCRIPT}: does not end with {_START}")
    problems += [f"{SCRIPT}: {line!r} is neither a value nor a part" for line in others]
    problems += [f"{SCRIPT}: {name} is stated twice" for name in found.twice]
    return problems + [f"{SCRIPT}: {name} can be changed" for name in found.texts.keys() - found.closed]


def values_are_those_of_the_inventory(tree: Tree) -> list[str]:
    """Each value and each row of each table: no more, no less."""
    found = values_of(tree.files[SCRIPT])
    problems = list(differences(found.scalars, _scalars(tree), SCRIPT))
    wanted = _tables(tree.parameters)
    there = {name: rows for name, rows in found.tables.items() if name not in (*_OF_VOLUMES, *_OF_SECRETS, *_OF_HEADS)}
    problems += [f"{SCRIPT}: nobody asked for {name}" for name in there.keys() - wanted.keys()]
    for name, rows in wanted.items():
        left = list(there.get(name, ()))
        for row in rows:
            if row in left:
                left.remove(row)
            else:
                problems.append(f"{SCRIPT}: {name} lacks {row}")
        problems += [f"{SCRIPT}: {name}: nobody asked for {row}" for row in left]
    return problems


def _scalars(tree: Tree) -> dict[str, str]:
    parameters = tree.parameters
    platform, cluster = parameters["platform"], parameters["cluster"]
    kubernetes, system, runtime = platform["kubernetes"], platform["operating_system"], platform["runtime"]
    argocd, haproxy = platform["argocd"], platform["haproxy"]
    tls = any(listener.ends_tls for listener in reckoned.listeners(parameters))
    plugins = kubernetes.get("cni_plugins", {})
    exporter = reckoned.node_exporter(parameters)
    one = {} if _other_control_planes(parameters) else {"KUBEADM_JOIN_CONTROL_PLANE": ""}
    return {
        **one,
        "CLUSTER_NAME": cluster["name"],
        "GROUP_LABEL": cluster["group_label"],
        "OS_NAME": system["name"],
        "OS_VERSION": system["version"],
        "NEEDRESTART_FOLDER": system.get("needrestart", ""),
        "RUNTIME_NAME": runtime["name"],
        "RUNTIME_SERVICE": runtime["service"],
        "RUNTIME_OPEN_FILES": str(runtime.get("open_files", "")),
        "RUNTIME_MIRROR": runtime.get("mirror", "") if runtime["name"] == "containerd" else "",
        "KUBERNETES_VERSION": kubernetes["version"],
        "KUBERNETES_FROM": "binaries" if "binaries" in kubernetes else "packages",
        # The API server takes evictions of policy/v1 since 1.22.
        "POLICY_API": "policy/v1" if int(kubernetes["minor"].partition(".")[2]) >= 22 else "policy/v1beta1",
        "CNI_PLUGINS_URL": plugins.get("url", ""),
        "CNI_PLUGINS_SHA256": plugins.get("sha256", ""),
        "FIREWALL_ENABLED": str(parameters["firewall"]["enabled"]).lower(),
        "KUBELET_CONFIG_MAP": kubernetes["kubelet_config_map"],
        # Beside kubeadm's own files; what the API server is told is compared with these (hosts.py).
        "AUDIT_POLICY_FILE": f"/etc/kubernetes/apiserver/audit-policy-{_digest(tree)}.yml",
        "ENCRYPTION_FILE": "/etc/kubernetes/apiserver/encryption.yml",
        "ENCRYPTION_PROVIDER": kubernetes["secrets_encryption"],
        "JOIN_TOKEN_TTL": kubernetes["join_token_ttl"],
        "API_HOST": reckoned.api_host(parameters),
        "ARGOCD_EXISTING": str(argocd.get("existing", False)).lower(),
        "ARGOCD_VERSION": argocd["version"],
        "ARGOCD_NAMESPACE": argocd["namespace"],
        "ARGOCD_LABEL": parameters["node_groups"][argocd["group"]]["label"],
        "ARGOCD_MANIFEST_URL": argocd["install"]["url"],
        "ARGOCD_MANIFEST_SHA256": argocd["install"]["sha256"],
        "ARGOCD_SERVER_SIDE": str(argocd["install"]["server_side"]).lower(),
        "SHARED_ADDRESS": reckoned.shared_address(parameters),
        "NODE_EXPORTER_PACKAGE": exporter.get("package", ""),
        "NODE_EXPORTER_PORT": str(exporter.get("port", "")),
        "LOAD_BALANCER_OPEN_FILES": str(reckoned.open_files(parameters)),
        "KUBERNETES_REPOSITORY": _repository(kubernetes.get("packages", {})),
        "RUNTIME_REPOSITORY": _repository(runtime),
        "HAPROXY_REPOSITORY": _repository(haproxy),
        "HAPROXY_CONFIG": haproxy["paths"]["config"],
        "HAPROXY_SYSCTL": haproxy["paths"]["sysctl"],
        "HAPROXY_UNIT_LIMITS": haproxy["paths"]["unit_limits"],
        "HAPROXY_ADMIN_SOCKET": haproxy["paths"]["admin_socket"],
        "HAPROXY_CERTIFICATE": haproxy["paths"]["certificate"] if tls else "",
        "HAPROXY_CERTIFICATE_NAME": parameters["cluster"]["domain"] if tls else "",
        # By it a file is known to be whole.
        "HAPROXY_CONFIG_END": tree.files[f"haproxy/{next(iter(reckoned.balancers(parameters)))}.cfg"].splitlines()[-1],
        "HAPROXY_HARD_STOP_AFTER": str(haproxy["hard_stop_after"]),
        "HAPROXY_MAX_RELOADS": str(haproxy["max_reloads"]),
        # Of milliseconds.
        "SESSION_LIFETIME": str(-(-parameters["scale"]["session_lifetime"] // 1000)),
    }


def _digest(tree: Tree) -> str:
    """Of the policy: another one has another name, which starts the API server anew."""
    return sha256(tree.files[EMBEDDED["AUDIT_POLICY"]].encode()).hexdigest()[:8]


def _repository(holder: Mapping[str, Any]) -> str:
    if "repository" not in holder:
        return ""
    stated = holder["repository"]
    key = stated["key"]
    return _row(stated["url"], stated["suite"], stated.get("component", ""), key["url"], key["fingerprint"])


def _row(*columns: object) -> str:
    return "|".join(map(str, columns))


def _tables(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    platform, groups = parameters["platform"], parameters["node_groups"]
    kubernetes, haproxy = platform["kubernetes"], platform["haproxy"]["package"]
    listeners = reckoned.listeners(parameters)
    return {
        "NODES": [
            _row(
                name,
                node["address"],
                "control-plane" if node["group"] == reckoned.CONTROL_PLANE else "worker",
                groups[node["group"]]["label"],
            )
            for name, node in parameters["cluster"]["nodes"].items()
        ],
        "LOAD_BALANCERS": [
            _row(name, address, "load-balancer", " ".join(reckoned.sources(parameters, name)[1:]))
            for name, address in reckoned.balancers(parameters).items()
        ],
        "PROXY": _proxy(parameters),
        "OTHER_CONTROL_PLANES": _other_control_planes(parameters),
        "KEEPALIVED_PACKAGES": [
            _row("keepalived", parameters["platform"]["operating_system"]["keepalived"])
            for _ in filter(None, [reckoned.shared_address(parameters)])
        ],
        "NAMESPACES": sorted(said.namespaces(parameters)),
        "SECRETS": _secrets(parameters),
        "ROTATIONS": _rotations(parameters),
        "BROKERS": [
            _row(
                said.namespace(parameters, service),
                f"vernemq-{entry['custom_resource']['name']}",
                reckoned.brokers(parameters),
                groups[entry["group"]]["label"],
                reckoned.open_files_of_a_broker(parameters, service),
            )
            for service, entry in parameters["services"].items()
            if "custom_resource" in entry
        ],
        "DATABASES": _databases(parameters),
        "BACKUPS": _backups(**parameters["backup"]),
        "FOLLOW": _follow(parameters),
        "SIGNERS": [_row(*one) for one in parameters["load_balancer"]["follow"].get("signers", {}).items()],
        "LOAD_BALANCER_PORTS": [_row(one.listen, one.name) for one in listeners],
        "NODE_PORTS": [
            _row(
                one.variable,
                f"{said.namespace(parameters, one.service)}/{parameters['services'][one.service]['external_service']}",
                one.port,
            )
            for one in listeners
            if one.node_port is None
        ],
        "BINARIES": [_row(name, one["url"], one["sha256"]) for name, one in kubernetes.get("binaries", {}).items()],
        "OS_PACKAGES": platform["operating_system"]["packages"],
        "KERNEL_MODULES": platform["operating_system"]["kernel_modules"],
        "KUBERNETES_PACKAGES": _kubernetes_packages(kubernetes),
        "RUNTIME_PACKAGES": [_row(*one) for one in platform["runtime"]["packages"].items()],
        "HAPROXY_PACKAGES": [_row(haproxy["name"], haproxy["version"])],
    }


def _declared(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(Service, Secret, its keys); of a service elsewhere those that somebody here reads."""
    services = parameters["services"]
    for service, entry in services.items():
        for secret, keys in said.on(entry.get("secrets")).items():
            yield service, secret, keys
    read = str(dict(services))
    for service, entry in said.elsewhere(parameters).items():
        for secret, keys in said.on(entry.get("secrets")).items():
            if f"'secret': '{secret}'" in read:
                yield service, secret, keys


def _proxy(parameters: Mapping[str, Any]) -> list[str]:
    """What fetches something asks the proxy, but not for hosts of the cluster, its networks, or what is added."""
    platform, proxy = parameters["platform"], parameters["platform"].get("proxy")
    if proxy is None:
        return []
    hosts = [(name, node["address"]) for name, node in parameters["cluster"]["nodes"].items()]
    hosts += reckoned.balancers(parameters).items()
    direct = ["localhost", "127.0.0.1", ".svc", ".cluster.local", *(part for host in hosts for part in host)]
    direct += [
        parameters["cluster"]["domain"],
        platform["pod_network"]["cidr"],
        platform["kubernetes"]["service_subnet"],
    ]
    direct += proxy.get("no_proxy", ())
    return [f"http_proxy={proxy['http']}", f"https_proxy={proxy['https']}", f"no_proxy={','.join(direct)}"]


def _other_control_planes(parameters: Mapping[str, Any]) -> list[str]:
    """Those that join the first of the inventory."""
    return list(reckoned.nodes_of(parameters, reckoned.CONTROL_PLANE))[1:]


def _secrets(parameters: Mapping[str, Any]) -> list[str]:
    """Secret | key | how it comes to its value | the value, or the length of a random one."""
    found = []
    for service, secret, keys in _declared(parameters):
        for key, value in keys.items():
            if key in _NO_KEYS:
                continue
            how, *length = str(value).split(" ")
            made = (how, *length, "")[:2] if how in ("random", "provided") else ("literal", value)
            found.append(_row(f"{said.namespace(parameters, service)}/{secret}", key, *made))
    found += [
        _row(f"{namespace}/{secret}", ".dockerconfigjson", "provided", "")
        for namespace in said.namespaces(parameters)
        for secret in parameters["release"].get("pull_secrets", ())
    ]
    return found


def _rotations(parameters: Mapping[str, Any]) -> list[str]:
    """Secret | random key | by whose means it gets another value | namespace, workload of that | port, or why never."""
    found = []
    makers = {name: maker for name, _, _, maker in (row.split("|") for row in _databases(parameters))}
    elsewhere = said.elsewhere(parameters)
    for service, secret, keys in _declared(parameters):
        database = parameters["services"].get(service, {}).get("database", {})
        for key, value in keys.items():
            if key in _NO_KEYS or not str(value).startswith("random"):
                continue
            stated = keys.get("rotation", {}).get(key, {})
            keeper = how = last = ""
            if "never" in stated:
                how, last = "never", stated["never"]
            elif "account_of" in stated:
                how = keeper = stated["account_of"]
                (last,) = [port["number"] for port in parameters["services"][keeper]["ports"].values()]
            elif service in elsewhere or (
                (secret, key) == (database.get("secret"), "password") and database["server"] in elsewhere
            ):
                how, last = "never", _NOT_HERE
            elif (secret, key) == (database.get("secret"), "password"):
                how, keeper = makers[database["server"]], database["server"]
            elif service in makers:
                how, keeper = makers[service], service
            place = ("", "")
            if keeper:
                kind = parameters["services"][keeper]["kind"].lower()
                place = (said.namespace(parameters, keeper), f"{kind}/{keeper}")
            found.append(_row(f"{said.namespace(parameters, service)}/{secret}", key, how or "start", *place, last))
    return found


def _databases(parameters: Mapping[str, Any]) -> list[str]:
    """Known by their images: whoever has a database server for dojot's services is asked for what it holds."""
    found = []
    for service, entry in parameters["services"].items():
        image = entry["image"].rpartition("/")[2].partition(":")[0].partition("@")[0]
        maker = {"postgres": "postgres", "mongo": "mongodb"}.get(image)
        if maker:
            found.append(_row(service, said.namespace(parameters, service), entry["kind"].lower(), maker))
    return found


def _backups(enabled: bool, at: str, keep: int, folder: str) -> list[str]:
    return [_row(at, keep, folder)] if enabled else []


def _follow(parameters: Mapping[str, Any]) -> list[str]:
    """Seconds | what Argo CD's Application has | where this file lies."""
    follow, repository = parameters["load_balancer"]["follow"], parameters["repository"]
    row = _row(follow["every"], repository["revision"], f"compiled/{parameters['cluster']['name']}", repository["url"])
    return [row] if follow["enabled"] else []


def _kubernetes_packages(kubernetes: Mapping[str, Any]) -> list[str]:
    if "packages" not in kubernetes:
        return []
    version = f"{kubernetes['version'][1:]}-{kubernetes['packages']['build']}"
    others = [_row(*one) for one in kubernetes["packages"]["others"].items()]
    return [*(_row(name, version) for name in ("kubeadm", "kubectl", "kubelet")), *others]


def steps_are_those_of_the_heads(tree: Tree) -> list[str]:
    """Each step and each option as the head of its file has it, a step behind the one that it names."""
    tables = values_of(tree.files[SCRIPT]).tables
    options = [option for head in heads().values() for option in head.get("option", ())]
    wanted = {
        Path(name).stem: _step(Path(name).stem, head, options) for name, head in heads().items() if "where" in head
    }
    rows = tables.get("STEPS", [])
    order = {row.split("|")[0]: number for number, row in enumerate(rows)}
    found = [f"{SCRIPT}: STEPS: {row} is not what a head says" for row in rows if row not in wanted.values()]
    found += [f"{SCRIPT}: STEPS lacks {name}" for name in wanted.keys() - order.keys()]
    found += [
        f"{SCRIPT}: STEPS: {Path(name).stem} stands before {head['after'][0]}"
        for name, head in heads().items()
        if "after" in head and order.get(head["after"][0], -1) > order.get(Path(name).stem, 0)
    ]
    stated = sorted(map(_option, options))
    return found + (
        [] if sorted(tables.get("STEP_OPTIONS", [])) == stated else [f"{SCRIPT}: STEP_OPTIONS: not {stated}"]
    )


def _step(name: str, head: Mapping[str, list[str]], options: list[str]) -> str:
    said = {key: values[0] for key, values in head.items()}
    own = [option.split(" ")[0].rstrip(":") for option in head.get("option", ())]
    machine, comma, elsewhere = said["where"].partition(",")
    given, _, receivers = said.get("hands over", "").partition(" to ")
    places = {
        "every worker": "each worker",
        "every other control plane": "each other control plane",
        "load balancer": "the load balancer",
    }
    handed = f"copy {{{given.removeprefix('--')}}} to the same place on {places[receivers]}" if given else ""
    texts = [said.get("when", ""), said.get("then", handed)]
    for option in map(_option, options):
        flag, _, default, _ = option.split("|")
        texts = [text.replace(f"{{{flag.removeprefix('--')}}}", default) for text in texts]
    names = " ".join([*own, *said.get("options", "").split()])
    condition = said.get("only if", "").split(" ")[0]
    return _row(name, said["help"], names, machine, comma + elsewhere, said.get("occasion", ""), condition, *texts)


def _option(said: str) -> str:
    """--name VALUE=default: text, as a row."""
    stated, _, text = said.partition(": ")
    name, _, value = stated.partition(" ")
    value, _, default = value.partition("=")
    return _row(name, value, default, text)


def people_review_what_the_script_carries(tree: Tree) -> list[str]:
    """The files beside the script are the texts in it, and there are no others."""
    texts = values_of(tree.files[SCRIPT]).texts
    found = [
        f"{path}: is not {name} of {SCRIPT}"
        for name, path in EMBEDDED.items()
        if tree.files.get(path) != texts.get(name)
    ]
    beside = {path for path in tree.files if path.startswith("bootstrap/")} - {SCRIPT, *EMBEDDED.values()}
    return found + [f"{path}: nothing carries it" for path in sorted(beside)]


CHECKS = (
    the_script_is_values_and_parts,
    values_are_those_of_the_inventory,
    steps_are_those_of_the_heads,
    people_review_what_the_script_carries,
)
