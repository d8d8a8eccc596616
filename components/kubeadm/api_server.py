"""What the API server is given beyond kubeadm's own: the audit log, and the encryption of Secrets.

Facts: audit.k8s.io/v1 and the API server's flags of Kubernetes 1.17 and 1.36. The key of the encryption is made on the
control plane by the step of that name, and is in no compiled file.
"""

from __future__ import annotations

import hashlib
from typing import Any

from components.cluster.input.platform.audit import AuditRule
from components.cluster.types import Cluster
from components.render import yaml_documents

# Beside what kubeadm keeps in /etc/kubernetes, and mounted into the API server's pod under the same name.
FOLDER = "/etc/kubernetes/apiserver"
ENCRYPTION_FILE = f"{FOLDER}/encryption.yml"


def audit_policy(cluster: Cluster) -> list[dict[str, Any]]:
    """The document that --audit-policy-file names: the first rule that fits a request says what is noted of it."""
    audit = cluster.platform.kubernetes.audit
    return [
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            # One line a request, when it has been answered.
            "omitStages": ["RequestReceived"],
            "rules": [*(_rule(rule) for rule in audit.rules.values()), {"level": audit.default}],
        }
    ]


def audit_policy_file(cluster: Cluster) -> str:
    """Another policy has another name: the API server reads it as it starts, and kubeadm's manifest then changes."""
    digest = hashlib.sha256(yaml_documents(audit_policy(cluster)).encode()).hexdigest()
    return f"{FOLDER}/audit-policy-{digest[:8]}.yml"


def arguments(cluster: Cluster) -> dict[str, str]:
    audit = cluster.platform.kubernetes.audit
    return {
        "audit-policy-file": audit_policy_file(cluster),
        "audit-log-path": f"{audit.folder}/audit.log",
        "audit-log-maxage": str(audit.max_age),
        "audit-log-maxbackup": str(audit.max_backups),
        "audit-log-maxsize": str(audit.max_size),
        "encryption-provider-config": ENCRYPTION_FILE,
    }


def volumes(cluster: Cluster) -> list[dict[str, Any]]:
    """Folders of the host that its pod sees, as kubeadm takes them."""
    return [
        _volume("apiserver", FOLDER, read_only=True),
        _volume("audit", cluster.platform.kubernetes.audit.folder, read_only=False),
    ]


def _volume(name: str, path: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": name, "hostPath": path, "mountPath": path, "readOnly": read_only, "pathType": "DirectoryOrCreate"}


def _rule(rule: AuditRule) -> dict[str, Any]:
    resources: dict[str, list[str]] = {}
    for resource in rule.resources:
        name, _, group = resource.partition(".")
        resources.setdefault(group, []).append(name)
    conditions = {
        "users": list(rule.users),
        "userGroups": list(rule.groups),
        "verbs": list(rule.verbs),
        "resources": [{"group": group, "resources": names} for group, names in resources.items()],
        "namespaces": list(rule.namespaces),
        "nonResourceURLs": list(rule.paths),
    }
    return {"level": rule.level, **{key: value for key, value in conditions.items() if value}}
