"""scripts/compile.py writes the bytes that `python -m kapitan compile` writes."""

import subprocess
import sys

from components.compile.memory import MEMORY
from components.compile.trees import difference
from components.compile.written import NOTE
from scripts import compile as command
from tests.conftest import ROOT


def test_the_same_bytes_as_kapitan_itself(tmp_path):
    cli = subprocess.run(
        [sys.executable, "-m", "kapitan", "compile", "--output-path", str(tmp_path / "cli")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert cli.returncode == 0, cli.stderr
    assert command.main(["--output", str(tmp_path / "ours")]) == 0
    for own in (NOTE, MEMORY):
        (tmp_path / "ours" / own).unlink(missing_ok=True)
    change = difference(tmp_path / "cli" / "compiled", tmp_path / "ours")
    assert not change, change.lines
    assert change.unchanged
