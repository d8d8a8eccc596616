"""Which clusters to run a script for: those whose container or files differ, each once."""

from __future__ import annotations

import pytest
import yaml

from tests.conftest import CLUSTERS, ROOT
from tests.engines.jobs.pod import Object


def compiled_objects(cluster: str) -> list[Object]:
    """Everything that Argo CD syncs."""
    return [
        found
        for path in sorted((ROOT / "compiled" / cluster / "manifests").glob("*.yml"))
        for found in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    ]


def wherever_different(file: str, *but: str) -> pytest.MarkDecorator:
    """Parametrizes `cluster`; `file` is the script's name in its ConfigMap; `but`, keys of containers, do not count."""
    found: dict[str, str] = {}
    for name in CLUSTERS:
        objects = compiled_objects(name)
        maps = {
            one["metadata"]["name"]: one["data"]
            for one in objects
            if one["kind"] == "ConfigMap" and file in one["data"]
        }
        containers = [
            # What it may use says nothing of what it does.
            {**one["spec"]["template"]["spec"]["containers"][0], **dict.fromkeys(("resources", *but))}
            for one in objects
            if one["kind"] in ("Job", "StatefulSet", "Deployment")
            and any(
                volume.get("configMap", {}).get("name") in maps
                for volume in one["spec"]["template"]["spec"].get("volumes", ())
            )
        ]
        found.setdefault(yaml.safe_dump([maps, containers]), name)
    return pytest.mark.parametrize("cluster", list(found.values()), indirect=True, scope="session")
