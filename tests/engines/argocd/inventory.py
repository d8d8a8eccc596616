"""A copy of the inventory to edit, compiled by the script that people use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT


class Inventory:
    """The repository's inventory in the new `folder`, for one cluster; edits add up."""

    def __init__(self, folder: Path, cluster: str) -> None:
        self.folder, self.cluster = folder, cluster
        shutil.copytree(ROOT / "inventory", folder / "inventory")

    def override(self, parameters: dict[str, Any]) -> None:
        """State these parameters in the cluster's target, on top of what it states."""
        path = self.folder / "inventory" / "targets" / f"{self.cluster}.yml"
        target = yaml.safe_load(path.read_text("utf-8"))
        target["parameters"] = _merged(target.get("parameters", {}), parameters)
        path.write_text(yaml.safe_dump(target, sort_keys=False), "utf-8")

    def remove(self, service: str) -> None:
        """Take a service's line out of every profile that has it."""
        line, removed = f"  - service.{service}\n", 0
        for path in (self.folder / "inventory" / "classes" / "profile").glob("*.yml"):
            text = path.read_text("utf-8")
            removed += text.count(line)
            path.write_text(text.replace(line, ""), "utf-8")
        assert removed, f"no profile has the line {line!r}"

    def compile(self) -> Path:
        """The cluster's compiled folder; AssertionError with the findings where it is refused."""
        output = self.folder / "compiled"
        done = subprocess.run(
            [
                sys.executable,
                ROOT / "scripts" / "compile.py",
                self.cluster,
                f"--inventory={self.folder / 'inventory'}",
                f"--output={output}",
            ],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"compile.py refuses the edited inventory:\n{done.stdout}{done.stderr}"
        return output / self.cluster


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(old[name], new[name])
        for name in old.keys() & new.keys()
        if isinstance(old[name], dict) and isinstance(new[name], dict)
    }
    return {**old, **new, **both}
