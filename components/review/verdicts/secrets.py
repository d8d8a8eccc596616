"""Secrets, whose values are only in the cluster: the bootstrap makes what is missing, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.types import PROVIDED, PULL_KEY, RANDOM, Cluster

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict

_SCRIPT = "bootstrap.sh secrets"


def keys(cluster: Cluster) -> Mapping[tuple[str, str, str], str]:
    """(Namespace, Secret, key) -> its value, or the word that stands in its place."""
    of_services = {
        (service.namespace, secret, key): value
        for service, secret in cluster.secrets
        for key, value in service.secrets[secret].items()
    }
    opening = {(name, secret, PULL_KEY): PROVIDED for name in cluster.namespaces for secret in cluster.pull_secrets}
    return of_services | opening


@verdict(Level.ATTENTION)
def secret_new(change: Change) -> Iterator[Verdict]:
    """Pods ask for a Secret, or for a key of one, that the cluster does not have yet."""
    if not (models := change.models):
        return
    before, after = keys(models.before), keys(models.after)
    for secret, names in _by_secret(after.keys() - before.keys()).items():
        provided = any(after[(*secret, name)].startswith(PROVIDED) for name in names)
        yield Verdict(
            "secret-new",
            Level.ATTENTION,
            f"Secret/{secret[1]}",
            f"Until the cluster has {', '.join(names)} of it, pods that read it wait (CreateContainerConfigError, or "
            "ErrImagePull where it opens a registry)",
            "Before the merge, make it by hand from what you have: see the cluster's page"
            if provided
            else f"Before the merge, on the control plane: {_SCRIPT}. It makes what is missing, also in a Secret "
            "that is there",
        )


@verdict(Level.DANGER)
def secret_key_gone(change: Change) -> Iterator[Verdict]:
    """A key of a Secret, or all of one, is no more in the inventory."""
    if not (models := change.models):
        return
    before, after = keys(models.before), keys(models.after)
    for secret, names in _by_secret(before.keys() - after.keys()).items():
        yield Verdict(
            "secret-key-gone",
            Level.DANGER,
            f"Secret/{secret[1]}",
            f"No manifest reads {', '.join(names)} of it any more. The value stays in the cluster alone: whoever "
            "deletes it there loses what was encrypted or logged in with it",
            f"Once nobody needs it: kubectl -n {secret[0]} delete secret {secret[1]}"
            if not any(key[:2] == secret for key in after)
            else "",
        )


@verdict(Level.DANGER)
def secret_value_changed(change: Change) -> Iterator[Verdict]:
    """A value that the inventory states is another one, and the cluster keeps the old one."""
    if not (models := change.models):
        return
    before, after = keys(models.before), keys(models.after)
    for key in sorted(before.keys() & after.keys()):
        if before[key] != after[key] and after[key].partition(" ")[0] not in (RANDOM, PROVIDED):
            yield Verdict(
                "secret-value-changed",
                Level.DANGER,
                f"Secret/{key[1]}",
                f"{_SCRIPT} changes nothing that is there, so {key[2]} stays what it was; and who keeps it in a "
                "database, such as the name of a user, has the old one as well",
                f"Change it where it is kept, then kubectl -n {key[0]} edit secret {key[1]} and "
                f"bootstrap.sh rotate --secret {key[1]} --restart, which starts its readers anew",
            )


def _by_secret(found: set[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for namespace, secret, key in sorted(found):
        grouped.setdefault((namespace, secret), []).append(key)
    return grouped
