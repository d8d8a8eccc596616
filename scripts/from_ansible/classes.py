"""The classes of a target: by the tags of deploy.yaml, and by variables that add or take out a service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from .catalogue import deployment, variables
from .report import Report
from .rules import class_name
from .values import Values


def classes_of(
    tags: Sequence[str], platform: str, values: Values, workers: int, inventory: Path, report: Report
) -> list[str]:
    """Names of classes, in the order in which a target lists them; `workers` is the number of machines for pods."""
    known = deployment()
    release = class_name(str(values.plain("dojot_version")))
    if not (inventory / "classes" / "release" / f"{release}.yml").is_file():
        release = class_name(known["release"])
    sets = [name for tag in tags for name in known["tags"][tag]] or known["without_tags"]
    if not tags:
        report.note(
            "--tags",
            "deploy.yaml",
            f"no tags, so all services as Ansible deploys them: {', '.join(sets)}",
            "The guide's cluster is --tags 100k",
        )
    with_options = not tags or bool(set(tags) & set(known["with_options"]))
    hardware = known["hardware"]["all_services" if with_options else "load_test"]
    if workers == 1 and not values.plain("dojot_enable_node_affinity"):
        hardware = known["hardware"]["one_worker"]
    report.note(
        "--platform",
        "classes",
        f"platform.{platform} is taken, and {hardware}, because Ansible's files do not say what the machines are",
        "See inventory/classes/platform and hardware",
    )
    scale = known["scale"]["all_services" if with_options else "load_test"]
    names = [
        name.format(platform=platform, release=release, hardware=hardware, scale=scale) for name in known["classes"]
    ]
    classes = [*names, *sets]
    for variable in variables().values():
        if variable.takes_out and values.plain(variable.name) is False:
            classes = [part for name in classes for part in _without(name, variable.takes_out, inventory)]
        if variable.adds and with_options and values.plain(variable.name):
            if not variable.when or values.plain(variable.when):
                classes.append(variable.adds)
    return list(dict.fromkeys(classes))


def _without(name: str, gone: str, inventory: Path) -> list[str]:
    """A class as it is, or the classes it is made of where one of them has to go."""
    if name == gone:
        return []
    if not _has(name, gone, inventory):
        return [name]
    return [part for below in _parts(name, inventory) for part in _without(below, gone, inventory)]


def _has(name: str, wanted: str, inventory: Path) -> bool:
    return any(part == wanted or _has(part, wanted, inventory) for part in _parts(name, inventory))


def _parts(name: str, inventory: Path) -> list[str]:
    """The classes of a profile; other classes are not taken apart."""
    file = inventory / "classes" / Path(*name.split(".")).with_suffix(".yml")
    if not name.startswith("profile.") or not file.is_file():
        return []
    return yaml.safe_load(file.read_text("utf-8")).get("classes") or []
