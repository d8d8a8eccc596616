"""Variables that are more than a value with a home: what each of them turns into."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeGuard

from components.cluster.sizes import brokers_by_rule

from .catalogue import Variable
from .outcome import Outcome

Rule = Callable[[Outcome, Variable, object], None]


def release(outcome: Outcome, variable: Variable, version: object) -> None:
    """The class of the release holds every image; a version without a class has none."""
    own = outcome.present("release.version")
    if version is not None and version != own:
        outcome.report.finding(
            outcome.place(variable.name),
            variable.name,
            f"there is no class for this release; {own} is taken",
            f"Write inventory/classes/release/{class_name(str(version))}.yml with its images, and convert again",
            version,
        )


def storage_class(outcome: Outcome, variable: Variable, name: object) -> None:
    """Another name may be that of a class that provides volumes; none leaves the choice to the cluster."""
    own = outcome.present("volumes.storage_class")
    if name not in (None, own):
        outcome.report.note(
            outcome.place(variable.name),
            variable.name,
            f"{own} is kept: volumes are local directories of the nodes "
            "here, made by `bootstrap.sh volumes`, and their class is made with them",
            value=name,
        )


def platform(outcome: Outcome, variable: Variable, version: object) -> None:
    """Versions of the platform come with checksums, keys and abilities: a class, not a number."""
    path = {"k8s_version": "platform.kubernetes.version", "haproxy_version": "platform.haproxy.version"}[variable.name]
    own = str(outcome.present(path)).removeprefix("v")
    if variable.name in outcome.entries and str(version).partition("-")[0] != own:
        outcome.report.finding(
            outcome.place(variable.name),
            variable.name,
            f"the platform's class has {own}, which is taken",
            "Choose another with --platform, or name one of inventory/classes/platform in the target",
            version,
        )


def node_label(outcome: Outcome, variable: Variable, label: object) -> None:
    """A label value belongs to one group here; parts of dojot that share one share its group."""
    _, group = variable.name.split(".")
    path = f"node_groups.{group}.label"
    if label in (None, group, outcome.present(path)):
        return
    for other in ("dojot", "kafka", "x509", "vernemq"):
        if other == group:
            break
        if outcome.value(f"dojot_node_label.{other}") == label:
            outcome.write(f"placement.{group}", other)
            outcome.report.note(
                outcome.place(variable.name),
                variable.name,
                f"dojot_node_label.{other} is the same, so placement.{group} is {other}",
                value=label,
            )
            return
    outcome.write(path, label)


def affinity(outcome: Outcome, variable: Variable, enabled: object) -> None:
    if enabled is False:
        given = variable.name in outcome.entries
        outcome.report.note(
            outcome.place(variable.name),
            variable.name,
            ("false" if given else "not set, which means false") + ": "
            "the scheduler was free to choose. Here every pod runs on the nodes of its group",
        )


def brokers(outcome: Outcome, variable: Variable, replicas: object) -> None:
    """Ansible states brokers and no devices; here the devices give the brokers."""
    if replicas is None or not _has_brokers(outcome, variable):
        return
    scale = outcome.classes["scale"]
    if replicas == _brokers(scale) or not _positive(replicas, outcome, variable):
        return
    devices = replicas * scale["devices_per_broker"]
    outcome.write("scale.devices", devices)
    if replicas < scale["minimum_brokers"]:
        outcome.write("scale.minimum_brokers", replicas)
    outcome.report.note(
        outcome.place(variable.name),
        variable.name,
        f"Ansible's files name no number of devices; scale.devices is {devices:,}, what so many brokers carry",
        "Write how many devices there will be",
        replicas,
    )


def bridges(outcome: Outcome, variable: Variable, replicas: object) -> None:
    """As many of each kind beside every broker."""
    if replicas is None or not _has_brokers(outcome, variable):
        return
    if not _positive(replicas, outcome, variable):
        return
    scale = outcome.classes["scale"]
    count = outcome.value("dojot_vernemq_replicas") or _brokers(scale)
    beside, rest = divmod(replicas, count)
    if rest or not beside:
        beside += 1
        outcome.report.finding(
            outcome.place(variable.name),
            variable.name,
            f"every broker needs the same number of bridges, and there "
            f"are {count} brokers; scale.bridges_per_broker is {beside}",
            f"Write {beside * count}, or another multiple of {count}",
            replicas,
        )
    if beside != scale["bridges_per_broker"]:
        outcome.write("scale.bridges_per_broker", beside)


def influxdb_retention(outcome: Outcome, variable: Variable, duration: object) -> None:
    """InfluxDB's own way of writing a duration, here a number of hours."""
    if "influxdb" not in outcome.classes["services"]:
        if variable.name in outcome.entries:
            outcome.idle(variable)
        return
    path = "influxdb.hours"
    match = re.fullmatch("([1-9][0-9]*)([hdw])", str(duration))
    if match is None:
        outcome.report.finding(
            outcome.place(variable.name),
            variable.name,
            f"{outcome.present(path)} hours are kept",
            f"Write {path}",
            duration,
        )
        return
    hours = int(match[1]) * {"h": 1, "d": 24, "w": 168}[match[2]]
    if hours != outcome.present(path):
        outcome.write(path, hours)


def gui_v2(outcome: Outcome, _variable: Variable, _value: object) -> None:
    """One image of two variables."""
    if not {"dojot_guiv2_image", "dojot_guiv2_version"} & outcome.entries.keys():
        return
    name, tag = outcome.value("dojot_guiv2_image"), outcome.value("dojot_guiv2_version")
    image = f"{name}:{tag}"
    own = outcome.present("release.images.gui-v2")
    if name and tag and own not in (None, image):
        outcome.write("release.images.gui-v2", image)


def _positive(replicas: object, outcome: Outcome, variable: Variable) -> TypeGuard[int]:
    if isinstance(replicas, int) and replicas > 0:
        return True
    outcome.report.finding(
        outcome.place(variable.name),
        variable.name,
        "this must be at least 1; left out",
        "Correct it, and convert again",
        replicas,
    )
    return False


def _has_brokers(outcome: Outcome, variable: Variable) -> bool:
    if "vernemq" in outcome.classes["services"]:
        return True
    if variable.name in outcome.entries:
        outcome.idle(variable)
    return False


def _brokers(scale: dict[str, Any]) -> int:
    return brokers_by_rule(scale["devices"], scale["devices_per_broker"], scale["minimum_brokers"])


def class_name(version: str) -> str:
    """v0.6.0 has the class release.v0-6-0."""
    return version.replace(".", "-")


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        release,
        storage_class,
        platform,
        node_label,
        affinity,
        brokers,
        bridges,
        influxdb_retention,
        gui_v2,
    )
}
