"""One cluster of each platform, for tests of what depends on the platform and hardly on the rest of a cluster."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.conftest import CLUSTERS, ROOT


def one_a_platform() -> list[str]:
    """Names of clusters, by name: of each platform the first that keeps volumes, else the first."""
    found: dict[str, list[str]] = {}
    for name in CLUSTERS:
        found.setdefault(_platform(name), []).append(name)
    return [next(filter(_keeps_volumes, names), names[0]) for names in found.values()]


def _platform(name: str) -> str:
    """What a target says of its platform: the classes that it names, and what it overrides."""
    target = yaml.safe_load((ROOT / "inventory" / "targets" / f"{name}.yml").read_text("utf-8"))
    classes = [one for one in target.get("classes", ()) if one.startswith("platform.")]
    return json.dumps([classes, (target.get("parameters") or {}).get("platform")], sort_keys=True, default=str)


def _keeps_volumes(name: str) -> bool:
    files = (ROOT / "compiled" / name / "manifests").glob("*.yml")
    return any("\nkind: PersistentVolume\n" in path.read_text("utf-8") for path in files)


#: `pytestmark` of a file whose tests all ask for `cluster`.
each_platform = pytest.mark.parametrize("cluster", one_a_platform(), indirect=True, scope="session")
#: The same for tests of what is alike on every platform.
one_platform = pytest.mark.parametrize("cluster", one_a_platform()[-1:], indirect=True, scope="session")
