"""A repository with all files of this one committed, and this Python in its .venv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# A hook of an outer git, or an outer pytest, may be what runs these tests.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTEST_"))}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True
    ).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x")


@pytest.fixture
def clone(tmp_path) -> Path:
    folder = tmp_path / "clone"
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    commit(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder
