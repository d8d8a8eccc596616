"""What Renovate looks for is what the classes state: no version of theirs goes unseen, and nothing else is matched."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch

import pytest

from tests.conftest import ROOT

CONFIG = json.loads((ROOT / ".github" / "renovate.json").read_text("utf-8"))
MANAGERS = {manager["description"]: manager for manager in CONFIG["customManagers"]}
CLASSES = sorted((ROOT / "inventory" / "classes").rglob("*.yml"))


def _found(manager: dict) -> set[tuple[str, str, str]]:
    """(File, package, version)."""
    found = set()
    for path in CLASSES:
        name = str(path.relative_to(ROOT))
        if not any(re.search(pattern.strip("/"), name) for pattern in manager["managerFilePatterns"]):
            continue
        for pattern in manager["matchStrings"]:
            # JavaScript's way to name a group.
            for match in re.finditer(pattern.replace("(?<", "(?P<"), path.read_text("utf-8")):
                package = match.groupdict().get("depName") or manager["depNameTemplate"]
                found.add((name, package, match["currentValue"]))
    return found


def test_images():
    """All that stand in a class; those of dojot's release are what dojot has tested with, and no business of a bot."""
    written = {
        (str(path.relative_to(ROOT)), *line.split()[-1].rpartition(":")[::2])
        for path in CLASSES
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s+(\w+_)?image: [a-z]", line) and "${" not in line
    }
    assert _found(MANAGERS["Images, by tag or by tag and digest"]) == written and len(written) > 5


@pytest.mark.parametrize(
    ("name", "start"), [("Kubernetes", "kubernetes-"), ("Argo CD", "argocd-"), ("containerd", "containerd-")]
)
def test_releases(name, start):
    files = {str(path.relative_to(ROOT)) for path in CLASSES if path.name.startswith(start)}
    found = _found(MANAGERS[name])
    assert {file for file, _, _ in found} == files and len(found) == len(files) > 0


def test_rules_are_about_something():
    packages = {package for manager in MANAGERS.values() for _, package, _ in _found(manager)}
    for rule in CONFIG["packageRules"]:
        assert {*rule.get("matchPackageNames", ())} <= packages
        for pattern in rule.get("matchFileNames", ()):
            assert any(fnmatch(str(path.relative_to(ROOT)), pattern) for path in CLASSES), pattern
