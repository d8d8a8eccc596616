"""scripts/compile.py writes the bytes that `python -m kapitan compile` writes."""

import subprocess
import sys

from scripts import compile as command
from scripts.trees import difference


def test_the_same_bytes_as_kapitan_itself(root, tmp_path):
    cli = subprocess.run(
        [sys.executable, "-m", "kapitan", "compile", "--output-path", str(tmp_path / "cli")],
        cwd=root, capture_output=True, text=True,
    )
    assert cli.returncode == 0, cli.stderr
    assert command.main(["--output", str(tmp_path / "ours")]) == 0
    change = difference(tmp_path / "cli" / "compiled", tmp_path / "ours")
    assert not change, change.lines
    assert change.unchanged
