"""promtool on the rules of a cluster, and tests in its own format with the cluster's limits filled in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from components.cluster.sizes import KAFKA
from components.cluster.types import Cluster
from components.monitoring.rules import prometheus_rules
from tests.engines.programs import installed

CASES = Path(__file__).parent / "alerts"
# `<devices>` or `<devices * 1.5>`; numbers are rounded.
_PLACEHOLDER = re.compile(r"<([a-z_]+)(?: \* ([0-9.]+))?>")


def promtool(*arguments: object) -> tuple[int, str]:
    """Exit code, and all that it says."""
    done = subprocess.run([installed("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def limits(cluster: Cluster) -> dict[str, float | str]:
    """What a test may name. Worked out from the model's sizes, not read from the rules."""
    scale, balancer = cluster.scale, cluster.load_balancer
    found: dict[str, float | str] = {
        "cluster": cluster.name,
        "namespace": cluster.namespace,
        "devices": scale.devices,
        "devices_per_broker": scale.devices_per_broker,
        "kafka_retention": scale.kafka.retention,
        "reconnects": scale.devices / (scale.session_lifetime / 1000),
        "maxconn": balancer.maxconn,
        "source_ports": balancer.source_ports[1] - balancer.source_ports[0] + 1,
    }
    for frontend in balancer.frontends:
        if frontend.devices:
            found |= {"listener": frontend.name, "server": frontend.servers[0].name}
            found["listener_maxconn"] = frontend.maxconn
    for service in cluster.services:
        if service.kind == "VerneMQ":
            found["broker_node"] = cluster.nodes_of(service)[0].name
    for service, volume, disk in cluster.disks:
        if service.name == KAFKA:
            found |= {"kafka_node": disk.node.name, "kafka_path": disk.host_path, "kafka_size": volume.size}
        else:
            found |= {"volume_node": disk.node.name, "volume_path": disk.host_path, "volume_size": volume.size}
            found["volume_service"] = service.name
    return found


def filled(text: str, values: dict[str, float | str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = values[match[1]]
        return found if isinstance(found, str) else str(round(found * float(match[2] or 1)))

    return _PLACEHOLDER.sub(value, text)


def alerts_of(rules: str) -> set[str]:
    return {rule["alert"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"] if "alert" in rule}


def run(cluster: Cluster, folder: Path, rules: str | None = None) -> tuple[int, str]:
    """All tests of alerts that the cluster has, in one go."""
    rules = prometheus_rules(cluster) if rules is None else rules
    (folder / "rules.yml").write_text(rules, "utf-8")
    values = limits(cluster)
    tests = [
        {"interval": "1m", **test, "name": f"{path.stem}: {test['name']}"}
        for path in sorted(CASES.glob("*.yml"))
        if path.stem in alerts_of(rules)
        for test in yaml.safe_load(filled(path.read_text("utf-8"), values))
    ]
    suite = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "20m",
        # Recorded series first: alerts read them.
        "group_eval_order": [group["name"] for group in yaml.safe_load(rules)["groups"]],
        "tests": tests,
    }
    (folder / "tests.yml").write_text(yaml.safe_dump(suite, sort_keys=False), "utf-8")
    return promtool("test", "rules", folder / "tests.yml")
