"""Who may do more than before: with the API server, on a node, or through Argo CD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict

_WORKLOADS = ("DaemonSet", "Deployment", "Job", "StatefulSet")
# What lets whoever has it take the whole cluster: all, Secrets' values, pods with any account, other people's rights.
_GRAVE_VERBS = ("*", "bind", "escalate", "impersonate")
_GRAVE = (("secrets", "get"), ("secrets", "list"), ("secrets", "watch"), ("pods", "create"), ("pods/exec", "create"))
_NODE = ("hostIPC", "hostNetwork", "hostPID")


@verdict(Level.DANGER)
def rights_wider(change: Change) -> Iterator[Verdict]:
    """An account may do more with the API server; danger where that is all, Secrets, or pods of its own."""
    for found in change.of_kind("ClusterRole", "Role"):
        more = _rights(found.after) - _rights(found.before)
        if more:
            grave = any(right[1] == "*" or right[3] in _GRAVE_VERBS or (right[1], right[3]) in _GRAVE for right in more)
            told = sorted({f"{verb} {resource}" for _, resource, _, verb in more})
            yield Verdict(
                "rights-wider",
                Level.DANGER if grave else Level.ATTENTION,
                str(found.identity),
                f"Whoever has this role may now also {', '.join(told[:6])}"
                + (f" and {len(told) - 6} more" if len(told) > 6 else ""),
            )
    for found in change.of_kind("ClusterRoleBinding", "RoleBinding"):
        old = {_subject(each) for each in (found.before or {}).get("subjects", [])}
        if found.before is not None:
            for subject in sorted({_subject(each) for each in (found.after or {}).get("subjects", [])} - old):
                yield Verdict(
                    "rights-wider",
                    Level.ATTENTION,
                    str(found.identity),
                    f"{subject} has the rights of {(found.after or {})['roleRef']['name']} now",
                )


def _rights(role: Mapping[str, Any] | None) -> set[tuple[str, str, str, str]]:
    """(Group, resource or URL, name, verb) of each single right."""
    found: set[tuple[str, str, str, str]] = set()
    for rule in (role or {}).get("rules") or ():
        names = rule.get("resourceNames") or [""]
        found |= set(product(rule.get("apiGroups") or [""], rule.get("resources") or [], names, rule["verbs"]))
        found |= {("", url, "", verb) for url in rule.get("nonResourceURLs") or [] for verb in rule["verbs"]}
    return found


def _subject(subject: Mapping[str, Any]) -> str:
    return f"{subject['kind']}/{subject['name']} of {subject.get('namespace', 'the cluster')}"


@verdict(Level.ATTENTION)
def rights_gone(change: Change) -> Iterator[Verdict]:
    """An account whose pods stay loses what it may do with the API server."""
    leaving = {found.service for found in change.of_kind(*_WORKLOADS, how="removed")}
    for found in change.of_kind("ClusterRoleBinding", "RoleBinding", how="removed"):
        if found.service not in leaving and found.before:
            yield Verdict(
                "rights-gone",
                Level.ATTENTION,
                str(found.identity),
                f"Pods of {found.service} run on without the rights of {found.before['roleRef']['name']}: the API "
                "server refuses what they ask of it",
            )


@verdict(Level.DANGER)
def privilege_wider(change: Change) -> Iterator[Verdict]:
    """A pod may do more on its node: its network, its processes, its files, root, or a capability."""
    for found in change.of_kind(*_WORKLOADS):
        more = _privileges(found.after) - _privileges(found.before)
        # A service that comes with its first commit is read as a whole.
        if more and found.before is not None:
            yield Verdict(
                "privilege-wider",
                Level.DANGER,
                str(found.identity),
                f"Its pods now have {', '.join(sorted(more))}: who breaks into one is that much nearer to the node",
            )


def _privileges(workload: Mapping[str, Any] | None) -> set[str]:
    if workload is None:
        return set()
    pod = workload["spec"]["template"]["spec"]
    found = {f"the node's {name.removeprefix('host')}" for name in _NODE if pod.get(name)}
    found |= {f"the node's folder {each['hostPath']['path']}" for each in pod.get("volumes", []) if "hostPath" in each}
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        security = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
        if security.get("privileged"):
            found.add(f"a privileged container ({container['name']})")
        if security.get("runAsUser") == 0 or not security.get("runAsNonRoot", security.get("runAsUser", 0) != 0):
            found.add(f"root in {container['name']}")
        if security.get("allowPrivilegeEscalation", True):
            found.add(f"escalation in {container['name']}")
        found |= {f"capability {name}" for name in security.get("capabilities", {}).get("add", [])}
    return found


@verdict(Level.ATTENTION)
def token_mounted(change: Change) -> Iterator[Verdict]:
    """Pods get a key to the API server that they did not have."""
    for found in change.of_kind(*_WORKLOADS, how="changed"):
        if not _token(found.before) and _token(found.after):
            yield Verdict(
                "token-mounted",
                Level.ATTENTION,
                str(found.identity),
                "Its pods now hold a token of their service account, with all of its rights",
            )


def _token(workload: Mapping[str, Any] | None) -> bool:
    return bool((workload or {})["spec"]["template"]["spec"].get("automountServiceAccountToken", True))


@verdict(Level.DANGER)
def account_stays(change: Change) -> Iterator[Verdict]:
    """Pods are to have no account of their own any more: the API server keeps its name, and the account goes."""
    for found in change.of_kind("DaemonSet", "Deployment", "StatefulSet", how="changed"):
        # The name is there a second time, in the deprecated serviceAccount, which no manifest has ever stated: so no
        # apply takes it out, and from there it comes back.
        old, new = (_account(workload) for workload in (found.before, found.after))
        if old and not new:
            where = f"-n {found.identity.namespace}"
            yield Verdict(
                "account-stays",
                Level.DANGER,
                str(found.identity),
                f"The API server keeps the account {old} in its template, and Argo CD deletes that account: new pods "
                "are refused",
                f"After the merge: kubectl {where} delete {found.identity.kind.lower()} {found.identity.name} "
                "--cascade=orphan; the next try of the sync makes it anew",
            )


def _account(workload: Mapping[str, Any] | None) -> str | None:
    account: str | None = (workload or {})["spec"]["template"]["spec"].get("serviceAccountName")
    return account
