"""Jobs as sync hooks: run again at every sync, and failing it when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.types import Cluster, Job, Service
from components.cluster.waves import job_wave

from . import pods
from .config_files import config_map
from .metadata import metadata
from .placement import affinity

_HOOK = {
    "argocd.argoproj.io/hook": "Sync",
    # A Job's template cannot be changed: the old one goes before the new one comes.
    "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
}
# A job waits for its service by itself; this bounds one that never succeeds.
_DEADLINE_SECONDS = 900
_RETRIES = 6


def objects(cluster: Cluster, service: Service, when: str) -> Iterator[dict[str, Any]]:
    """The jobs of a service that run `before` or `after` its workload."""
    for job in service.jobs:
        if job.when == when:
            yield from _job(cluster, service, job)


def _job(cluster: Cluster, service: Service, job: Job) -> Iterator[dict[str, Any]]:
    labels = job.pod_labels
    wave = job_wave(service.wave, job.when)
    if job.files:
        yield config_map(cluster, service.namespace, job.name, job.files, service.wave, labels)
    spec = pods.pod_spec(
        cluster,
        affinity(cluster, service.group),
        [pods.container_spec(cluster, job.container, (), job.files, job.name)],
        # Mounted Secrets are the group's to read.
        service.spec.security.fs_group if job.container.secret_files else None,
    )
    spec["restartPolicy"] = "Never"
    if service.spec.priority:
        spec["priorityClassName"] = service.spec.priority
    volumes = (
        pods.scratch_volumes([job.container])
        + pods.secret_volumes([job.container])
        + pods.files_volumes(job.name, job.files)
    )
    if volumes:
        spec["volumes"] = volumes
    yield {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(job.name, wave, namespace=service.namespace, labels=labels, annotations=_HOOK),
        "spec": {
            "activeDeadlineSeconds": _DEADLINE_SECONDS,
            "backoffLimit": _RETRIES,
            "template": {"metadata": {"labels": dict(labels)}, "spec": spec},
        },
    }
