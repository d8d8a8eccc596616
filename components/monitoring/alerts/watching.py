"""Whether Prometheus itself sees everything."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .. import limits
from ..rule import Alert, window


def alerts(cluster: Cluster) -> Iterator[Alert]:
    yield Alert(
        "TargetDown",
        "up == 0",
        "{{ $labels.job }} does not answer at {{ $labels.instance }}",
        "Prometheus gets no metrics from it, so no other alert can speak of it.",
        "The page Status, Targets of Prometheus says what it met: a refused connection is a program that does not run, "
        "a timeout a NetworkPolicy or a firewall.",
    )
    # DNS forgets a pod that is gone, and with it the target.
    yield Alert(
        "TargetsMissing",
        f"{limits.TARGETS} unless on (job) (count by (job) (up) >= on (job) {limits.TARGETS})",
        "Prometheus knows too few targets of {{ $labels.job }}",
        "There should be {{ $value }}.",
        "Pods are missing (see WorkloadShort, PodNotReady), or their headless Service has no addresses.",
    )
    yield Alert(
        "RuleFailing",
        f"increase(prometheus_rule_evaluation_failures_total[{window(cluster, 'prometheus')}]) > 0",
        "Prometheus cannot evaluate a rule",
        "A rule of {{ $labels.rule_group }} fails, so its alerts are silent.",
        "Its log names the rule and why: most often two series where one is expected.",
    )
    yield Alert(
        "Watchdog",
        "vector(1)",
        "Alerts reach you",
        "This one fires as long as Prometheus evaluates rules and its alerts arrive: it is no alarm.",
        "Let whoever receives it raise one when it stays away: then Prometheus, Alertmanager or the way to them is "
        "gone.",
    )
