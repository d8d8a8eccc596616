"""The scripts as people call them: as programs, from any folder."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

GUIDE = ROOT / "scripts" / "from_ansible" / "tests" / "guide"
_USAGE = {
    "bench.py": ["--runs", "0"],
    "compile.py": ["--nonsense"],
    "docs.py": ["--nonsense"],
    "from_ansible": [],
    "install_engines.py": ["--nonsense"],
}


def _call(folder, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / script, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("script", _USAGE)
def test_help_and_usage(script, tmp_path):
    assert _call(tmp_path, script, "--help").returncode == 0
    assert _call(tmp_path, script, *_USAGE[script]).returncode == 2


def test_what_is_compiled_is_checked(tmp_path):
    done = _call(tmp_path, "compile.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no such cluster: nowhere" in _call(tmp_path, "compile.py", "nowhere").stderr


def test_an_inventory_of_ansible_becomes_a_target(tmp_path):
    shutil.copytree(GUIDE, tmp_path / "ansible")
    done = _call(tmp_path, "from_ansible", "converted", "ansible", "--tags", "100k", "--output", "converted.yml")
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "converted.yml").is_file() and "\nansible/hosts.yaml:" in done.stderr
