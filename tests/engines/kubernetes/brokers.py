"""What vmq-operator makes of a VerneMQ object, as far as the scheduler and budgets see it.

In our own words after the operator's public source (statefulset.go, deployment.go): a
StatefulSet of the brokers, all started at once, and a Deployment of one pod without
requests or affinity that hands out plugins. Volumes for configuration are left out.
"""

from __future__ import annotations

from tests.compiled.tree import Object
from tests.compiled.workloads import Workload

PLUGINS = {"app": "vmq-bundler"}


def made_by_the_operator(brokers: Workload) -> list[Object]:
    """The objects that follow from the workload of a VerneMQ object."""
    namespace = brokers.found["metadata"]["namespace"]
    spec = brokers.found["spec"]
    # An empty field is one that the object does not have.
    pod = {key: value for key, value in brokers.spec.items() if value}
    # It states the same ports whatever listeners there are, so that these are no difference of the template.
    pod["containers"] = [
        {key: value for key, value in container.items() if key != "ports"} for container in pod["containers"]
    ]
    if "priorityClassName" in spec:
        pod["priorityClassName"] = spec["priorityClassName"]
    pod["terminationGracePeriodSeconds"] = spec.get("terminationGracePeriodSeconds", 3600)
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": brokers.pods, "namespace": namespace},
            "spec": {
                "serviceName": brokers.pods,
                "replicas": brokers.replicas,
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": brokers.labels},
                "template": {"metadata": {"labels": brokers.labels}, "spec": pod},
                "volumeClaimTemplates": brokers.claim_templates,
            },
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"{brokers.pods}-plugins", "namespace": namespace},
            "spec": {
                "selector": {"matchLabels": PLUGINS},
                "template": {
                    "metadata": {"labels": PLUGINS},
                    "spec": {"containers": [{"name": "vmq-bundler", "image": spec["bundlerImage"]}]},
                },
            },
        },
    ]
